"""The vectorised tests of shapes agree with plain Python, text for text, whatever stands beside it."""

import re
from ipaddress import ip_address

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.quality.shapes import (
    mark_holding,
    mark_ips,
    mark_private_ips,
    mark_shaped,
    mark_starts,
    mark_zeros,
    view_column,
)

UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
SHAPES = {
    "appsflyer_id": rf"[0-9]+-[0-9]+|{UUID}",
    "advertising_id": UUID,
    "idfa": UUID,
    "idfv": UUID,
    "oaid": rf"{UUID}|[0-9A-Fa-f]{{16,64}}",
    "amazon_aid": UUID,
    "android_id": "[0-9A-Fa-f]{12,16}",
    "imei": "[0-9]{14,16}|[A-Fa-f][0-9A-Fa-f]{13}",
}
IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda uuid: str(uuid).upper()),
    st.from_regex(r"\A[0-9]{1,14}-[0-9]{1,19}\Z"),
    st.text("0123456789abcdefABCDEF-", max_size=70),
    st.text("0123456789abcdefg", min_size=11, max_size=17),
    st.text("0-", max_size=40),
    st.text(max_size=40),
)
GROUP = st.text("0123456789abcdefABCDEF", max_size=5)
ADDRESSES = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda ip: ip.exploded),
    st.lists(GROUP, min_size=1, max_size=10).map(":".join),
    st.lists(st.integers(0, 300).map(str) | st.just("01"), min_size=3, max_size=5).map(".".join),
    st.tuples(st.lists(GROUP, max_size=7).map(":".join), st.ip_addresses(v=4)).map(
        lambda parts: f"{parts[0]}:{parts[1]}"
    ),
    st.tuples(st.ip_addresses(), st.text("%e0/ ", max_size=3)).map(lambda parts: f"{parts[0]}%{parts[1]}"),
    st.text("0123456789abf:.%", max_size=45),
)


def spoil(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """Give texts, some of them with a character changed, some null."""

    def change(text: str, at: int, character: str) -> str:
        return text[: at % (len(text) + 1)] + character + text[at % (len(text) + 1) + 1 :]

    return st.none() | texts | st.builds(change, texts, st.integers(0, 40), st.characters(codec="utf-8"))


def is_ip(text: str | None) -> bool:
    """Ask Python's own reader."""
    try:
        ip_address(text or "")
    except ValueError:
        return False
    return True


def column(texts: list[str | None]) -> pa.Array:
    """Make a column that begins inside its buffers, as slices do."""
    return pa.array(["before", *texts, "after"], pa.string()).slice(1, len(texts))


@pytest.mark.parametrize("field", SHAPES)
@given(texts=st.lists(spoil(IDS), max_size=12))
def test_ids(field: str, texts: list[str | None]) -> None:
    """An id has its field's shape when the whole of it matches."""
    expected = [bool(re.fullmatch(SHAPES[field], text or "")) for text in texts]
    assert mark_shaped(field, view_column(column(texts))).tolist() == expected


def test_two_hyphens_in_one_id_do_not_make_up_for_another() -> None:
    """A batch with as many hyphens as ids has one in each, or is looked at id by id."""
    texts = column(["0", "--0", "1-1"])
    assert mark_shaped("appsflyer_id", view_column(texts)).tolist() == [False, False, True]


@given(st.lists(spoil(ADDRESSES), max_size=12))
def test_addresses(texts: list[str | None]) -> None:
    """An address is what `ipaddress` reads."""
    assert mark_ips(view_column(column(texts))).tolist() == [is_ip(text) for text in texts]


@given(st.lists(spoil(IDS), max_size=12))
def test_zeros(texts: list[str | None]) -> None:
    """An id is zeros when it holds nothing but zeros and hyphens, at either end a zero."""
    expected = [bool(re.fullmatch("0([0-]*0)?", text or "")) for text in texts]
    assert mark_zeros(view_column(column(texts))).tolist() == expected


@given(st.lists(st.none() | st.ip_addresses(v=4).map(str), max_size=12))
def test_private_ipv4(texts: list[str | None]) -> None:
    """An IPv4 address is private in seven networks."""
    networks = (r"10\.", r"127\.", r"0\.", r"169\.254\.", r"192\.168\.", r"172\.(1[6-9]|2\d|3[01])\.")
    expected = [any(re.match(network, text or "") for network in networks) for text in texts]
    assert mark_private_ips(view_column(column(texts))).tolist() == expected


@given(st.lists(st.none() | st.text("a@b", max_size=5), max_size=12))
def test_texts_that_hold_a_byte(texts: list[str | None]) -> None:
    """A pattern that needs a byte is asked of the texts that hold it, and decides."""
    expected = [bool(re.search("a@", text or "")) for text in texts]
    assert mark_holding(view_column(column(texts)), ord("@"), "a@").tolist() == expected


@given(st.lists(st.none() | st.text("ab1", max_size=4), max_size=12))
def test_starts(texts: list[str | None]) -> None:
    """A text begins with one of some starts, of whatever lengths."""
    expected = [(text or "").startswith(("ab", "1")) for text in texts]
    assert mark_starts(view_column(column(texts)).texts, (b"ab", b"1")).tolist() == expected
