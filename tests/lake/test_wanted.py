"""The quick look-up of ids finds exactly what folding each value and comparing it would."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from etl.lake.wanted import Wanted, WantedId
from etl.subjects import fold_identifier, is_placeholder

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("abAB-", min_size=1, max_size=12),
    st.sampled_from(
        ["a1b2c3d4-0011-4222-8333-aabbccddeeff", "1756684800000-1234567890123456789", "x", "ß-1"]
    ),
)
SPELLINGS = (str.upper, str.lower, str.title, lambda text: f"\u00a0{text} ", lambda text: f"\t{text}\x1f")


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS | st.none(), max_size=20), st.integers(0, 7), st.data())
def test_as_folding_does(ids: list[str], others: list[str | None], offset: int, data: st.DataObject) -> None:
    """Whatever the casing, the space around, the length and the script; in slices and with nulls, too."""
    ids = [each for each in ids if not is_placeholder(each)]
    spelled = [data.draw(st.sampled_from(SPELLINGS))(each) for each in ids]
    values = data.draw(st.permutations([*spelled, *others]))[offset:]
    column = pa.array([None] * offset + values, pa.string()).slice(offset)

    lookup = Wanted(WantedId(each) for each in ids).for_app(None)

    wanted = lookup.owners
    expected = [
        place for place, text in enumerate(values) if text is not None and fold_identifier(text) in wanted
    ]
    assert sorted(lookup.find(column).tolist()) == expected
