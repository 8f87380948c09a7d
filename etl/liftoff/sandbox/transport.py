"""Faults where they happen in earnest: at the connection, below HTTP."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Base
else:
    Base = object

LINE: Final = "line"
# On, for no second: closing throws away what was not sent and answers with RST (SO_LINGER of POSIX).
_RESET: Final = struct.pack("ii", 1, 0)


class Line:
    """A client's connection, as a request's handler may break it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Hold the connection."""
        self._transport = transport
        self.is_held = False

    @property
    def is_gone(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def reset(self) -> None:
        """End it with RST."""
        bare = cast("socket.socket", self._transport.get_extra_info("socket"))
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def close(self, last: bytes = b"") -> None:
        """Send what is left to send, whatever HTTP would have, and end it in order."""
        if last:
            self._transport.write(last)
        self._transport.close()

    def release(self) -> None:
        """End it if a handler holds it, as when the server stops."""
        if self.is_held:
            self._transport.abort()


class OpenLine(Base):
    """Adds the line to what each request finds in its state; stands before a protocol of uvicorn's."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Lay the line open."""
        super().connection_made(transport)
        # The dictionary that uvicorn gave is that of all connections.
        self.app_state = {**self.app_state, LINE: Line(transport)}

    def shutdown(self) -> None:
        """Stop, and let go what is held."""
        super().shutdown()
        self.app_state[LINE].release()


def choose_protocol() -> type[asyncio.Protocol]:
    """Choose uvicorn's protocol, the faster one where it is installed, with its line open."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol  # noqa: PLC0415 - uvicorn is an extra

    return type("SandboxProtocol", (OpenLine, AutoHTTPProtocol), {})
