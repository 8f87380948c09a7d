import numpy as np
import pyarrow as pa

from etl.appsflyer.extras import build_extra, join_extra
from etl.appsflyer.unify import Extra


def make(name: str, rows: list[int], texts: list[str]) -> Extra:
    """Make the values of one name."""
    return Extra(name, np.array(rows, dtype=np.int64), pa.array(texts, pa.string()))


def test_each_row_has_its_own_names_in_order() -> None:
    """A map a row, ordered by name; rows with nothing are null."""
    built = build_extra([make("z", [0, 3], ["1", "2"]), make("a", [0, 1], ["3", "4"])], 4)
    assert built.to_pylist() == [[("a", "3"), ("z", "1")], [("a", "4")], None, [("z", "2")]]


def test_nothing_is_null_in_every_row() -> None:
    """No values, no maps."""
    assert build_extra([], 2).to_pylist() == [None, None]
    assert build_extra([make("a", [], [])], 2).to_pylist() == [None, None]


def test_values_are_joined_to_be_searched() -> None:
    """A row's values stand in one text, a line each; rows with none have no text."""
    built = build_extra([make("a", [1, 2], ["x", "y"]), make("b", [1], ["z"])], 4)
    assert join_extra(built).to_pylist() == [None, "x\nz", "y", None]
    assert join_extra(build_extra([], 2)).to_pylist() == [None, None]
