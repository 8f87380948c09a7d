"""Whatever lines hold, the fast way and the slow way read the same."""

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.lines import merge_blocks
from etl.appsflyer.messages import Block, Reason, Style
from etl.appsflyer.objects import UnreadableObject, read_object
from etl.appsflyer.parse import JsonParser
from etl.appsflyer.read import ReadingRules, ReadLines, read_lines

Texts = dict[str, str]

KNOWN = ("app_id", "event_name", "event_time", "event_value", "event_revenue", "wifi", "customer_user_id")
NUMBERS = [
    "1",
    "-0",
    "0",
    "-5",
    "1.10",
    "1e5",
    "1E+2",
    "-0.0",
    "123456789012345",
    "1234567890123456",
    "12345678901234567890",
    "123456789012345678901234",
    "0.1234567890123456789",
    "1e400",
]
ODD_TEXTS = (
    "",
    ":x",
    ":null",
    ": n",
    " :",
    ':{"a"',
    ":1.10",
    ":[",
    "a  : b",
    "a\\",
    '"q" : 1',
    '\\"z\\":1',
    '{"a":1.10}',
)

spaces = st.sampled_from(["", "", "", " ", "  ", "\t", " \r", " " * 20])
texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
literals = st.one_of(
    st.builds(json.dumps, texts, ensure_ascii=st.booleans()),
    st.sampled_from(NUMBERS),
    st.sampled_from(["null", "true", "false", "NaN", "-Infinity"]),
)
keys = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(["App_ID", "foo", "Foo", "", ":", "x,", "a\\", 'q"event_value']),
    texts,
)


def write_object(members: Sequence[tuple[str, str]], space: str) -> str:
    """Write an object with some space around all of its marks."""
    pairs = [f"{json.dumps(key)}{space}:{space}{value}" for key, value in members]
    return "{" + space + f"{space},{space}".join(pairs) + space + "}"


def write_array(values: Sequence[str], space: str) -> str:
    """Write an array in the same manner."""
    return "[" + f"{space},{space}".join(values) + "]"


values = st.recursive(
    literals,
    lambda inner: st.one_of(
        st.builds(write_object, st.lists(st.tuples(keys, inner), max_size=3), spaces),
        st.builds(write_array, st.lists(inner, max_size=3), spaces),
    ),
    max_leaves=5,
)
objects = st.builds(write_object, st.lists(st.tuples(keys, values), max_size=6), spaces)
junk = st.sampled_from(["junk", "5", "[]", '"x"', "\0", '{"app_id":1', '{"app_id":"a"} x'])
lines = st.lists(st.one_of(objects, objects, objects, junk), min_size=1, max_size=8)


def read(raws: Sequence[bytes]) -> ReadLines:
    """Read lines together with a parser that has learned nothing."""
    block = Block(Style.JSON, b"".join(raw + b"\n" for raw in raws), len(raws), 1)
    return read_lines(merge_blocks([(0, block)]), JsonParser(), ReadingRules())


def messages_by_line(found: ReadLines) -> dict[int, list[Texts]]:
    """Give the messages of each line, without what is null or empty."""
    messages: dict[int, list[Texts]] = {}
    for batch in found.batches:
        for row in sorted(set(range(batch.rows)) - set(batch.void.tolist())):
            fields = {name: column[row].as_py() for name, column in batch.columns.items()}
            fields |= {stray.name: stray.text for stray in batch.strays if stray.row == row}
            present = {name: text for name, text in fields.items() if text}
            messages.setdefault(int(batch.positions[row]), []).append(present)
    return messages


def read_slowly(raw: bytes) -> Texts | Reason:
    """Read a line by Python's own JSON parser."""
    try:
        return {name: text for name, text in read_object(raw).items() if text}
    except UnreadableObject as error:
        return error.reason


@settings(max_examples=250, deadline=None)
@given(lines=lines)
def test_the_fast_way_reads_what_the_slow_way_reads(lines: list[str]) -> None:
    """Type drift, unknown and repeated keys, nesting, escapes and odd spacing change no text of any line."""
    raws = [line.encode() for line in lines]
    found = read(raws)
    messages = messages_by_line(found)
    refused = {each.line for each in found.rejects}
    for number, raw in enumerate(raws):
        expected = read_slowly(raw)
        if isinstance(expected, Reason):
            assert number in refused or (expected is not Reason.DUPLICATE_KEYS and number in messages)
        else:
            assert messages.get(number) == [expected]
            assert number not in refused


@settings(max_examples=150, deadline=None)
@given(members=st.lists(st.tuples(keys, values), max_size=6), space=spaces)
def test_the_slow_way_agrees_with_pythons_json(members: list[tuple[str, str]], space: str) -> None:
    """Texts are the ones that `json.loads` gives, other values parse to what it gives."""
    raw = write_object(members, space).encode()
    found = read_slowly(raw)
    expected = json.loads(raw)
    if found is Reason.DUPLICATE_KEYS:
        assert len(expected) < len(members)
        return
    assert isinstance(found, dict)
    assert found.keys() <= expected.keys()
    for name, text in found.items():
        if isinstance(expected[name], str) and expected[name]:
            assert text == expected[name]
        elif expected[name] not in {None, ""} if not isinstance(expected[name], (dict, list)) else True:
            assert repr(json.loads(text)) == repr(expected[name])
