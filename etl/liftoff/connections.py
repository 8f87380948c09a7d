"""Connections that note when a request begins to leave, kept by requests' adapter.

What requests says of an error does not tell whether anything has left: the same error can come before the
first byte or after the last.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.poolmanager import PoolManager

from etl.liftoff.heads import Response


class Marks:
    """Whether the request at hand has begun to leave, and by which socket; a client is one thread's."""

    has_left = False
    is_cut = False
    socket: socket.socket | None = None


class _Marking:
    """Stands before a class of connections: notes when the first byte of a request is about to leave."""

    marks: Marks
    response_class: type[HTTPResponse] = Response
    # The class's own, so that nobody who debugs http.client has headers, and with them the key, printed.
    debuglevel = 0
    _is_opening = False

    def connect(self) -> None:
        """Connect; neither a handshake nor what a proxy is told to open a tunnel is a request."""
        self._is_opening = True
        try:
            super().connect()  # type: ignore[misc]  # the connection's
        finally:
            self._is_opening = False
            self.marks.socket = getattr(self, "sock", None)

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's signature
        """Connect first, so that whatever fails until then has surely sent nothing."""
        if not self._is_opening:
            if getattr(self, "sock", None) is None:
                self.connect()
            self.marks.has_left = True
        super().send(data)  # type: ignore[misc]  # the connection's


class _MarkingConnection(_Marking, HTTPConnection):
    """A connection that marks."""


class _MarkingTlsConnection(_Marking, HTTPSConnection):
    """The same with TLS, whose handshake belongs to connecting."""


class MarkingAdapter(HTTPAdapter):
    """Connections that mark, one of them, and no retries of urllib3's.

    All requests of a client go to one address, so what requests finds out of it is found out once.
    """

    def __init__(self, marks: Marks) -> None:
        """Open nothing yet."""
        self._marks = marks
        self._address = self._target = ""
        self._pool: ConnectionPool | None = None
        self._verified: object = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' signature
        """Have the pools make connections that mark."""
        super().init_poolmanager(*args, **kwargs)
        _mark_pools(self.poolmanager, self._marks)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:  # noqa: ANN401 - as above
        """Do the same for the connections through a proxy."""
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        _mark_pools(manager, self._marks)
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - requests' signature
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> ConnectionPool:
        """Give the pool of the request's address: the last one's, where that is the same."""
        address = str(request.url).partition("?")[0]
        if self._pool is None or address != self._address:
            self._pool = super().get_connection_with_tls_context(request, *args, **kwargs)
            self._address, self._target = address, ""
        return self._pool

    def cert_verify(self, conn: Any, *args: Any) -> None:  # noqa: ANN401 - requests' signature
        """Say once to a pool that certificates are looked at."""
        if conn is not self._verified:
            super().cert_verify(conn, *args)  # type: ignore[no-untyped-call]  # requests' stubs leave it open
            self._verified = conn

    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Give what is asked for: of an address that is known, its path and the query as it stands."""
        url = str(request.url)
        if proxies or "#" in url:
            return super().request_url(request, proxies)
        if not self._target:
            self._target = super().request_url(request, proxies).partition("?")[0]
        return self._target + url[len(self._address) :]

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:  # noqa: ANN401, ARG002 - requests' signature
        """Give what is looked at, without cookies and encodings, which are not."""
        return _Heard(resp)

    def close(self) -> None:
        """Close all connections, and forget the pool that was in use."""
        self._pool = self._verified = None
        super().close()


class _Heard(requests.Response):
    """An answer's status, headers and body to be read; requests' own begins a jar of cookies for each."""

    def __init__(self, raw: BaseHTTPResponse) -> None:
        self.raw, self.status_code = raw, raw.status
        self.headers = raw.headers  # type: ignore[assignment]  # as indifferent to the case of names
        self._content_consumed = False


def _mark_pools(manager: PoolManager, marks: Marks) -> None:
    plain = type("_Connection", (_MarkingConnection,), {"marks": marks})
    secure = type("_TlsConnection", (_MarkingTlsConnection,), {"marks": marks})
    manager.pool_classes_by_scheme = {
        "http": type("_Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
