from collections.abc import Iterator

import pyarrow as pa
import pytest

from etl.appsflyer.json_lines import JsonLines


@pytest.fixture(scope="module")
def json_lines() -> Iterator[JsonLines]:
    """One connection for all tests, as one serves a whole chunk."""
    with JsonLines() as opened:
        yield opened


def test_each_line_is_a_row_in_order(json_lines: JsonLines) -> None:
    """Named keys become text columns; other keys are left out."""
    table = json_lines.split(b'{"a":"x","c":1}\n{"b":true}\n', ["a", "b"])
    assert table.to_pylist() == [{"a": "x", "b": None}, {"a": None, "b": "true"}]


@pytest.mark.parametrize(
    "bad",
    [b"x", b'{"a":1', b"[1]", b"5", b"null", b'{"a":"\xff"}', b'{"a":"\\ud800"}', b'{"a":1}{"a":2}', b"\0"],
)
def test_a_line_that_is_no_object_is_a_row_of_nulls(json_lines: JsonLines, bad: bytes) -> None:
    """A bad line costs neither its neighbours nor its place."""
    table = json_lines.split(b'{"a":"1"}\n' + bad + b'\n{"a":"2"}\n', ["a"])
    assert table["a"].to_pylist() == ["1", None, "2"]


def test_a_payload_leaves_nothing_behind_for_a_shorter_one(json_lines: JsonLines) -> None:
    """The file that lines pass through is cut to each payload."""
    json_lines.split(b'{"a":"1"}\n' * 1000, ["a"])
    assert json_lines.split(b'{"a":"2"}\n', ["a"]).num_rows == 1


def test_a_line_longer_than_the_usual_room_is_read(json_lines: JsonLines) -> None:
    """Room grows for a block that needs it."""
    long = "x" * (9 << 20)
    table = json_lines.split(f'{{"a":"{long}"}}\n'.encode() + b'{"a":"2"}\n', ["a"])
    assert table["a"].to_pylist() == [long, "2"]


def test_names_may_hold_quotes_and_spaces(json_lines: JsonLines) -> None:
    """A field may be called anything."""
    name = 'it\'s "odd" \\ name\n'
    line = b'{"it\'s \\"odd\\" \\\\ name\\n":"x"}\n'
    assert json_lines.split(line, [name])[name].to_pylist() == ["x"]


def test_lines_are_grouped_by_their_keys(json_lines: JsonLines) -> None:
    """Keys come in order and with repetitions; lines that are no JSON are in no group."""
    lines = pa.array(['{"a":1,"a":2}', "x", '{"b":1}', '{"b":2}'], pa.large_string())
    found = {tuple(keys): sorted(rows) for keys, rows in json_lines.group_by_keys(lines)}
    assert found == {("a", "a"): [0], ("b",): [2, 3]}
