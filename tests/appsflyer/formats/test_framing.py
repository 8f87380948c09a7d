"""The messages of every layout come back whole, counted once, with their positions."""

import bz2
import gzip
import io
import json
from collections.abc import Callable

import pytest
import zstandard

from etl.appsflyer.formats.framing import raw_message, read_blocks
from etl.appsflyer.formats.limits import BLOCK_BYTES, MAX_MESSAGE_BYTES
from etl.appsflyer.messages import Block, Reason, Reject, Style

MESSAGES: list[dict[str, object]] = [
    {"app_id": "com.a", "event_name": "install", "event_value": None},
    {"app_id": "id1", "event_name": 'a"}{"\\', "event_value": '{"af_revenue": "1.10", "x": "\\""}'},
    {"app_id": "com.b", "event_name": "\u4e2d\u6587 \U0001f600", "nested": {"a": [{"b": {}}, {}]}},
    {"app_id": "com.c", "event_name": "\\\\\\", "event_value": "\r\n}{"},
]

Write = Callable[[list[dict[str, object]]], bytes]


def dump(message: dict[str, object], **options: object) -> bytes:
    """Write one message as JSON."""
    return json.dumps(message, ensure_ascii=False, **options).encode()  # type: ignore[arg-type]


LAYOUTS: dict[str, Write] = {
    "lines": lambda messages: b"".join(dump(message) + b"\n" for message in messages),
    "lines_unended": lambda messages: b"\n".join(map(dump, messages)),
    "crlf": lambda messages: b"".join(dump(message) + b"\r\n" for message in messages),
    "blank_lines": lambda messages: b"\n \t\n" + b"\n\n\r\n".join(map(dump, messages)) + b"\n\n",
    "bom": lambda messages: b"\xef\xbb\xbf" + b"\n".join(map(dump, messages)),
    "lone_returns": lambda messages: b"\r".join(map(dump, messages)) + b"\r",
    "concatenated": lambda messages: b"".join(map(dump, messages)),
    "spaced": lambda messages: b" ".join(map(dump, messages)),
    "pretty": lambda messages: b"\n".join(dump(message, indent=2) for message in messages),
    "pretty_concatenated": lambda messages: b"".join(dump(message, indent="\t") for message in messages),
    "array": lambda messages: json.dumps(messages).encode(),
    "array_lines": lambda messages: b"[\n" + b",\n".join(map(dump, messages)) + b"\n]\n",
    "pretty_array": lambda messages: json.dumps(messages, indent=4).encode(),
    "arrays": lambda messages: b"\n".join(json.dumps([message]).encode() for message in messages),
    "record_separators": lambda messages: b"".join(b"\x1e" + dump(message) + b"\n" for message in messages),
    "comma_first": lambda messages: b"\n, ".join(map(dump, messages)),
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
}


