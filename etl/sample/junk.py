"""Lines that an endpoint should not have kept."""

import json

import numpy as np

from etl.sample.chance import Numbers
from etl.sample.plan import Plan, Shape
from etl.sample.roles import JUNK_AT, WINDOW

JunkPlace = tuple[int, int]  # index in the block, turn
JUNK_KINDS = ("truncated", "html_page", "invalid_utf8", "scalar", "missing_app_id")

_HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
)
_SCALARS = (b"42", b'"OK"', b"true", b"-3.14")
_BENCHMARK_ONE_IN = 10_000
_BENCHMARK_AT = 5_000


def find_junk_places(plan: Plan, number: int, positions: Numbers) -> list[JunkPlace]:
    """Find where a block has a line of junk before a message; the turn chooses its kind."""
    if plan.shape is Shape.V2_GZIP_NDJSON:
        turns, within = np.divmod(positions + plan.starts[number], _BENCHMARK_ONE_IN)
        found = np.flatnonzero(within == _BENCHMARK_AT)
    else:
        turns, within = np.divmod(positions, WINDOW)
        turns += number
        found = np.flatnonzero((within == JUNK_AT) & plan.feed_of(number).has_junk)
    return list(zip(found.tolist(), turns[found].tolist(), strict=True))


def spoil_message(kind: str, message: bytes, number: int) -> bytes:
    """Make junk of a kind, from a JSON message where it takes one."""
    if kind == "html_page":
        return _HTML_PAGE
    if kind == "scalar":
        return _SCALARS[number % len(_SCALARS)]
    if kind == "truncated":
        return message[: len(message) * 3 // 5]
    if kind == "invalid_utf8":
        return message.replace(b'"city":"', b'"city":"\xff', 1)
    fields = json.loads(message)
    del fields["app_id"]
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
