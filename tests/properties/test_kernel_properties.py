"""Whatever bytes a line holds, the compiled parser reads it as Python's own does, or not at all."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.appsflyer.jsonlines.layout import MAX_VALUES
from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.objects import UnreadableObject, read_object
from etl.appsflyer.parse import JsonParser

Texts = dict[str, str]

PARSER = JsonParser()
NEIGHBOUR = b'{"app_id":"id1","city":"Oslo"}'
# Fields of both kinds: few values, which become dictionaries, and many.
NAMES = (
    "app_id",
    "city",
    "event_value",
    "event_revenue",
    "customer_user_id",
    "unheard",
    'q"',
    "é",
    "x\u2028",
)

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=40)
scalars = st.one_of(
    texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
members = st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=6)
written = st.builds(
    lambda item, is_ascii, space: json.dumps(
        item, ensure_ascii=is_ascii, separators=(f"{space},{space}", f"{space}:{space}")
    ).encode(),
    members,
    st.booleans(),
    st.sampled_from(["", " ", "\t", "\r ", " " * 40]),
)
MARKS = [
    *b'{}[]":,\\/ \t\r\0\x1f\x7f\x80\xa0\xbf\xc0\xc2\xe0\xed\xef\xf0\xf4\xf5\xff',
    *b"-+.0123456789eEnulltrufasb",
]
edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from(["put", "cut", "swap"]),
        st.one_of(st.sampled_from(MARKS), st.integers(0, 255)),
    ),
    min_size=1,
    max_size=4,
)


def corrupt(line: bytes, changes: Sequence[tuple[float, str, int]]) -> bytes:
    """Put in, cut out or change some bytes, but let it stay one line."""
    data = bytearray(line)
    for share, kind, byte in changes:
        at = int(share * (len(data) - 1)) if data else 0
        if kind == "put":
            data.insert(at, byte)
        elif data and kind == "cut":
            del data[at]
        elif data:
            data[at] = byte
    return bytes(data).replace(b"\n", b" ")


def read_quickly(*lines: bytes, parser: JsonParser = PARSER) -> list[Texts | None]:
    """Give what columns hold of each line; None where it is left over."""
    parsed = parser.parse(LineIndex(b"".join(line + b"\n" for line in lines)), len(lines))
    for column in parsed.columns.values():
        column.validate(full=True)
    rows = zip(*(column.to_pylist() for column in parsed.columns.values()), strict=True)
    found: list[Texts | None] = [
        {name: text for name, text in zip(parsed.columns, row, strict=True) if text is not None}
        for row in rows
    ] or [{} for _ in lines]
    for row in parsed.leftover.tolist():
        found[row] = None
    return found


def read_slowly(line: bytes) -> Texts | None:
    """Give what Python's own JSON parser reads; None where it is no message."""
    try:
        return {name: text for name, text in read_object(line).items() if text}
    except UnreadableObject:
        return None


def check(line: bytes) -> Texts | None:
    """Read a line between two others, which it must leave alone; give what it holds, None if left over."""
    before, found, after = read_quickly(NEIGHBOUR, line, NEIGHBOUR)
    assert before == after == {"app_id": "id1", "city": "Oslo"}
    assert found is None or found == read_slowly(line)
    return found


@settings(max_examples=400, deadline=None)
@given(line=written)
def test_sound_lines_become_columns(line: bytes) -> None:
    """Nothing but odd keys and empty objects sends a sound line the slow way, and every text is exact."""
    found = check(line)
    assert found is not None
    for name, value in json.loads(line).items():
        if isinstance(value, str):
            assert found.get(name, "") == value
        elif value is not None:
            assert json.loads(found[name]) == value


@settings(max_examples=300, deadline=None)
@given(line=written, damages=st.lists(edits, min_size=5, max_size=5))
@example(line=b'{"city":"x"}', damages=[[]])
def test_corrupt_lines_are_never_misread(line: bytes, damages: list[list[tuple[float, str, int]]]) -> None:
    """A line with damaged bytes is left over, or reads as what it says now, whatever the damage is."""
    for changes in damages:
        check(corrupt(line, changes))


@settings(max_examples=300, deadline=None)
@given(line=st.binary(max_size=80))
def test_any_bytes_are_survived(line: bytes) -> None:
    """Bytes that are no JSON at all are left over."""
    check(line.replace(b"\n", b" "))


@pytest.mark.parametrize(
    "line",
    [
        b'{"city":"a\\u0062\\ud83d\\ude00\\u00e9\\u2028\\b\\f\\n\\r\\t\\/\\\\\\""}',
        b'{"app\\u005fid":"x"}',
        b' \t{ "city"\t:\r"x" , "wifi" : true } \r',
        b'{"event_revenue":-0}',
        b'{"event_revenue":1e5}',
        b'{"event_revenue":-0.1234567890123456789E-12}',
        b'{"event_revenue":' + b"9" * 400 + b"}",
        b'{"event_value":{"a":[1,{"b":"\\u00e9"}],"a":[]}}',
        b'{"event_value":' + b"[" * 60 + b"]" * 60 + b"}",
        '{"city":"\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"}'.encode(),
        b'{"city":"\\u0000"}',
    ],
)
def test_what_the_grammar_allows_is_read(line: bytes) -> None:
    """Escapes, numbers of any length, nesting and every kind of space are read the fast way."""
    found = check(line)
    assert found
    assert found == read_slowly(line)


