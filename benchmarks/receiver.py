"""A bare receiver: `python -m benchmarks.receiver` answers each request with 200 and notes when it came.

As little as a server can do, so that rates are the sender's and not the server's. GET /figures tells
what came: the count, the seconds, and the most requests in any sliding second; GET /reset forgets it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from typing import Any, Final

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_END: Final = b"\r\n\r\n"
_LOOPBACK: Final = "127.0.0.1"


class Receiver(asyncio.Protocol):
    """One connection; `arrivals` is shared by all."""

    def __init__(self, arrivals: array[float]) -> None:
        """Begin with nothing read."""
        self._arrivals = arrivals
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio gives TCP protocols nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        assert self._transport is not None  # noqa: S101 - as above
        *requests, self._rest = (self._rest + data).split(_END)
        for request in requests:
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        if request.startswith(b"GET /figures"):
            body = json.dumps(summarize(self._arrivals)).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        if request.startswith(b"GET /reset"):
            del self._arrivals[:]
        else:
            self._arrivals.append(time.perf_counter())
        return _ANSWER


def summarize(arrivals: array[float]) -> dict[str, float]:
    """Give the count, the seconds from the first to the last, and the most in any sliding second."""
    most = start = 0
    for end, at in enumerate(arrivals):
        while at - arrivals[start] >= 1.0:
            start += 1
        most = max(most, end - start + 1)
    seconds = arrivals[-1] - arrivals[0] if arrivals else 0.0
    return {"count": len(arrivals), "seconds": seconds, "most_in_a_second": most}


@contextmanager
def run_receiver() -> Iterator[int]:
    """Run a receiver as a process of its own; gives its port."""
    command = [sys.executable, "-m", "benchmarks.receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def ask_receiver(port: int, path: str) -> dict[str, Any]:
    """Ask a receiver for its figures, or to forget them."""
    connection = HTTPConnection(_LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


async def serve() -> None:
    """Serve on a free port of loopback, which is printed first."""
    arrivals: array[float] = array("d")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(arrivals), _LOOPBACK, 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def come_first() -> None:
    """Come before those who send, where that is allowed: a partner's server has processors of its own.

    Else what waits for a processor here would count as sent in a burst.
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


if __name__ == "__main__":
    come_first()
    asyncio.run(serve())
