"""The application: Liftoff's interfaces in front, and behind them what steers the sandbox and shows it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Body, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from etl.errors import UsageError
from etl.liftoff.sandbox.desk import Desk
from etl.liftoff.sandbox.interfaces import Interfaces
from etl.liftoff.sandbox.page import draw_page

_LINES_AT_ONCE: Final = 2_000
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build_app(desk: Desk) -> Interfaces:
    """Build the application of a desk."""
    # Without the pages of FastAPI, which ask other servers for their scripts.
    control = FastAPI(title="pushlift sandbox", docs_url=None, redoc_url=None, redirect_slashes=False)
    control.include_router(build_page(desk))
    control.include_router(build_counts(desk))
    control.include_router(build_conduct(desk))

    @control.exception_handler(UsageError)
    async def refuse(request: Request, error: UsageError) -> JSONResponse:
        """Say what is wrong with a change."""
        del request
        return JSONResponse({"status": "error", "error": error.message}, status_code=400)

    return Interfaces(desk, control)


def build_page(desk: Desk) -> APIRouter:
    """Build what people look at."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    async def show(refresh: Annotated[int, Query(ge=0, le=3600)] = 5) -> HTMLResponse:
        """Show what arrived; the page asks again after `refresh` seconds, and not if that is 0."""
        return HTMLResponse(draw_page(desk, refresh), headers=_HEADERS)

    @router.get("/sandbox/health")
    async def tell_health() -> dict[str, str]:
        """Answer that the sandbox is there."""
        return {"status": "ok"}

    return router


def build_counts(desk: Desk) -> APIRouter:
    """Build what tells the counts, and forgets them."""
    router = APIRouter(prefix="/sandbox")

    @router.get("/state")
    async def tell_state() -> JSONResponse:
        """Tell every count."""
        return JSONResponse({**desk.book.describe(), "conduct": desk.conduct.describe()})

    @router.delete("/state")
    async def forget() -> dict[str, str]:
        """Forget every count; faults and limits stay."""
        desk.forget()
        return {"status": "ok"}

    @router.get("/occurrences")
    async def list_occurrences() -> StreamingResponse:
        """List each occurrence as a line of JSON."""
        lines = desk.book.list_occurrences()
        return StreamingResponse(_write_lines(lines), media_type="application/x-ndjson")

    return router


def build_conduct(desk: Desk) -> APIRouter:
    """Build what tells the faults and limits, and changes them."""
    router = APIRouter(prefix="/sandbox")

    @router.get("/faults")
    async def tell_conduct() -> JSONResponse:
        """Tell the shares of faults and their manners."""
        return JSONResponse(desk.conduct.describe())

    @router.put("/faults")
    async def change_conduct(given: Annotated[dict[str, Any], Body()]) -> JSONResponse:
        """Replace the shares of faults; manners that are not named stay."""
        return JSONResponse(desk.change_conduct(given).describe())

    return router


def _write_lines(occurrences: Iterator[dict[str, object]]) -> Iterator[bytes]:
    while lines := b"".join(orjson.dumps(each) + b"\n" for each in islice(occurrences, _LINES_AT_ONCE)):
        yield lines
