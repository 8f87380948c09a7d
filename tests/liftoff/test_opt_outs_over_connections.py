"""What came of a body is told exactly, and nobody else hears of it."""

from __future__ import annotations

import http.client
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from etl.liftoff.answers import Answer
from etl.liftoff.client import Manners
from etl.liftoff.opt_outs import OptOutClient
from tests.services.listeners import OK, Line, Listener, Script, closed_port, listen

PASSWORD = "pässword-that-nobody-must-see"


def make_client(port: int) -> OptOutClient:
    """Make a client that waits for a fifth of a second at most."""
    url = f"http://127.0.0.1:{port}/opt_out/v3/acme"
    return OptOutClient(url, SecretStr("user"), SecretStr(PASSWORD), Manners(0.2, 0.2))


def read_post(line: Line) -> bytes:
    """Read one request with its body; empty where the client has gone."""
    found = b""
    while not is_whole(found):
        piece = line.socket.recv(65_536)
        if not piece:
            return b""
        found += piece
    line.heads.append(found)
    return found


def is_whole(request: bytes) -> bool:
    """Tell whether a request has come to its end."""
    head, end, body = request.partition(b"\r\n\r\n")
    sizes = [
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-l")
    ]
    return bool(end) and len(body) >= sum(sizes)


def answering(data: bytes = OK) -> Script:
    """Answer every request alike."""

    def answer_all(line: Line) -> None:
        while read_post(line):
            line.answer(data)

    return answer_all


def ask(listener: Listener) -> Answer:
    """Send one body."""
    with make_client(listener.port) as client:
        return client.send(b'{"device-ids":["ID-THAT-NOBODY-MUST-SEE"]}')


def test_a_request_is_what_the_document_asks_for() -> None:
    """POST, JSON, Basic with UTF-8, and the body as it was given."""
    with listen(answering()) as listener:
        assert ask(listener).status == 200
    head, _, body = listener.heads[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /opt_out/v3/acme HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head + b"\r\n"
    assert b"Authorization: Basic dXNlcjpww6Rzc3dvcmQtdGhhdC1ub2JvZHktbXVzdC1zZWU=" in head
    assert body == b'{"device-ids":["ID-THAT-NOBODY-MUST-SEE"]}'


def test_one_connection_carries_all_bodies_each_with_its_length() -> None:
    """A shorter one behind a longer one, too."""
    bodies = [b'{"a":1}', b"{}", b'{"a":"longer"}']
    with (
        listen(answering()) as listener,
        make_client(listener.port) as client,
    ):
        assert [client.send(body).status for body in bodies] == [200, 200, 200]
    assert listener.accepted == 1
    assert [head.partition(b"\r\n\r\n")[2] for head in listener.heads] == bodies


def test_a_body_is_not_kept() -> None:
    """A client that waits for the next batch holds nobody's id."""
    with listen(answering()) as listener, make_client(listener.port) as client:
        client.send(b"ID-THAT-NOBODY-MUST-SEE")
        assert client._prepared.body is None


def test_a_redirect_is_not_followed() -> None:
    """Neither the password nor an id goes where an answer points."""
    with listen(answering()) as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with listen(answering(moved)) as listener:
            assert ask(listener).status == 307
    assert elsewhere.accepted == 0


def test_nothing_of_the_environment_is_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a .netrc nor a proxy."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with listen(answering()) as proxy, listen(answering()) as listener:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert ask(listener).status == 200
    assert proxy.accepted == 0
    assert b"Basic dXNlcjpww6" in listener.heads[0]


@pytest.mark.parametrize(
    "script",
    [
        read_post,
        lambda line: (read_post(line), line.reset()),
        lambda line: (read_post(line), line.wait()),
        lambda line: (read_post(line), line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}")),
    ],
    ids=["closed", "reset", "silent", "half"],
)
def test_without_a_whole_answer_nothing_is_accepted(script: Script) -> None:
    """Half a success is none: it is tried again."""
    with listen(script) as listener:
        assert ask(listener).reach == "unanswered"


def test_no_answer_and_no_log_quotes_the_request(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where everybody debugs: http.client would print headers, urllib3 log the address."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    with closed_port() as port, make_client(port) as client:
        answers = [client.send(b"ID-THAT-NOBODY-MUST-SEE")]
    for script in (answering(), read_post, answering(b"no HTTP at all\r\n\r\n")):
        with listen(script) as listener:
            answers.append(ask(listener))
    told = capfd.readouterr()
    for secret in (PASSWORD, "dXNlcjpww6", "NOBODY-MUST-SEE", "/opt_out/v3/acme"):
        assert secret not in f"{answers}{client!r}{vars(client)}{told.out}{told.err}{caplog.text}"
