"""Bytes that are broken, odd or huge: each object is read as far as it goes, and the rest is kept."""

import gzip
from hashlib import sha256

import pytest

from tests.survival.landing import Lake, as_line, raw_of

GOOD = as_line(event_name="good")
LONG = as_line(event_name="long", customer_user_id="x" * (20 << 20))
HTML = b"<!DOCTYPE html>\n<html><head><title>503</title></head>\n<body>Service Unavailable</body></html>\n"
TRUNCATED = gzip.compress(
    b"".join(as_line(event_name=f"e{number}", c=sha256(b"%d" % number).hexdigest()) for number in range(3000))
)
SURROGATE = GOOD.replace(b'"good"', b'"\\ud800"')
BAD_BYTE = GOOD.replace(b'"good"', b'"go\xffod"')
NUL = GOOD.replace(b'"good"', b'"go\x00od"')
CONFLICT = GOOD.replace(b'"event_name": "good"', b'"event_name": "one", "event_name": "two"')
EQUAL = GOOD.replace(b'"event_name": "good"', b'"event_name": "same", "event_name": "same"')

FILES = {
    "truncated.gz": TRUNCATED[: len(TRUNCATED) // 2],
    "empty.json": b"",
    "empty.json.gz": gzip.compress(b""),
    "blank.json": b"\n  \n\r\n",
    "long.json": GOOD + LONG + as_line(event_name="after"),
    "bom.json": b"\xef\xbb\xbf" + as_line(event_name="bom"),
    "crlf.json": (as_line(event_name="c1") + as_line(event_name="c2")).replace(b"\n", b"\r\n"),
    "returns.json": (as_line(event_name="r1") + as_line(event_name="r2")).replace(b"\n", b"\r"),
    "returns.log": b"GET /p?app_id=id1&event_name=r3&event_time=2026-09-01%2010:00:00.123&idfv=1-2 HTTP/1.1\r"
    b"GET /p?app_id=id1&event_name=r4&event_time=2026-09-01%2010:00:00.123&appsflyer_id=1-2 HTTP/1.1\r",
    "return_inside.json": as_line(event_name="before")
    + GOOD.replace(b"good", b"go\rod")
    + as_line(event_name="behind"),
    "nul.json": as_line(event_name="n1") + NUL + b"\x00\x00\x00\n" + as_line(event_name="n2"),
    "nul_escape.json": GOOD.replace(b"good", b"go\\u0000od"),
    "invalid_utf8.json": as_line(event_name="u1") + BAD_BYTE + as_line(event_name="u2"),
    "surrogate.json": as_line(event_name="s1") + SURROGATE + as_line(event_name="s2"),
    "duplicate_equal.json": EQUAL,
    "duplicate_conflicting.json": as_line(event_name="d1") + CONFLICT,
    "nan.json": as_line(event_name="nan", event_revenue=float("nan"), unknown=float("-inf")),
    "scalars.json": b"1\n" + as_line(event_name="among") + b'"text"\nnull\ntrue\n[]\n{}\n',
    "page.json": HTML,
    "half.json": as_line(event_name="h1") + GOOD[:-20] + b"\n" + as_line(event_name="h3"),
    "glued.json": as_line(event_name="g1")
    + as_line(event_name="glued").strip()
    + as_line(event_name="g2")
    + as_line(event_name="g3"),
}


def test_a_truncated_gzip_is_read_as_far_as_it_goes(lake: Lake) -> None:
    """What comes before the cut is published, and the cut itself is counted and kept."""
    load = lake.load_of("truncated.gz")
    (cut,) = lake.quarantine_of("truncated.gz")
    assert load["published"] > 1000
    assert cut["reason"] == "truncated_object"
    assert cut["source_position"] == load["messages"] == load["published"] + 1


@pytest.mark.parametrize("key", ["empty.json", "empty.json.gz", "blank.json"])
def test_an_empty_object_is_loaded_with_nothing(lake: Lake, key: str) -> None:
    """An object without a message is finished, with zeros."""
    load = lake.load_of(key)
    assert (load["status"], load["messages"], load["published"]) == ("loaded", 0, 0)


def test_a_line_of_20_mb_is_read_among_others(lake: Lake) -> None:
    """A long line is an event like its neighbours."""
    assert [row["event_name"] for row in lake.events_of("long.json")] == ["good", "long", "after"]
    assert len(lake.events_of("long.json")[1]["customer_user_id"]) == 20 << 20


def test_a_byte_order_mark_is_no_part_of_the_first_message(lake: Lake) -> None:
    """A BOM is passed over."""
    assert lake.event_of("bom.json")["event_name"] == "bom"


@pytest.mark.parametrize(
    ("key", "names"),
    [("crlf.json", ["c1", "c2"]), ("returns.json", ["r1", "r2"]), ("returns.log", ["r3", "r4"])],
)
def test_any_ending_of_lines_will_do(lake: Lake, key: str, names: list[str]) -> None:
    """CRLF and lone CR end lines as LF does."""
    assert [row["event_name"] for row in lake.events_of(key)] == names


@pytest.mark.parametrize(
    ("key", "raw", "reason", "names"),
    [
        ("return_inside.json", GOOD.replace(b"good", b"go\rod"), "invalid_json", ["before", "behind"]),
        ("invalid_utf8.json", BAD_BYTE, "invalid_utf8", ["u1", "u2"]),
        ("surrogate.json", SURROGATE, "invalid_utf8", ["s1", "s2"]),
        ("half.json", GOOD[:-20], "invalid_json", ["h1", "h3"]),
        ("duplicate_conflicting.json", CONFLICT, "duplicate_keys", ["d1"]),
    ],
)
def test_a_broken_line_costs_only_itself(
    lake: Lake, key: str, raw: bytes, reason: str, names: list[str]
) -> None:
    """A broken line is kept byte for byte with its reason and position; its neighbours are published."""
    (kept,) = lake.quarantine_of(key)
    assert (raw_of(kept), kept["reason"], kept["source_position"]) == (raw.rstrip(b"\n"), reason, 2)
    assert [row["event_name"] for row in lake.events_of(key)] == names


def test_nul_bytes_are_kept_as_they_came(lake: Lake) -> None:
    """NUL bytes make a line unreadable, and stay in what is kept of it."""
    assert [raw_of(row) for row in lake.quarantine_of("nul.json")] == [NUL.rstrip(b"\n"), b"\x00\x00\x00"]
    assert [row["event_name"] for row in lake.events_of("nul.json")] == ["n1", "n2"]


def test_an_escaped_nul_is_a_character(lake: Lake) -> None:
    r"""`\u0000` is part of a text."""
    assert lake.event_of("nul_escape.json")["event_name"] == "go\x00od"


def test_equal_duplicate_keys_are_one(lake: Lake) -> None:
    """A key that is repeated with one value is read once."""
    assert lake.event_of("duplicate_equal.json")["event_name"] == "same"


def test_nan_is_no_amount(lake: Lake) -> None:
    """`NaN` costs its column only; the text is kept."""
    row = lake.event_of("nan.json")
    assert row["event_revenue"] is None
    assert "unparsable:event_revenue" in row["quality_flags"]
    assert row["extra"] == {"event_revenue": "NaN", "unknown": "-Infinity"}


def test_top_level_scalars_are_set_aside_one_by_one(lake: Lake) -> None:
    """What is no object is quarantined as it is; an empty object has no app."""
    kept = [(raw_of(row), row["reason"]) for row in lake.quarantine_of("scalars.json")]
    assert kept == [
        (b"1", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"true", "not_an_object"),
        (b"[]", "not_an_object"),
        (b"{}", "missing_app_id"),
    ]
    assert lake.event_of("scalars.json")["event_name"] == "among"


def test_an_html_page_named_json_is_kept_line_by_line(lake: Lake) -> None:
    """An error page that landed instead of messages holds none."""
    kept = lake.quarantine_of("page.json")
    assert [raw_of(row) for row in kept] == HTML.splitlines()
    assert {row["reason"] for row in kept} == {"no_message"}


def test_messages_glued_in_one_line_are_told_apart(lake: Lake) -> None:
    """A lost newline costs nothing: both messages of the line are read."""
    assert [row["event_name"] for row in lake.events_of("glued.json")] == ["g1", "glued", "g2", "g3"]


@pytest.mark.parametrize("key", FILES)
def test_every_message_is_accounted_for(lake: Lake, key: str) -> None:
    """Messages = published + duplicates + quarantined, and the tables hold what the load says."""
    load = lake.load_of(key)
    assert load["messages"] == load["published"] + load["duplicates"] + load["quarantined"]
    assert load["published"] == len(lake.events_of(key))
    assert load["quarantined"] == len(lake.quarantine_of(key))
