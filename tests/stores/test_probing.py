from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from etl.errors import StoreRefusedWrite, UnsafeStore
from etl.settings import StoreOptions
from etl.stores import Store, list_objects, open_store, probe_conditional_put
from tests.services.s3 import S3Server


class CarelessServer(BaseHTTPRequestHandler):
    """An S3 look-alike that takes every put, whatever its conditions."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_PUT(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.status)

    def do_DELETE(self) -> None:
        """Delete it."""
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the test's output quiet."""


class RefusingServer(CarelessServer):
    """An S3 look-alike that knows no conditional put and says so."""

    status = 501


@pytest.fixture(params=[CarelessServer, RefusingServer])
def unsafe_store(request: pytest.FixtureRequest, s3_credentials: S3Server) -> Iterator[Store]:
    """A store on a server that cannot keep two writers apart."""
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        options = StoreOptions(endpoint_url=f"http://127.0.0.1:{server.server_port}", allow_http=True)
        yield open_store("s3://lake", options)
        server.shutdown()


def test_a_safe_store_passes_and_is_left_as_it_was(store: Store) -> None:
    """A disk and a real S3 server keep two writers apart; nothing of the probe stays."""
    probe_conditional_put(store)

    assert list(list_objects(store)) == []


def test_a_store_that_ignores_conditions_is_refused(unsafe_store: Store) -> None:
    """Two commits of one version would both succeed, and one would be lost."""
    with pytest.raises(UnsafeStore, match="conditional puts") as refusal:
        probe_conditional_put(unsafe_store)

    assert refusal.value.exit_code == 2


def test_a_store_that_takes_no_write_is_not_called_unsafe(
    s3_store: Store, s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy of a missing right is another one."""
    s3_store.fs.clear_instance_cache()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_credentials.reader_key)

    with pytest.raises(StoreRefusedWrite):
        probe_conditional_put(open_store(s3_store.uri, s3_credentials.options))
