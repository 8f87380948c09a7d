"""What came of a request is told exactly, and nobody else hears of it."""

from __future__ import annotations

import gzip
import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from etl.liftoff.answers import MOST_BODY_BYTES, Answer
from etl.liftoff.client import IDLE_SECONDS, Client, Manners
from tests.services.listeners import OK, Line, Listener, answering, answering_once, closed_port, listen

KEY = "key-that-nobody-must-see"
QUERY = "?device_id=ID-THAT-NOBODY-MUST-SEE"


class HandClock:
    """A clock that moves when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """Give a clock into the test's hand."""
    return HandClock()


@pytest.fixture
def client(clock: HandClock) -> Iterator[Client]:
    """Give a client that waits for a fifth of a second at most."""
    with Client(SecretStr(KEY), Manners(connect_seconds=0.2, read_seconds=0.2), clock) as client:
        yield client


def ask(client: Client, listener: Listener) -> Answer:
    """Send one request."""
    return client.send(listener.url + QUERY)


def send_slowly(line: Line, begun: threading.Event) -> None:
    """Answer a byte at a time, and never to the end."""
    line.read()
    line.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    begun.set()
    while not line.is_over.wait(0.05):
        line.answer(b".")


def test_an_answer_comes_with_status_body_and_retry_after(client: Client) -> None:
    """What rules decide on is handed over as it came."""
    data = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nsorry"
    with listen(answering(data)) as listener:
        answer = ask(client, listener)
    assert (answer.reach, answer.status, answer.body, answer.retry_after) == ("answered", 429, b"sorry", "7")


def test_one_connection_carries_all_requests(client: Client) -> None:
    """A connection is kept, and the key goes with every request."""
    with listen(answering()) as listener:
        assert [ask(client, listener).status for _ in range(3)] == [200, 200, 200]
    assert listener.accepted == 1
    assert all(f"Authorization: Bearer {KEY}".encode() in head for head in listener.heads)


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_connection_that_was_never_made_sent_nothing(client: Client, host: str) -> None:
    """Refused, or of a host that is not there: it may be tried again."""
    with closed_port() as port:
        assert client.send(f"http://{host}:{port}/v2/events{QUERY}").reach == "unsent"


def test_a_connection_that_is_not_made_in_time_sent_nothing(client: Client) -> None:
    """A host whose queue is full answers nothing, and has nothing."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        answer = client.send(f"http://127.0.0.1:{server.getsockname()[1]}/v2/events{QUERY}")
    assert answer.reach == "unsent"


def test_a_handshake_that_fails_sent_nothing(client: Client) -> None:
    """Neither the key nor a person's data has left before the server has shown who it is."""
    with listen(lambda line: line.answer(b"this is no TLS")) as listener:
        answer = client.send(f"https://127.0.0.1:{listener.port}/v2/events{QUERY}")
    assert answer.reach == "unsent"


