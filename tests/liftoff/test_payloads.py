import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.parameters import PARAMETERS
from etl.liftoff.payloads import decode_parameters, encode_parameters
from etl.liftoff.postbacks import Mapped

HOSTILE = ['"', "\\", '","test_mode":"1', "\n", "\x00", "\u2028", "💶", '\\"', "}"]
TEXTS = st.one_of(st.none(), st.text(), st.sampled_from(HOSTILE))
ROWS = st.lists(st.dictionaries(st.sampled_from(PARAMETERS), TEXTS), min_size=1)


@given(ROWS)
def test_parameters_read_back_as_they_were(rows: list[dict[str, str | None]]) -> None:
    """Each row is one JSON object of exactly what is present, whatever the values hold."""
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in PARAMETERS}
    texts = encode_parameters(Mapped(pa.table(columns))).to_pylist()
    expected = [{name: row[name] for name in PARAMETERS if row.get(name) is not None} for row in rows]
    assert [decode_parameters(text) for text in texts] == expected
    assert [json.loads(text) for text in texts] == expected


def test_a_slice_is_encoded_alone() -> None:
    """A batch of a longer table has its own rows, not those of the table's beginning."""
    column = pa.array(['a"', "b", "c\\"])
    mapped = Mapped(pa.table({"language": column}).slice(1, 2))
    assert encode_parameters(mapped).to_pylist() == ['{"language":"b"}', '{"language":"c\\\\"}']
