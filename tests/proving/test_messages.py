"""Whole values of columns are found as folding and hashing each would find them."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from etl.proving.reading import scan_object
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted

KEY = b"a key of these tests"
values = st.one_of(
    st.text(max_size=12),
    st.text("abXYZ09-_.@", min_size=50, max_size=60),
    st.sampled_from(["User-0042", " user-0042", "USER-0042\t", "Straße", "STRASSE", "ﬁ", ""]),
)


def hash_of(text: str) -> str:
    """Hash a folded text as RFC 2104 has it."""
    return hmac.new(KEY, text.strip().casefold().encode(), hashlib.sha256).hexdigest()[:32]


@given(st.lists(values, max_size=30), st.lists(values, max_size=4))
def test_as_hashing_each_value_does(column: list[str], people: list[str]) -> None:
    """Whatever the casing, the length, the script and the space around; each as often as it stands there."""
    hashes = {hash_of(each) for each in [*people, *column[:2]]}
    written = io.BytesIO()
    pq.write_table(pa.table({"customer_user_id": pa.array([*column, None], pa.string())}), written)

    scanner = TextScanner(Wanted(KEY, hashes))
    scan = scan_object(scanner, "a.parquet", written, {"customer_user_id"})

    found = {each.subject for each in scan.findings}
    expected = Counter(hash_of(each) for each in column if hash_of(each) in hashes)
    assert found == set(expected)


def test_a_value_counts_as_often_as_rows_hold_it() -> None:
    """Without a dictionary each row's value is counted."""
    written = io.BytesIO()
    column = pa.array(["User-1", "user-1", "user-1", "other"], pa.string())
    pq.write_table(pa.table({"customer_user_id": column}), written, use_dictionary=False)

    scanner = TextScanner(Wanted(KEY, [hash_of("user-1")]))
    scan = scan_object(scanner, "a.parquet", written, {"customer_user_id"})

    assert sum(each.count for each in scan.findings) == 3
