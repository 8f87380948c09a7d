"""Liftoff's two interfaces, as ASGI applications: what is asked often goes by no other way."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from etl.appsflyer.masking import mask_ids, mask_text
from etl.liftoff.sandbox.counts import OPT_OUTS, POSTBACKS, PRODUCTION, TEST, fingerprint
from etl.liftoff.sandbox.desk import Desk, Request
from etl.liftoff.sandbox.exchange import Exchange, Receive, Scope, Send
from etl.liftoff.sandbox.opt_out_rules import LARGEST_BODY, OptOut, judge_opt_out
from etl.liftoff.sandbox.postback_rules import IDENTIFIERS, TEST_MODE, judge_postback
from etl.liftoff.sandbox.queries import Pairs, read_pairs
from etl.liftoff.sandbox.rules import Broken

EVENTS_PATH: Final = "/v2/events"
OPT_OUT_PATH: Final = "/opt_out/v3/"

_NAME: Final = re.compile(r"[\w .:/-]{1,64}")
_PLATFORMS: Final = frozenset({"android", "ios"})
_SHOWN_IDS: Final = 4


class Interfaces:
    """Answers at Liftoff's two addresses, and passes everything else on."""

    def __init__(self, desk: Desk, otherwise: object) -> None:
        """Serve at a desk; `otherwise` is an ASGI application."""
        self._desk = desk
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path: str = scope.get("path", "")
        if path == EVENTS_PATH:
            await self._answer_postback(scope, Exchange(scope, receive, send))
        elif path.startswith(OPT_OUT_PATH) and "/" not in path[len(OPT_OUT_PATH) :] and path != OPT_OUT_PATH:
            await self._answer_opt_out(scope, Exchange(scope, receive, send))
        else:
            await self._otherwise(scope, receive, send)  # type: ignore[operator]

    async def _answer_postback(self, scope: Scope, exchange: Exchange) -> None:
        if scope["method"] != "GET":
            await _refuse_method(exchange, b"GET")
            return
        refused = self._desk.credentials.judge_bearer(exchange.headers)
        await self._desk.serve(describe_postback(scope["query_string"], refused), exchange)

    async def _answer_opt_out(self, scope: Scope, exchange: Exchange) -> None:
        if scope["method"] != "POST":
            await _refuse_method(exchange, b"POST")
            return
        refused = self._desk.credentials.judge_basic(exchange.headers)
        body = await exchange.read_body(LARGEST_BODY)
        opt_out = judge_opt_out(body, exchange.find_header(b"content-type"))
        await self._desk.serve(describe_opt_out(opt_out, body, refused), exchange)


def describe_postback(query: bytes, refused_login: str | None) -> Request:
    """Read and judge a postback; nothing of it is kept but a digest and what may be shown."""
    pairs = read_pairs(query)
    broken = judge_postback(pairs)
    readable: Pairs = pairs or []
    values = dict(readable)
    return Request(
        api=POSTBACKS,
        mode=TEST if TEST_MODE in values else PRODUCTION,
        # What cannot be read is an occurrence by its bytes.
        digests=(fingerprint(readable or [("", query.hex())]),),
        broken=broken,
        status=HTTPStatus.BAD_REQUEST if broken else HTTPStatus.OK,
        refused_login=refused_login,
        event_name=_show_name(values.get("event_name", "")),
        platform=platform if (platform := values.get("platform", "")) in _PLATFORMS else "",
        ids=tuple(f"{name} {mask_text(values[name])}" for name in IDENTIFIERS if values.get(name)),
    )


def describe_opt_out(opt_out: OptOut, body: bytes, refused_login: str | None) -> Request:
    """Describe an opt-out: each of its ids is an occurrence, of the apps that it is for."""
    apps = [("app-store-ids", each) for each in opt_out.app_store_ids]
    digests = tuple(fingerprint([*apps, ("device-ids", each)]) for each in opt_out.device_ids)
    more = len(opt_out.device_ids) - _SHOWN_IDS
    shown = [mask_text(each) for each in opt_out.device_ids[:_SHOWN_IDS]]
    return Request(
        api=OPT_OUTS,
        mode=TEST if opt_out.is_test else PRODUCTION,
        digests=digests or (fingerprint([("", body.hex())]),),
        broken=opt_out.broken,
        status=opt_out.status,
        refused_login=refused_login,
        ids=(*shown, f"and {more} more") if more > 0 else tuple(shown),
    )


def _show_name(name: str) -> str:
    """Show an event's name where it is spelled like one, for an app can put anything there."""
    return mask_ids(name) if not name or _NAME.fullmatch(name) else mask_text(name)


async def _refuse_method(exchange: Exchange, allowed: bytes) -> None:
    content = {"status": "error", "errors": [Broken("(request)", "method").describe()]}
    await exchange.answer(HTTPStatus.METHOD_NOT_ALLOWED, content, ((b"allow", allowed),))
