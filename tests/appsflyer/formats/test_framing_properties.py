"""Whatever the messages and the damage to them, nothing is lost and nothing counted twice."""

import gzip
import io
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.formats.framing import frame_values, read_blocks
from etl.appsflyer.formats.spans import SEPARATORS
from etl.appsflyer.messages import Block

nasty_text = st.text(st.sampled_from('"{}[]\\,:\n\r\t aé中😀\x1e\x00'), max_size=12) | st.text(max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | nasty_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty_text, inner, max_size=3),
    max_leaves=6,
)
messages = st.fixed_dictionaries({"app_id": nasty_text}, optional={"event_value": values, "other": values})
spaces = st.text(st.sampled_from(" \t\n\r"), max_size=4).map(str.encode)
block_sizes = st.sampled_from([1, 7, 50, 1000, 1 << 20])


def frame(data: bytes, block_bytes: int) -> list[Block]:
    """Read all blocks."""
    return list(read_blocks(io.BytesIO(data), block_bytes=block_bytes))


def list_messages(blocks: list[Block]) -> list[object]:
    """Parse every line of every payload."""
    return [json.loads(line) for block in blocks for line in block.payload.split(b"\n")[:-1]]


def list_raws(blocks: list[Block]) -> Iterator[bytes]:
    """List the bytes of everything counted, as they landed."""
    for block in blocks:
        lines = block.payload.split(b"\n")[:-1]
        yield from (lines if block.raw_of is None else map(block.raw_of, range(block.messages)))
        yield from (reject.raw for reject in block.rejects)


def count(blocks: list[Block]) -> int:
    """Count messages and what was refused."""
    return sum(block.messages + len(block.rejects) for block in blocks)


def sum_bytes(data: bytes) -> dict[int, int]:
    """Count every byte that is no separator: equal sums mean nothing lost and nothing given twice."""
    kept = data.translate(None, SEPARATORS)
    return {byte: kept.count(byte) for byte in set(kept)}


@pytest.mark.parametrize("indent", [None, 1])
@given(
    is_ascii=st.booleans(),
    rows=st.lists(messages, min_size=1, max_size=6),
    data=st.data(),
    block_bytes=block_sizes,
)
def test_values_come_back_equal(
    indent: int | None,
    *,
    is_ascii: bool,
    rows: list[dict[str, object]],
    data: st.DataObject,
    block_bytes: int,
) -> None:
    """Objects with any space and separators around them are given one by one, equal to what was written."""
    joined = b"".join(
        data.draw(spaces)
        + data.draw(st.sampled_from([b"", b",", b"\x1e", b"[", b"],"]))
        + data.draw(spaces)
        + json.dumps(row, indent=indent, ensure_ascii=is_ascii).encode(errors="replace")
        for row in rows
    )
    expected = [json.loads(json.dumps(row, ensure_ascii=is_ascii).encode(errors="replace")) for row in rows]
    blocks = frame(b"[" + joined + b"]", block_bytes)
    assert list_messages(blocks) == expected
    assert count(blocks) == len(rows)


@given(
    rows=st.lists(messages, min_size=1, max_size=6),
    block_bytes=block_sizes,
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_lines_come_back_equal(rows: list[dict[str, object]], block_bytes: int, end: str) -> None:
    """The same for JSON lines, with either end."""
    data = end.join(json.dumps(row) for row in rows).encode()
    blocks = frame(data, block_bytes)
    assert list_messages(blocks) == rows
    assert count(blocks) == len(rows)


written = st.tuples(
    st.lists(messages, min_size=1, max_size=6),
    st.sampled_from([b"", b"\n", b",\n", b" ", b"\r"]),
    st.booleans(),
).map(
    lambda drawn: drawn[1].join(json.dumps(row, indent=2 if drawn[2] else None).encode() for row in drawn[0])
)


@given(data=written, hurt=st.data(), block_bytes=block_sizes)
def test_nothing_is_lost_when_bytes_are(data: bytes, hurt: st.DataObject, block_bytes: int) -> None:
    """With bytes deleted anywhere, every byte left but separators is in one message or one refused thing."""
    for _ in range(hurt.draw(st.integers(1, 4))):
        at = hurt.draw(st.integers(0, max(len(data) - 1, 0)))
        data = data[:at] + data[at + hurt.draw(st.integers(1, 5)) :]
    blocks = frame(data, block_bytes)
    assert sum_bytes(b"".join(list_raws(blocks))) == sum_bytes(data)
    assert count(blocks) >= bool(data.strip(SEPARATORS))


# What begins as a compressed stream is taken for one, so that only its content is framed.
PLAIN = re.compile(rb"(?!\x1f|\x28\xb5|BZ|[\x50-\x5f]\x2a)", re.DOTALL)
plain_bytes = st.binary(max_size=300).filter(PLAIN.match)


@given(data=plain_bytes | st.text('{}"\\\n\r,[] a:1\x1e', max_size=200).map(str.encode))
def test_nothing_of_anything_is_lost(data: bytes) -> None:
    """The same holds for bytes of any kind, in any size of block, and counts do not depend on it."""
    framed = [frame(gzip.compress(data, 1), block_bytes) for block_bytes in (1, 13, 1 << 20)]
    content = data.removeprefix(b"\xef\xbb\xbf")
    assert all(sum_bytes(b"".join(list_raws(blocks))) == sum_bytes(content) for blocks in framed)
    assert len({count(blocks) for blocks in framed}) == 1


@given(data=written, hurt=st.data())
def test_a_line_of_values_is_conserved(data: bytes, hurt: st.DataObject) -> None:
    """The same holds for one line, and each message that is given can be parsed."""
    at = hurt.draw(st.integers(0, len(data)))
    data = data[:at] + data[at + hurt.draw(st.integers(0, 3)) :]
    found = frame_values(data)
    refused = b"".join(reject.raw for reject in found.rejects)
    assert sum_bytes(b"".join(found.messages) + refused) == sum_bytes(data)
    assert all(isinstance(json.loads(message, strict=True), dict) for message in found.messages)
