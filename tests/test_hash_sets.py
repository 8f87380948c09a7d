"""A set of hashes holds exactly what was put into it."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from etl.hash_sets import HashSet, pack_hashes

# Few digits, so that many begin alike.
hashes = st.builds(
    "{}{}".format,
    st.sampled_from(["0" * 16, "f" * 16, "8" + "0" * 15]),
    st.text("0f", min_size=16, max_size=16),
)


@given(st.lists(hashes, max_size=8), st.lists(hashes | st.none(), max_size=20), st.integers(0, 5))
def test_as_a_set_does(members: list[str], asked: list[str | None], offset: int) -> None:
    """Of hashes that begin alike, too; in slices of columns, and with nulls."""
    column = pa.array([None] * offset + asked, pa.string()).slice(offset)

    marks = HashSet(pack_hashes(members)).mark(column)

    assert marks.tolist() == [each in set(members) for each in asked]


def test_it_shows_no_hash() -> None:
    """A hash leads to a person for whoever has the key."""
    assert repr(HashSet(pack_hashes(["0f" * 16]))) == "HashSet(1 hashes)"
