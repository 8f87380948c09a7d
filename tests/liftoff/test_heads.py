"""A head is read as Python's own reader reads it, plain or not."""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.liftoff.heads import Response

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
LINES = st.sampled_from(
    [
        b"Content-Length: 2\r\n",
        b"content-length: 07\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length:2\r\n",
        b"Content-Length : 2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Retry-After: 7  \r\n",
        b"X-Empty: \r\n",
        b" folded\r\n",
        b"no colon\r\n",
        b"X-Latin: \xe9\r\n",
        b"X-Return: a\rb\r\n",
        b"Bare: line feed\n",
    ]
)
FIRST = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 \r\n",
        b"HTTP/1.1 200\r\n",
        b"HTTP/1.1 204 No Content\r\n",
        b"HTTP/1.1 304 Not Modified\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\n",
        b"HTTP/1.1 999 Odd\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"junk\r\n",
        b"",
    ]
)


class _Socket:
    """Bytes that came."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give them as http.client reads them."""
        return io.BufferedReader(io.BytesIO(self._data))


def hear(kind: type[HTTPResponse], data: bytes) -> object:
    """Read an answer; give all that the reader tells of it, or the kind of its error."""
    response = kind(cast("Any", _Socket(data)), method="GET")
    try:
        response.begin()
        told: Any = response  # typeshed leaves some of these out
        head = (told.status, told.reason, told.version, told.getheaders(), told.length, told.chunked)
        return (*head, told.will_close, response.read())
    except (HTTPException, ValueError) as error:
        return type(error)


@given(FIRST, st.lists(LINES, max_size=5), st.sampled_from([b"\r\n", b"\n", b""]), st.binary(max_size=8))
@example(b"HTTP/1.1 200 OK\r\n", [b"X: y\r\n"] * 101, b"\r\n", b"")
def test_a_head_says_what_it_says_to_http_client(
    first: bytes, lines: list[bytes], end: bytes, body: bytes
) -> None:
    """Plain, odd, cut or no head at all: the same status, headers, length and body, or the same error."""
    data = first + b"".join(lines) + end + body
    assert hear(Response, data) == hear(HTTPResponse, data)


@given(st.data())
def test_a_damaged_head_says_what_it_says_to_http_client(data: st.DataObject) -> None:
    """One byte of a plain head may be anything, and it may end anywhere."""
    place = data.draw(st.integers(0, len(PLAIN) - 1))
    damaged = PLAIN[:place] + data.draw(st.binary(max_size=2)) + PLAIN[place + 1 :] + b"{}"
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    assert hear(Response, damaged) == hear(HTTPResponse, damaged)


def test_a_plain_head_is_not_given_to_the_parser_of_emails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is what it is for."""
    monkeypatch.setattr("http.client.parse_headers", lambda _: pytest.fail("it was"))
    assert hear(Response, PLAIN + b"{}") == (
        200,
        "OK",
        11,
        [("Content-Type", "application/json"), ("Content-Length", "2")],
        2,
        False,
        False,
        b"{}",
    )
