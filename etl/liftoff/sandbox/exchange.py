"""A request and its answer, complete or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from etl.liftoff.sandbox.transport import LINE, Line

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
RawHeaders = Iterable[tuple[bytes, bytes]]

# How long a connection that was ended may take to be gone.
_END_SECONDS: Final = 5.0


class Exchange:
    """One request of a connection: reads it, and answers it in one of several ways."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what ASGI gives."""
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._line: Line = scope["state"][LINE]
        self._receive = receive
        self._send = send

    def find_header(self, wanted: bytes) -> str:
        """Find a header's value, empty where there is none."""
        return next((value.decode("latin-1") for name, value in self.headers if name == wanted), "")

    async def read_body(self, most: int) -> bytes:
        """Read the body; of a larger one a byte more than the most, the rest is thrown away."""
        body = bytearray()
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            del body[most + 1 :]
            if not message.get("more_body", False):
                return bytes(body)

    async def answer(self, status: int, content: Mapping[str, object], headers: RawHeaders = ()) -> bool:
        """Answer with JSON; tells whether the client was still there."""
        if self._line.is_gone:
            return False
        body = orjson.dumps(content)
        start = {"type": "http.response.start", "status": status, "headers": [*_describe(body), *headers]}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
        return True

    async def answer_half(
        self, status: int, content: Mapping[str, object], cut: Callable[[int], int], headers: RawHeaders = ()
    ) -> None:
        """Send a part of the answer, and end the connection."""
        body = orjson.dumps(content)
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
        lines += [name + b": " + value for name, value in (*_describe(body), *headers)]
        whole = b"\r\n".join([*lines, b"", body])
        self._line.close(whole[: cut(len(whole))])
        await self.wait_gone(_END_SECONDS)

    async def reset(self) -> None:
        """End the connection with RST."""
        self._line.reset()
        await self.wait_gone(_END_SECONDS)

    async def hold(self, seconds: float) -> None:
        """Say nothing for some seconds, or until the client has had enough; then end the connection."""
        if not await self.wait_gone(seconds):
            self._line.close()
            await self.wait_gone(_END_SECONDS)

    async def wait_gone(self, seconds: float) -> bool:
        """Wait until the client is gone, but no longer than some seconds; tells whether it is."""
        self._line.is_held = True
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        finally:
            self._line.is_held = False
        return True


def _describe(body: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))