@pytest.mark.parametrize(
    "line",
    [
        b"\xef\xbb\xbf" + NEIGHBOUR,
        b'{"city":"x"}\0',
        b'{"city":"a\rb"}',
        b'{"city":"a\x00b"}',
        b'{"city":"\x1f"}',
        b'{"city":"\xc0\xaf"}',
        b'{"city":"\xed\xa0\x80"}',
        b'{"city":"\xf4\x90\x80\x80"}',
        b'{"city":"\xe2\x82"}',
        b'{"city":"\\ud800"}',
        b'{"city":"\\udc00\\ud800"}',
        b'{"city":"\\ud800\\u0041"}',
        b'{"city":"\\x"}',
        b'{"city":"\\u12g4"}',
        b'{"city":NaN}',
        b'{"city":-Infinity}',
        b'{"city":01}',
        b'{"city":+1}',
        b'{"city":1.}',
        b'{"city":.5}',
        b'{"city":1e}',
        b'{"city":-}',
        b'{"city":nul}',
        b'{"city":True}',
        b'{"city":"x",}',
        b'{"city":[1,]}',
        b'{"city":{"a":1,}}',
        b'{"city":{"a"}}',
        b'{"city":[}',
        b'{"city":"x"',
        b'{"city":"x"}}',
        b'{"city" "x"}',
        b'{city:"x"}',
        b'{"city":"x"}{"city":"y"}',
        b'{"event_value":' + b"[" * 61 + b"]" * 61 + b"}",
        b'{"event_value":' + b"[" * 100_000 + b"}",
        b'{"city":"a","city":"b"}',
        b'{"city":"a","c\\u0069ty":"a"}',
        b'{"city":null,"city":"b"}',
        b'{"city":"a","City":"b"}',
        b'{"city":"a","":"b"}',
        b"{}",
    ],
)
def test_what_the_grammar_forbids_is_left_over(line: bytes) -> None:
    """Whatever is not exactly one plain object is left to the slow way."""
    assert check(line) is None


@settings(max_examples=200, deadline=None)
@given(
    shortest=st.lists(st.sampled_from([b'"":1', b'"":[]', b'"":""', b'"a":1']), max_size=60),
    times=st.integers(1, 40),
    end=st.sampled_from([b"}", b",}", b"", b'"']),
)
@example(shortest=[b'"":1'], times=2000, end=b"}")
def test_lines_of_the_shortest_members_are_survived(shortest: list[bytes], times: int, end: bytes) -> None:
    """As many values as bytes can hold have room, though the line turns out to be odd."""
    line = b"{" + b",".join(shortest * times) + end
    before, _, after = read_quickly(NEIGHBOUR, line, NEIGHBOUR, parser=JsonParser())
    assert before == after == {"app_id": "id1", "city": "Oslo"}


@pytest.mark.parametrize("name", ["city", "customer_user_id"])
def test_texts_of_any_length_stand_anywhere(name: str) -> None:
    """Bytes are looked at 32 at a time, and one by one before the end: neither shows."""
    texts = ["x" * size for size in range(1, 300)] + ["é" * size for size in range(1, 100)]
    lines = [
        json.dumps({"event_value": "p" * (size % 61), name: text}).encode() for size, text in enumerate(texts)
    ]
    assert [item and item[name] for item in read_quickly(*lines)] == texts


def test_equal_texts_are_one_value_however_they_are_escaped() -> None:
    """A dictionary holds each text once, and not the empty one."""
    lines = [b'{"city":"ab"}', b'{"city":"a\\u0062"}', b'{"city":"\\u0061b"}', b'{"city":""}']
    parsed = PARSER.parse(LineIndex(b"\n".join([*lines, b""])), 4)
    assert parsed.columns["city"].dictionary.to_pylist() == ["ab"]
    assert parsed.columns["city"].to_pylist() == ["ab", "ab", "ab", None]


@pytest.mark.parametrize("text", ["{}", "{}" + "x" * 200, "\\u0041{}"])
def test_a_field_with_many_values_is_plain_text(text: str) -> None:
    """More values than a dictionary has room for are kept all the same."""
    wanted = [text.replace("{}", str(number)) for number in range(MAX_VALUES + 100)]
    parsed = PARSER.parse(
        LineIndex(b"".join(f'{{"city":"{each}"}}\n'.encode() for each in wanted)), len(wanted)
    )
    assert parsed.columns["city"].to_pylist() == [each.replace("\\u0041", "A") for each in wanted]


def test_hundreds_of_new_fields_are_read_at_once() -> None:
    """A wide message is one like any other."""
    item = {f"new_{number}": str(number) for number in range(500)}
    line = json.dumps(item).encode()
    assert JsonParser().parse(LineIndex(line + b"\n"), 1).columns.keys() == item.keys()


def test_a_huge_line_is_read() -> None:
    """Twenty megabytes of one text are no more than a text."""
    text = 'é"x' * 5_000_000
    assert read_quickly(json.dumps({"event_value": text}, ensure_ascii=False).encode()) == [
        {"event_value": text}
    ]


def test_keys_without_end_are_not_learned() -> None:
    """Beyond the room for keys, lines with new ones are left over and the others are not."""
    parser = JsonParser()
    lines = [b'{"k%d":"x"}' % number for number in range(10_000)]
    parsed = parser.parse(LineIndex(b"\n".join([*lines, NEIGHBOUR, b""])), 10_001)
    assert 10_000 not in parsed.leftover
    assert parsed.leftover.tolist() == list(range(1000, 10_000))
    assert not len(parser.parse(LineIndex(NEIGHBOUR + b"\n"), 1).leftover)
