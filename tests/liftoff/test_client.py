"""What the client tells of a request, against sockets that misbehave; and that it leaks nothing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from etl.liftoff.answers import Answer
from etl.liftoff.client import MOST_BODY_BYTES, Client, Manners

KEY = "the-key-of-liftoff"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[tuple[str, list[bytes]]]:
    """Serve each connection so; gives the address and what was read."""
    heard: list[bytes] = []

    def run(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536))
                serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=run, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2/events?client_ip=2001%3Adb8%3A%3A1", heard
        listener.shutdown(socket.SHUT_RDWR)


def ask(url: str, read_seconds: float = 5.0) -> Answer:
    """Send one request."""
    with Client(SecretStr(KEY), Manners(1.0, read_seconds)) as client:
        return client.send(url)


def reset(connection: socket.socket) -> None:
    """Answer with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_an_answer_is_heard() -> None:
    """Status and body come back."""
    with serving(lambda connection: connection.sendall(OK)) as (url, heard):
        answer = ask(url)
    assert (answer.reach, answer.status, answer.body) == ("answered", 200, b"{}")
    assert f"Authorization: Bearer {KEY}".encode() in heard[0]


def test_nobody_there_is_unsent() -> None:
    """A connection that is refused has sent nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}/").reach == "unsent"


def test_an_unknown_host_is_unsent() -> None:
    """A name that does not resolve has sent nothing."""
    assert ask("http://no-such-host.invalid/").reach == "unsent"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", b""),
        ("half a status", b"HTTP/1.1 2"),
        ("half the headers", b"HTTP/1.1 200 OK\r\nContent-Ty"),
        ("half the body", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"),
        ("half a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
    ],
)
def test_half_an_answer_is_none(name: str, said: bytes) -> None:
    """Whatever is cut off, nobody can say whether the postback was taken."""
    with serving(lambda connection: connection.sendall(said)) as (url, _):
        assert ask(url).reach == "unanswered", name


def test_a_reset_after_reading_is_unanswered() -> None:
    """The server had read it."""
    with serving(reset) as (url, _):
        assert ask(url).reach == "unanswered"


def test_silence_is_unanswered() -> None:
    """A server that never answers is given up after the time for reading."""
    done = threading.Event()

    def hold(_: socket.socket) -> None:
        done.wait(10)

    with serving(hold) as (url, _):
        answer = ask(url, read_seconds=0.2)
        done.set()
    assert (answer.reach, answer.detail) == ("unanswered", "timeout")


def test_an_error_counts_however_it_ends() -> None:
    """A 500 whose body is cut off is a refusal all the same."""
    said = b"HTTP/1.1 500 Oh\r\nContent-Length: 20\r\n\r\n{"
    with serving(lambda connection: connection.sendall(said)) as (url, _):
        assert (ask(url).reach, ask(url).status) == ("answered", 500)


def test_a_redirect_is_not_followed() -> None:
    """It would carry the person's data and the key elsewhere."""
    with serving(lambda connection: connection.sendall(OK)) as (elsewhere, heard_elsewhere):
        said = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(lambda connection: connection.sendall(said)) as (url, _):
            assert ask(url).status == 302
        assert heard_elsewhere == []


def test_netrc_and_proxies_of_the_environment_are_not_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either would move the key or the data."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(lambda connection: connection.sendall(OK)) as (url, heard):
        assert ask(url).status == 200
    assert heard[0].count(b"Authorization") == 1
    assert f"Bearer {KEY}".encode() in heard[0]


def test_a_long_answer_does_not_fill_the_memory() -> None:
    """So much of a body is read and no more."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000

    def pour(connection: socket.socket) -> None:
        try:
            connection.sendall(said)
        except OSError:
            return

    with serving(pour) as (url, _):
        assert len(ask(url).body) == MOST_BODY_BYTES


def test_no_log_has_the_url(caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything is logged."""
    caplog.set_level("DEBUG")
    with serving(reset) as (url, _):
        ask(url)
    with serving(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nodd\r\n\r\n")) as (url, _):
        ask(url)
    assert "client_ip" not in caplog.text
    assert KEY not in caplog.text
