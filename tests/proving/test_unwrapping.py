import base64
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.id_scan import Texts
from etl.proving.unwrapping import unwrap, view_bytes
from tests.proving.wrapping import WRAPPINGS, cased_ids

NAMES = {
    "percent": "percent",
    "json": "json",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "base64": "base64",
}
noise = st.one_of(
    st.binary(max_size=80),
    st.text('%25\\u0036"/-_+=abcXYZ019', max_size=80).map(str.encode),
    st.text("ABCabcdef0189+/-_", min_size=25, max_size=90).map(str.encode),
    st.text("ab12\0", max_size=60).map(str.encode),
)


def list_wrapped(texts: Texts) -> dict[str, bytes]:
    """Undo all wrappings."""
    return {name: inner.data.tobytes() for name, inner in unwrap(texts)}


@given(noise, cased_ids, st.sampled_from(list(NAMES)), noise)
def test_each_wrapping_is_undone(before: bytes, person: str, name: str, after: bytes) -> None:
    """What is wrapped stands as it was in what is given, whatever is around it."""
    data = before + b"\n" + WRAPPINGS[name](person.encode()) + b"\n" + after
    assert person.encode() in list_wrapped(view_bytes(data))[NAMES[name]]


@given(noise)
def test_escapes_are_undone_as_elsewhere(data: bytes) -> None:
    """Every word that percent-decoding gives is a part of what a plain reading of all escapes gives."""
    plain = re.sub(rb"%([0-9a-fA-F]{2})", lambda match: bytes.fromhex(match[1].decode()), data)
    for word in list_wrapped(view_bytes(data)).get("percent", b"").split(b"\n"):
        assert word in plain


@given(st.lists(noise, max_size=8), st.integers(0, 7))
def test_rows_are_read_apart(rows: list[bytes], first: int) -> None:
    """Rows give what they give alone, one after the other, in arrays that begin anywhere."""
    first = min(first, len(rows))
    stops = np.zeros(len(rows) + 1, dtype=np.int64)
    stops[1:] = np.cumsum([len(row) for row in rows])
    whole = view_bytes(b"".join(rows))
    expected: dict[str, bytes] = {}
    for row in rows[first:]:
        for name, inner in list_wrapped(view_bytes(row)).items():
            expected[name] = expected.get(name, b"") + inner
    assert list_wrapped(Texts(whole.data, stops[first:].copy())) == expected


def test_a_long_text_without_wrappings_gives_nothing() -> None:
    """Hexadecimal digits and prose are no base64, and percent signs of prose no escapes."""
    assert list_wrapped(view_bytes(b"100 % of d41d8cd98f00b204e9800998ecf8427e, and more prose. " * 50)) == {}


def test_padding_and_both_alphabets_are_read() -> None:
    """Base64 with and without its padding, of either alphabet, gives the same."""
    content = b"??>>" + b"123e4567-e89b-12d3-a456-426614174000"
    for run in (base64.b64encode(content), base64.urlsafe_b64encode(content).rstrip(b"=")):
        assert content in list_wrapped(view_bytes(run))["base64"]
