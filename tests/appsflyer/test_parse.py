import json

import pytest

from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.parse import MAX_LEARNED_FIELDS, JsonParser, ParsedLines


@pytest.fixture
def parser() -> JsonParser:
    """A parser that has learned nothing yet."""
    return JsonParser()


def parse(parser: JsonParser, *lines: bytes) -> ParsedLines:
    """Parse some lines."""
    return parser.parse(LineIndex(b"".join(line + b"\n" for line in lines)), len(lines))


def texts(parsed: ParsedLines, name: str) -> list[str | None]:
    """Give a column's texts."""
    return list(parsed.columns[name].to_pylist())


def test_known_fields_become_columns(parser: JsonParser) -> None:
    """A column for each field that some line has, and for no other."""
    parsed = parse(parser, b'{"app_id":"a"}', b'{"app_id":"b","wifi":true}')
    assert set(parsed.columns) == {"app_id", "wifi"}
    assert texts(parsed, "wifi") == [None, "true"]
    assert not len(parsed.leftover)


def test_new_fields_are_learned(parser: JsonParser) -> None:
    """An unknown field gets a column, in this block and in those that follow."""
    assert texts(parse(parser, b'{"app_id":"a","new":"x"}'), "new") == ["x"]
    assert texts(parse(parser, b'{"app_id":"a","new":"y"}'), "new") == ["y"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"app_id" :"a","new":"x"}',
        b'{"app_id":"a","new\\\\":"x"}',
        b'{"app_id":"a","event_name":"b","x":nan}',
        b'{"app_id"\t:"a","wifi" :null,"new":5}',
    ],
)
def test_nothing_hides_a_new_field(parser: JsonParser, line: bytes) -> None:
    """Odd spacing and escapes cannot make an unknown key pass for a known one."""
    parsed = parse(parser, b'{"app_id":"first"}', line)
    unknown = [name for name in parsed.columns if name not in {"app_id", "event_name"}]
    assert unknown or parsed.leftover.tolist() == [1]


@pytest.mark.parametrize(
    "line",
    [
        b"junk",
        b"[1]",
        b"{}",
        b'{"app_id":"a","app_id":"b"}',
        b'{"app_id":"a","APP_ID":"b"}',
        b'{"app_id":"a","":"b"}',
    ],
)
def test_lines_that_columns_cannot_hold_are_left_over(parser: JsonParser, line: bytes) -> None:
    """Only the odd line is read the slow way; its neighbours are not."""
    parsed = parse(parser, b'{"app_id":"x"}', line, b'{"app_id":"y"}')
    assert parsed.leftover.tolist() == [1]
    assert texts(parsed, "app_id")[::2] == ["x", "y"]


def test_too_many_new_fields_are_not_learned(parser: JsonParser) -> None:
    """Beyond the limit lines go the slow way instead of widening every block."""
    flood = json.dumps(
        {"app_id": "a", **{f"f{number}": 1 for number in range(MAX_LEARNED_FIELDS + 1)}}
    ).encode()
    assert parse(parser, flood, b'{"app_id":"b"}').leftover.tolist() == [0]
    assert parse(parser, b'{"app_id":"c","f1":"2"}').columns["f1"].to_pylist() == ["2"]


def test_numbers_and_objects_keep_their_text(parser: JsonParser) -> None:
    """What a parser might rewrite comes as it was written."""
    parsed = parse(parser, b'{"app_id":"a","event_revenue":1.10,"event_value":{"b": 1e5}}')
    assert (texts(parsed, "event_revenue"), texts(parsed, "event_value")) == (["1.10"], ['{"b": 1e5}'])


def test_a_row_with_unusual_fields_only_is_no_empty_row(parser: JsonParser) -> None:
    """Lines without app, name, time and id are looked at before they are left over."""
    parsed = parse(parser, b'{"city":"Oslo"}', b'{"app_id":"a"}')
    assert texts(parsed, "city") == ["Oslo", None]
    assert not len(parsed.leftover)
