from collections.abc import Sequence

import pyarrow as pa
import pytest

from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.numerals import restore_numerals
from etl.appsflyer.survey import survey_keys


def restore(payload: bytes, **columns: Sequence[str | None]) -> dict[str, list[str | None]]:
    """Restore columns that a parser made of some lines."""
    starts = survey_keys(payload).rewritable
    arrays = {name: pa.array(texts, pa.string()) for name, texts in columns.items()}
    restored = restore_numerals(arrays, payload, starts, LineIndex(payload).rows_at(starts))
    return {name: column.to_pylist() for name, column in restored.columns.items()}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("1.10", "1.1"), ("1e5", "100000.0"), ("-0", "0"), ("0.1234567890123456789", "0.12345678901234568")],
)
def test_a_number_gets_its_text_back(text: str, parsed: str) -> None:
    """What a parser rewrote is as it came."""
    assert restore(f'{{"a":{text}}}\n'.encode(), a=[parsed]) == {"a": [text]}


def test_each_row_gets_its_own_text() -> None:
    """Rows whose numbers came back as they are stay."""
    payload = b'{"a":1.10}\n{"a":"1.1"}\n{"a":  2.0}\n'
    assert restore(payload, a=["1.1", "1.1", "2.0"]) == {"a": ["1.10", "1.1", "2.0"]}


def test_an_object_gets_its_text_back_whole() -> None:
    """Spaces and numbers inside are kept, and texts with brackets do not end it."""
    payload = b'{"a":{"x": [1.10, "]}"], "a": 5.50},"b":1.50}\n'
    assert restore(payload, a=['{"x":[1.1,"]}"],"a":5.5}'], b=["1.5"]) == {
        "a": ['{"x": [1.10, "]}"], "a": 5.50}'],
        "b": ["1.50"],
    }


def test_a_number_inside_an_object_changes_no_other_column() -> None:
    """A nested key that is called like a column belongs to its object."""
    payload = b'{"a":{"b":1.50},"b":"1.5"}\n'
    assert restore(payload, a=['{"b":1.5}'], b=["1.5"]) == {"a": ['{"b":1.50}'], "b": ["1.5"]}


def test_a_key_may_be_written_with_escapes() -> None:
    """Escapes in a key name the same column."""
    assert restore(b'{"\\u0061\\"":1.50}\n', **{'a"': ["1.5"]}) == {'a"': ["1.50"]}


def test_a_text_that_ends_like_a_key_is_none() -> None:
    """An escaped quote opens no key."""
    assert restore(b'{"x\\"a":1.50}\n', a=["1.5"]) == {"a": ["1.5"]}


def test_a_number_of_another_value_is_not_touched() -> None:
    """Only a text of equal value is replaced."""
    assert restore(b'{"a":1.50}\n', a=["7"]) == {"a": ["7"]}


def test_objects_that_are_values_are_told() -> None:
    """The caller learns which objects and arrays are values of columns, so that their keys are nobody's."""
    payload = b'{"a":{"x":1},"b":[],"c":{"y":1}}\n'
    starts = survey_keys(payload).rewritable
    columns = {"a": pa.array(['{"x":1}']), "b": pa.array(["[]"])}
    restored = restore_numerals(columns, payload, starts, LineIndex(payload).rows_at(starts))
    assert restored.nested == ['{"x":1}', "[]"]
