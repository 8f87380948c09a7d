"""Messages to the bytes of an object, a block at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from isal import isal_zlib

from etl.sample.chance import draw_words, format_hex
from etl.sample.clocks import SECOND_MS
from etl.sample.feeds import Feed, Frame
from etl.sample.plan import Plan

_GZIP_LEVEL = 1
_GZIP_WINDOW = 31  # with a gzip header, which then has no time and no name
_LAST_MOMENT_MS = 1
_LOG_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOUDFRONT_HEADER = (
    b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem "
    b"sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id "
    b"x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
    b"x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port "
    b"time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    b"sc-range-start sc-range-end\n"
)
_CLOUDFRONT_LINE = (
    b"%b\tNRT57-P2\t458\t198.51.100.%d\tGET\td111111abcdef8.cloudfront.net\t/pixel.gif\t200\t-\tAppsFlyer/1.0\t%b"
    b"\t-\tHit\t%016x==\tpush.example.com\thttps\t%d\t0.002\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/1.1"
    b"\t-\t-\t41%03d\t0.002\tHit\timage/gif\t43\t-\t-\n"
)
_ACCESS_LOG_LINE = b'198.51.100.%d - - [%b] "GET /appsflyer/push?%b HTTP/1.1" 200 2 "-" "AppsFlyer/1.0"\n'
_SENDERS = 16  # addresses that the vendor sends from

Messages = Sequence[bytes]
Write = Callable[[bytes], object]


def name_object(plan: Plan, number: int) -> str:
    """Name an object by its endpoint, the hour it was closed in, and what its kind of writer calls it."""
    feed = plan.feed_of(number)
    closed = _to_datetime(plan.ends_ms(number) - _LAST_MOMENT_MS)
    tag = format_hex(draw_words(plan.seed, "object", np.array([number])))[0].decode()
    return f"{feed.folder}/{closed:%Y/%m/%d/%H}/{_name_file(feed, closed, tag)}"


def frame_messages(feed: Feed, messages: Messages, arrivals_ms: Sequence[int]) -> bytes:
    """Write messages as the endpoint stores them."""
    if feed.frame is Frame.CONCATENATED:
        return b"".join(messages)
    if feed.frame is Frame.ACCESS_LOG:
        return b"".join(map(_log_access, messages, arrivals_ms))
    if feed.frame is Frame.CLOUDFRONT:
        return b"".join(map(_log_cloudfront, messages, arrivals_ms))
    return b"\n".join([*messages, b""])


def frame_header(feed: Feed) -> bytes:
    """Give what an object starts with."""
    return _CLOUDFRONT_HEADER if feed.frame is Frame.CLOUDFRONT else b""


@contextmanager
def open_object(path: Path, *, is_gzipped: bool) -> Iterator[Write]:
    """Open an object to write bytes to, compressed on the way where asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if not is_gzipped:
            yield file.write
            return
        packer = isal_zlib.compressobj(_GZIP_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
        yield lambda data: file.write(packer.compress(data))
        file.write(packer.flush())


def _name_file(feed: Feed, closed: datetime, tag: str) -> str:
    suffix = ".gz" if feed.is_gzipped else ""
    if feed.frame is Frame.CONCATENATED:
        return f"appsflyer-push-1-{closed:%Y-%m-%d-%H-%M-%S}-{tag[:8]}-{tag[8:12]}-4{tag[13:]}{suffix}"
    if feed.frame is Frame.ACCESS_LOG:
        return f"access.log-{closed:%Y%m%d%H}-{tag[:6]}{suffix}"
    if feed.frame is Frame.CLOUDFRONT:
        return f"E2EXAMPLE1PIXEL.{closed:%Y-%m-%d-%H}.{tag[:8]}{suffix}"
    return f"push-{tag}.{'txt' if feed.is_query else 'json'}{suffix}"


def _log_access(message: bytes, arrival_ms: int) -> bytes:
    at = _to_datetime(arrival_ms)
    text = f"{at:%d}/{_LOG_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"
    return _ACCESS_LOG_LINE % (arrival_ms % _SENDERS, text.encode(), message)


def _log_cloudfront(message: bytes, arrival_ms: int) -> bytes:
    at = _to_datetime(arrival_ms).strftime("%Y-%m-%d\t%H:%M:%S").encode()
    query = message.replace(b"%", b"%25")
    numbers = (arrival_ms * 0x9E3779B1, len(message) + 120, arrival_ms % 1000)
    return _CLOUDFRONT_LINE % (at, arrival_ms % _SENDERS, query, *numbers)


def _to_datetime(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms // SECOND_MS, UTC)