@pytest.mark.parametrize(
    "script",
    [
        Line.read,
        lambda line: (line.read(), line.reset()),
        lambda line: (line.read(), line.wait()),
        answering_once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"),
        answering_once(b"HTTP/1.1 200 OK\r\nContent-Le"),
        answering_once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        answering_once(b"HTT"),
        answering_once(b"no HTTP at all\r\n\r\n"),
        answering_once(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nbad"),
    ],
    ids=["closed", "reset", "silent", "half", "half a header", "half a chunk", "3 bytes", "junk", "no gzip"],
)
def test_a_request_without_a_whole_answer_is_in_doubt(client: Client, script: object) -> None:
    """Whatever breaks after the first byte has left: nobody can say whether it was accepted."""
    with listen(script) as listener:  # type: ignore[arg-type]  # scripts return what they like
        assert ask(client, listener).reach == "unanswered"
    assert len(listener.heads) == 1


def test_an_error_status_is_an_answer_however_its_body_ends(client: Client) -> None:
    """The partner's word that it was not accepted stands in the first line."""
    with listen(answering_once(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n<html")) as listener:
        answer = ask(client, listener)
    assert (answer.reach, answer.status) == ("answered", 503)


def test_nothing_is_sent_twice_by_itself(client: Client) -> None:
    """Neither an error status with Retry-After nor a broken connection makes the transport repeat."""
    busy = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    with listen(answering_once(busy), Line.read) as listener:
        assert ask(client, listener).status == 503
        assert ask(client, listener).reach == "unanswered"
    assert len(listener.heads) == 2


def test_a_connection_closed_while_idle_is_not_used(client: Client) -> None:
    """The server may close a kept connection at any time between two requests: none is in doubt."""
    closed = threading.Event()

    def answer_and_close(line: Line) -> None:
        line.read()
        line.answer(OK)
        line.socket.shutdown(socket.SHUT_WR)
        closed.set()

    with listen(answer_and_close, answering()) as listener:
        assert ask(client, listener).status == 200
        assert closed.wait(5)
        assert ask(client, listener).status == 200
    assert (listener.accepted, len(listener.heads)) == (2, 2)


def test_a_connection_idle_for_long_is_opened_anew(client: Client, clock: HandClock) -> None:
    """One that the server may be about to close is not trusted with a request."""
    with listen(answering()) as listener:
        ask(client, listener)
        clock.now += IDLE_SECONDS + 0.1
        assert ask(client, listener).status == 200
    assert listener.accepted == 2


def test_a_redirect_is_an_answer_and_is_not_followed(client: Client) -> None:
    """Neither the key nor the parameters go where an answer points."""
    with listen(answering()) as elsewhere:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with listen(answering(moved)) as listener:
            assert ask(client, listener).status == 302
    assert elsewhere.accepted == 0


def test_no_netrc_takes_the_keys_place(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests would send a machine's password of `.netrc` in place of our header."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with listen(answering()) as listener:
        ask(client, listener)
    assert f"Authorization: Bearer {KEY}".encode() in listener.heads[0]
    assert b"Basic" not in listener.heads[0]


def test_no_proxy_of_the_environment_is_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaves, leaves by the configured way."""
    with listen(answering()) as proxy, listen(answering()) as listener:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert ask(client, listener).status == 200
    assert (proxy.accepted, listener.accepted) == (0, 1)


def test_the_configured_proxy_is_asked() -> None:
    """A request by a proxy has left when the proxy has it."""
    with listen(answering(), Line.read) as proxy:
        manners = Manners(1, 1, proxy=f"http://127.0.0.1:{proxy.port}")
        with Client(SecretStr(KEY), manners) as client:
            assert client.send("http://liftoff.invalid/v2/events?a=1").status == 200
        with Client(SecretStr(KEY), manners) as client:
            assert client.send("http://liftoff.invalid/v2/events?a=1").reach == "unanswered"
    assert proxy.heads[0].startswith(b"GET http://liftoff.invalid/v2/events?a=1 ")


def test_a_tunnel_that_a_proxy_refuses_sent_nothing() -> None:
    """What the proxy is told to open a tunnel is neither the key nor a parameter, and no request."""
    refused = b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"
    with listen(answering(refused)) as proxy:
        manners = Manners(1, 1, proxy=f"http://127.0.0.1:{proxy.port}")
        with Client(SecretStr(KEY), manners) as client:
            answer = client.send(f"https://liftoff.invalid/v2/events{QUERY}")
    assert answer.reach == "unsent"
    assert proxy.heads[0].startswith(b"CONNECT liftoff.invalid:443 ")
    assert KEY.encode() not in proxy.heads[0]


@pytest.mark.parametrize("encode", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_huge_body_is_read_in_part(client: Client, encode: type[bytes]) -> None:
    """An answer cannot fill the memory, packed or not, and the next one is its own."""
    body = encode(b"x" * (64 * 1024**2))
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Encoding: gzip\r\n\r\n" if encode is gzip.compress else "\r\n"
    with listen(answering_once(head.encode() + body), answering()) as listener:
        answer = ask(client, listener)
        assert answer.reach == "answered"
        assert answer.body == b"x" * MOST_BODY_BYTES
        assert ask(client, listener).status == 200
    assert listener.accepted == 2


@pytest.mark.parametrize(
    "before",
    [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n" * 20, b""],
    ids=["hints", "processing", "none"],
)
def test_a_word_in_between_is_not_the_answer(client: Client, before: bytes) -> None:
    """What stands behind it is (RFC 9110, 15.2), and each request has its own."""
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + before + b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    with listen(answering(data)) as listener:
        assert [ask(client, listener).status for _ in range(2)] == [503, 503]
    assert listener.accepted == 1


def test_an_answer_that_comes_late_is_not_another_requests(client: Client) -> None:
    """A status below 200 says that more comes: its connection carries nothing else."""

    def switch(line: Line) -> None:
        line.read()
        line.answer(b"HTTP/1.1 101 Odd\r\nContent-Length: 0\r\n\r\n")
        line.wait()

    with listen(switch, answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")) as listener:
        assert ask(client, listener).status == 101
        assert ask(client, listener).status == 503
    assert listener.accepted == 2


def test_a_host_may_be_an_address_of_ipv6(client: Client) -> None:
    """It is named in brackets, with its port."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        heads: list[bytes] = []

        def answer() -> None:
            line, _ = server.accept()
            with line:
                heads.append(line.recv(65_536))
                line.sendall(OK)

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        assert client.send(f"http://[::1]:{port}/v2/events{QUERY}").status == 200
        thread.join()
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in heads[0]


def test_an_answer_without_an_end_can_be_cut(client: Client) -> None:
    """A server that sends a byte now and then holds nobody for ever, and what it meant is in doubt."""
    begun = threading.Event()
    with listen(lambda line: send_slowly(line, begun)) as listener:

        def cut() -> None:
            begun.wait(5)
            client.cut()

        cutter = threading.Thread(target=cut)
        cutter.start()
        assert ask(client, listener).reach == "unanswered"
        cutter.join()


def test_what_is_cut_off_before_does_not_harm_what_follows(client: Client) -> None:
    """A cut is about the request at hand."""
    client.cut()
    with listen(answering()) as listener:
        assert ask(client, listener).reach == "answered"


def test_no_answer_and_no_log_quotes_the_request(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even where everybody debugs: urllib3 would log URLs, and http.client print headers."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    malformed = b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n{}"
    with closed_port() as port, listen(answering(), Line.read, answering(malformed)) as listener:
        answers = [client.send(f"http://127.0.0.1:{port}/v2/events{QUERY}")]
        for _ in range(3):
            answers.append(ask(client, listener))
            client.close()
    told = capfd.readouterr()
    for secret in (KEY, "NOBODY-MUST-SEE"):
        assert secret not in f"{answers}{client!r}{told.out}{told.err}{caplog.text}"