def frame(
    data: bytes, block_bytes: int = BLOCK_BYTES, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> list[Block]:
    """Read all blocks."""
    return list(read_blocks(io.BytesIO(data), block_bytes=block_bytes, max_message_bytes=max_message_bytes))


def list_lines(blocks: list[Block]) -> list[bytes]:
    """List the lines of every payload."""
    return [line for block in blocks for line in block.payload.split(b"\n")[:-1]]


def list_rejects(blocks: list[Block]) -> list[Reject]:
    """List what was refused."""
    return [reject for block in blocks for reject in block.rejects]


def count(blocks: list[Block]) -> int:
    """Count messages and what was refused."""
    return sum(block.messages + len(block.rejects) for block in blocks)


def list_positions(blocks: list[Block]) -> list[int]:
    """List the positions of every message."""
    positions: list[int] = []
    for block in blocks:
        consecutive = range(block.first_position, block.first_position + block.messages)
        positions += consecutive if block.positions is None else block.positions.tolist()
    return positions


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_messages_come_back(layout: Write, compress: Callable[[bytes], bytes], block_bytes: int) -> None:
    """Every layout in every compression gives equal messages, one a line, whatever the size of a block."""
    blocks = frame(compress(layout(MESSAGES)), block_bytes=block_bytes)
    assert [json.loads(line) for line in list_lines(blocks)] == MESSAGES
    assert count(blocks) == len(MESSAGES)
    assert {block.style for block in blocks} == {Style.JSON}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_one_message_is_an_object_of_one(layout: Write) -> None:
    """An object with a single message is read in every layout."""
    blocks = frame(layout(MESSAGES[:1]))
    assert [json.loads(line) for line in list_lines(blocks)] == MESSAGES[:1]
    assert count(blocks) == 1


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_raw_message_is_found_by_its_position(layout: Write) -> None:
    """The position of a message leads back to its bytes, as they stand in the object."""
    data = layout(MESSAGES)
    positions = list_positions(frame(data, block_bytes=50))
    raws = [raw_message(io.BytesIO(gzip.compress(data)), position) or b"" for position in positions]
    assert [json.loads(raw) for raw in raws] == MESSAGES
    assert all(raw in data for raw in raws)
    assert raw_message(io.BytesIO(data), positions[-1] + 1000) is None


def test_positions_of_lines_are_line_numbers() -> None:
    """Blank lines are counted in positions and in nothing else."""
    blocks = frame(b'\n{"a":1}\n  \n\n{"a":2}\n{"a":3}', block_bytes=10)
    assert list_positions(blocks) == [2, 5, 6]


def test_positions_of_values_are_ordinals() -> None:
    """What is refused takes an ordinal as well."""
    blocks = frame(b'[{"a":1}, 7, {"a":2}, {"a":3}]', block_bytes=10)
    assert list_positions(blocks) == [1, 3, 4]
    assert list_rejects(blocks) == [Reject(2, Reason.NOT_AN_OBJECT, b"7")]


def test_an_empty_or_blank_object_has_no_block() -> None:
    """Nothing, whitespace alone and a byte order mark alone hold no message."""
    assert [frame(data) for data in (b"", b" \r\n\n\t", b"\xef\xbb\xbf", gzip.compress(b""))] == [[]] * 4


def test_an_empty_array_holds_no_message() -> None:
    """Brackets separate, they are counted nowhere."""
    assert frame(b"[ ]\n") == []


def test_a_bad_line_among_json_lines_stays_in_the_payload() -> None:
    """What is wrong with a line is the parser's to say: text, scalars, NUL bytes, invalid UTF-8."""
    lines = [
        b"oops",
        b'{"a":1}',
        b"12",
        b"null",
        b"\0\0",
        b'{"a":"\xff"}',
        b"[]",
        b'{"a":NaN}',
        b'{"a":1}{"a":2}',
    ]
    assert list_lines(frame(b"\n".join(lines), block_bytes=12)) == lines


def test_json_lines_are_recognised_after_broken_ones() -> None:
    """One sound line among the first ten is enough, a cut one before it notwithstanding."""
    lines = [b'{"a":1,'] + [b'{"event_name":"x'] * 8 + [b'{"a":1}'] + [b'{"a":'] * 3
    assert list_lines(frame(b"\n".join(lines))) == lines


def test_a_file_of_scalars_is_lines() -> None:
    """Top-level scalars are lines of JSON, each counted."""
    assert list_lines(frame(b'1\n"a{b"\ntrue\n')) == [b"1", b'"a{b"', b"true"]


TEXT = [
    b"app_id=a&event_name=b",
    b"GET /p?app_id=a&x=%7B HTTP/1.1",
    b"# app_id=c",
    b"caf\xe9?app_id=d",
    b"\0",
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_text_lines_are_given_without_their_ends(end: bytes, block_bytes: int) -> None:
    """Lines of text come as they are, comments among them, whatever ends them."""
    blocks = frame(end.join([b"", *TEXT, b"", b" ", b"x" * 100]) + end, block_bytes=block_bytes)
    assert list_lines(blocks) == [*TEXT, b"x" * 100]
    assert {block.style for block in blocks} == {Style.TEXT}
    assert list_positions(blocks) == [2, 3, 4, 5, 6, 9]


def test_an_html_page_is_text() -> None:
    """A page that was saved under the name of an export is conserved line by line."""
    page = b'<!DOCTYPE html>\n<html>\n\n<body>502 {"\n</html>'
    assert list_lines(frame(page)) == [line for line in page.split(b"\n") if line]


CLOUDFRONT = (
    b"#Version: 1.0\n#Fields: date time x-edge-location cs-uri-query\n2026-01-01\t00:00:01\tFRA\tapp_id=a\n"
    b"# a remark\n#Fields: cs-uri-query date\r\napp_id=b\t2026-01-01\napp_id=c\t2026-01-01\n"
)


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
def test_cloudfront_headers_are_no_messages(block_bytes: int) -> None:
    """Directives are not counted; a later one for fields changes the query's column from there on."""
    blocks = frame(CLOUDFRONT, block_bytes=block_bytes)
    lines = list_lines(blocks)
    assert [line.split(b"\t")[-1] for line in lines[:2]] == [b"app_id=a", b"# a remark"]
    assert len(lines) == 4
    assert list_positions(blocks) == [3, 4, 6, 7]
    columns = {line: block.query_column for block in blocks for line in list_lines([block])}
    assert (columns[lines[0]], columns[lines[2]], columns[lines[3]]) == (3, 0, 0)


def test_a_log_that_is_not_separated_by_tabs_has_no_query_column() -> None:
    """Other servers name their fields likewise, and separate them by spaces."""
    (block,) = frame(b"#Software: IIS\n#Fields: date cs-uri-query\n2026-01-01 app_id=a\n")
    assert (block.messages, block.query_column) == (1, None)


@pytest.mark.parametrize("block_bytes", [10, 64, 1 << 20])
@pytest.mark.parametrize("size", [100, 101, 5000])
def test_a_line_is_refused_above_the_limit(size: int, block_bytes: int) -> None:
    """A line of just the limit is read, a longer one refused, and the next one read."""
    line = b'{"a":"' + b"x" * (size - 8) + b'"}'
    blocks = frame(b'{"a":1}\n' + line + b'\n{"a":2}\n', block_bytes=block_bytes, max_message_bytes=100)
    is_large = size > 100
    assert list_lines(blocks) == [b'{"a":1}', *([] if is_large else [line]), b'{"a":2}']
    assert count(blocks) == 3
    assert [reject.position for reject in list_rejects(blocks)] == [2] * is_large
    assert {reject.reason for reject in list_rejects(blocks)} <= {Reason.MESSAGE_TOO_LARGE}
    assert list_positions(blocks)[-1] == 3


@pytest.mark.parametrize("block_bytes", [10, 64, 1 << 20])
def test_a_value_is_refused_above_the_limit(block_bytes: int) -> None:
    """Among concatenated values one that is too large is counted once, and those around it are read."""
    large = b'{"a":"' + b"x" * 5000 + b'","b":{}}'
    blocks = frame(b'{"a":1}' + large + b'{"a":2}{"a":3}', block_bytes=block_bytes, max_message_bytes=100)
    assert list_lines(blocks) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    (reject,) = list_rejects(blocks)
    assert (reject.position, reject.reason) == (2, Reason.MESSAGE_TOO_LARGE)
    assert large.startswith(reject.raw)


@pytest.mark.parametrize("layout", ["lines", "concatenated", "pretty"])
def test_a_message_of_20_mb_survives(layout: str) -> None:
    """A long message is read like any other, though blocks are smaller."""
    messages: list[dict[str, object]] = [
        {"app_id": "a"},
        {"app_id": "b", "items": [{"event_name": "x" * 1000, "n": n} for n in range(20_000)]},
        {"app_id": "c"},
    ]
    blocks = frame(LAYOUTS[layout](messages), block_bytes=1 << 20)
    assert [json.loads(line)["app_id"] for line in list_lines(blocks)] == ["a", "b", "c"]
    assert count(blocks) == 3


def test_the_head_of_a_refused_message_is_kept() -> None:
    """Of a message that is too large there are the first 64 KiB."""
    (block, *_) = frame(b"?" * 300_000 + b"\nx\n", max_message_bytes=100_000)
    assert block.rejects == (Reject(1, Reason.MESSAGE_TOO_LARGE, b"?" * (64 << 10)),)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_truncation_is_refused_once(layout: Write) -> None:
    """Wherever a gzip is cut, whole messages are read and exactly one thing is refused for the truncation."""
    data = gzip.compress(layout(MESSAGES))
    for cut in range(1, len(data)):
        blocks = frame(data[:cut], block_bytes=100)
        reasons = [reject.reason for reject in list_rejects(blocks)]
        assert reasons.count(Reason.TRUNCATED_OBJECT) == 1, cut
        assert reasons[-1] is Reason.TRUNCATED_OBJECT
        whole = [line for line in list_lines(blocks) if line.endswith(b"}")]
        assert [json.loads(line) for line in whole] == MESSAGES[: len(whole)]


def test_damage_between_messages_counts_as_one() -> None:
    """A truncation that leaves no unfinished message is marked by an empty one."""
    blocks = frame(gzip.compress(LAYOUTS["lines"](MESSAGES))[:-4])
    assert list_rejects(blocks) == [Reject(5, Reason.TRUNCATED_OBJECT, b"")]
    assert count(blocks) == 5


def test_the_unfinished_message_is_kept() -> None:
    """The tail of a truncated object is refused with its bytes."""
    whole = gzip.compress(b'{"a":1}\n{"a":', 0)
    (reject,) = list_rejects(frame(whole[:-8]))
    assert (reject.position, reject.raw) == (2, b'{"a":')


def test_a_corrupt_object_gives_what_comes_before() -> None:
    """Corruption is a reason of its own."""
    data = bytearray(gzip.compress(LAYOUTS["concatenated"](MESSAGES)))
    data[-6] ^= 1
    blocks = frame(bytes(data))
    assert len(list_lines(blocks)) == 4
    assert [reject.reason for reject in list_rejects(blocks)] == [Reason.CORRUPT_OBJECT]
