"""Sends one request after the other: a `requests` session that leaks nothing and never sends twice.

Neither `.netrc`, nor the environment, nor a redirect may move the key or a person's data elsewhere, so none
of them is heeded. No error text and no log line has a URL, a parameter or the key.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import requests
from pydantic import SecretStr
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from etl.liftoff.answers import MOST_BODY_BYTES, Answer
from etl.liftoff.connections import MarkingAdapter, Marks

IDLE_SECONDS: Final = 2.0
"""A connection that was idle for longer is opened anew.

A server that closes an idle one just as a request is written leaves it in doubt; most close after five
seconds or more.
"""

HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "pushlift"}
_HTTP_1_1: Final = 11


@dataclass(frozen=True, slots=True)
class Manners:
    """How to speak to Liftoff: how long to wait for a connection and for an answer, and by which proxy."""

    connect_seconds: float
    read_seconds: float
    proxy: str | None = None


class Transport:
    """A session of one thread that sends a prepared request, again and again with another URL or body.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, prepared: requests.PreparedRequest, manners: Manners, clock: Callable[[], float]
    ) -> None:
        """Open nothing yet."""
        quiet_transport()
        self._clock = clock
        self._marks = Marks()
        self._timeout = Timeout(connect=manners.connect_seconds, read=manners.read_seconds)
        self._proxies = {"http": manners.proxy, "https": manners.proxy} if manners.proxy else {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._adapter = MarkingAdapter(self._marks)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        self._prepared = prepared
        self._used_at = clock()

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def cut(self) -> None:
        """Break the request at hand off, from whatever thread: the one that waits for its answer goes on."""
        self._marks.is_cut = True
        sock = self._marks.socket
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                # Below TLS, whose own state is the other thread's.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _transact(self) -> Answer:
        """Send the prepared request and tell what came of it; raises nothing that the network does.

        Redirects are answers, and are not followed.
        """
        began = self._clock()
        if began - self._used_at > IDLE_SECONDS:
            self._session.close()
        self._marks.has_left = self._marks.is_cut = False
        try:
            answer = self._ask()
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            answer = self._explain(error)
            self._session.close()
        self._used_at = self._clock()
        return answer(round(1000 * (self._used_at - began)))

    def _ask(self) -> Callable[[int], Answer]:
        response = self._adapter.send(
            self._prepared,
            stream=True,
            timeout=self._timeout,  # type: ignore[arg-type]  # requests' stubs do not know urllib3's own
            verify=True,
            proxies=self._proxies,
        )
        status, retry_after = response.status_code, response.headers.get("Retry-After")
        try:
            body = _read_body(response)
            is_whole = _tells_its_end(response) and not self._marks.is_cut
        except (requests.RequestException, HTTPError, OSError):
            body, is_whole = b"", False
        if not is_whole or len(body) >= MOST_BODY_BYTES:
            self._session.close()
        # An error status is an answer, however its body ends; a success must be heard to the end.
        if not is_whole and requests.codes.ok <= status < requests.codes.multiple_choices:
            return lambda took: Answer("unanswered", status, detail="half_an_answer", milliseconds=took)
        return lambda took: Answer("answered", status, body, retry_after, None, took)

    def _explain(self, error: Exception) -> Callable[[int], Answer]:
        """Name an error by its kind alone: its text holds the URL."""
        if self._marks.has_left:
            detail = "timeout" if isinstance(error, requests.Timeout) else "no_answer"
            return lambda took: Answer("unanswered", detail=detail, milliseconds=took)
        return lambda took: Answer("unsent", detail="unreachable", milliseconds=took)


class Client(Transport):
    """Sends postbacks; `key` is Liftoff's API key, for the header Authorization (Liftoff: Analytics S2S)."""

    def __init__(self, key: SecretStr, manners: Manners, clock: Callable[[], float] = time.monotonic) -> None:
        """Open nothing yet."""
        headers = HEADERS | {"Authorization": f"Bearer {key.get_secret_value()}"}
        super().__init__(
            requests.Request("GET", "http://localhost", headers=headers).prepare(), manners, clock
        )

    def send(self, url: str) -> Answer:
        """Send one GET and tell what came of it; `url` is complete and encoded."""
        self._prepared.url = url
        return self._transact()


def quiet_transport() -> None:
    """Keep urllib3 from logging URLs, at whatever level."""
    for name in ("urllib3", "urllib3.connectionpool", "urllib3.connection", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _read_body(response: requests.Response) -> bytes:
    """Read an answer's body to its end, or its beginning where it is long: then the connection is closed."""
    pieces: list[bytes] = []
    size = 0
    is_plain = "Content-Encoding" not in response.headers
    while size < MOST_BODY_BYTES:
        piece = response.raw.read(MOST_BODY_BYTES - size, decode_content=True)
        pieces.append(piece)
        size += len(piece)
        if not piece or (is_plain and response.raw.length_remaining == 0):
            response.raw.release_conn()
            return b"".join(pieces)
    response.close()
    return b"".join(pieces)


def _tells_its_end(response: requests.Response) -> bool:
    """Whether an answer says where it ends (RFC 9112, 6.3).

    One that was cut in its headers has no length any more, and http.client takes it for whole. Below 200
    the answer itself is still to come.
    """
    if response.status_code < requests.codes.ok:
        return False
    headers, version = response.headers, response.raw.version
    return (
        "Content-Length" in headers
        or "chunked" in headers.get("Transfer-Encoding", "").casefold()
        or "close" in headers.get("Connection", "").casefold()
        or version < _HTTP_1_1
        or response.status_code == requests.codes.no_content
    )
