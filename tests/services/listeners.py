"""Servers that do on purpose what servers should not: a script a connection, at a port of loopback."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
END = b"\r\n\r\n"
WAIT_SECONDS = 10.0


@dataclass(slots=True)
class Line:
    """One connection that was accepted, and what was read from it."""

    socket: socket.socket
    heads: list[bytes]
    is_over: threading.Event

    def read(self) -> bytes:
        """Read one request's head; empty where the client has gone."""
        found = b""
        while not found.endswith(END):
            try:
                piece = self.socket.recv(65_536)
            except OSError:
                return b""
            if not piece:
                return b""
            found += piece
        self.heads.append(found)
        return found

    def answer(self, data: bytes) -> None:
        """Send as it is."""
        self.socket.sendall(data)

    def reset(self) -> None:
        """End with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait(self) -> None:
        """Say nothing for as long as the test goes on."""
        self.is_over.wait(WAIT_SECONDS)


Script = Callable[[Line], object]


def answering(data: bytes = OK) -> Script:
    """Answer every request alike."""

    def answer_all(line: Line) -> None:
        while line.read():
            line.answer(data)

    return answer_all


def answering_once(data: bytes) -> Script:
    """Read one request, answer, and close."""

    def answer_one(line: Line) -> None:
        line.read()
        line.answer(data)

    return answer_one


@dataclass(slots=True)
class Listener:
    """A server: its port, the heads that were read, and how many connections were accepted."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    accepted: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/v2/events"


@contextmanager
def listen(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Listen while the block runs; each connection gets the next script, and the last one stays."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server.getsockname()[1])
        is_over = threading.Event()

        def run(bare: socket.socket, script: Script) -> None:
            with suppress(OSError), bare, tls.wrap_socket(bare, server_side=True) if tls else bare as line:
                script(Line(line, listener.heads, is_over))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    bare, _ = server.accept()
                    script = scripts[min(listener.accepted, len(scripts) - 1)]
                    listener.accepted += 1
                    threading.Thread(target=run, args=(bare, script), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener
        finally:
            is_over.set()
            server.shutdown(socket.SHUT_RDWR)


@contextmanager
def closed_port() -> Iterator[int]:
    """Give a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    yield port
