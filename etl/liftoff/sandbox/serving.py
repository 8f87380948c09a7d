"""The server itself."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
from contextlib import closing
from typing import Final

import uvicorn

from etl.errors import UsageError
from etl.liftoff.sandbox.app import build_app
from etl.liftoff.sandbox.desk import Desk
from etl.liftoff.sandbox.transport import choose_protocol

# A server that ends an idle connection may do so while a request is on its way, which nobody can tell from a
# request that was read: the sandbox does that only where it is asked for a fault.
_IDLE_SECONDS: Final = 3600
_STOP_SECONDS: Final = 1
_LOOK_SECONDS: Final = 1.0
_BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address, at any free port for 0. Raises UsageError where that cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host} is no address to listen at ({error}); see --host.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"The sandbox cannot listen at port {port} of {host} ({error});"
            " choose another by --port, or 0 for any."
        ) from None
    return listener


def name_address(listener: socket.socket) -> str:
    """Name the address as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(desk: Desk, listener: socket.socket, *, is_child: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; a child also ends with its parent, or when its standard input does."""
    config = uvicorn.Config(
        build_app(desk),
        loop="asyncio",
        http=choose_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    if is_child:
        threading.Thread(target=_end_with_parent, args=(server,), name="end with parent", daemon=True).start()
    with closing(listener):
        server.run(sockets=[listener])


def _end_with_parent(server: uvicorn.Server) -> None:
    """Wait for the end of input; whoever was forked meanwhile may hold it open, so look at the parent too."""
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 4096):
            break
    server.should_exit = True
