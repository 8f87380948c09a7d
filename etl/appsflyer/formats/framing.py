"""Cut the content of a landed object into blocks of whole messages, counted without parsing them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO

import numpy as np

from etl.appsflyer.formats.compression import decompress
from etl.appsflyer.formats.limits import BLOCK_BYTES, MAX_MESSAGE_BYTES, Limits
from etl.appsflyer.formats.lines import frame_json_lines, frame_text_lines
from etl.appsflyer.formats.one_line import Values, frame_values
from etl.appsflyer.formats.recognition import BOM, Layout, may_need_more, recognise
from etl.appsflyer.formats.salvage import KNOWN_KEYS
from etl.appsflyer.formats.source import Source
from etl.appsflyer.formats.spans import Found
from etl.appsflyer.formats.values import ValueScanner
from etl.appsflyer.messages import Block, Positions, Reject, Style

__all__ = ["Values", "frame_values", "raw_message", "read_blocks", "recognise_source"]

_HEAD_BYTES = 256 << 10
_HEAD_GROWTH = 8


def read_blocks(
    raw: BinaryIO,
    *,
    block_bytes: int = BLOCK_BYTES,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    known_keys: Collection[str] = KNOWN_KEYS,
) -> Iterator[Block]:
    """Give the messages of a landed object, of any compression and layout, as blocks of about `block_bytes`.

    Everything that is not blank is counted exactly once, in a block's `messages` or in its `rejects`; an
    object counts the sum of both. Neither the messages of a sound object nor their positions depend on
    `block_bytes`. Memory is bounded by a few blocks and the largest message.

    A message larger than `max_message_bytes` is refused with its first 64 KiB. Where JSON is broken, reading
    goes on at the next object that has one of `known_keys` at its top level (an envelope's own keys, if there
    is one), and what was passed over is refused as one message. A line of JSON lines is left to the parser,
    whatever it holds, and so is a span whose braces match: `frame_values` parts those that cannot be parsed.

    A damaged stream ends with one thing refused for that reason: the unfinished message, or, when the damage
    is between messages, an empty one (`raw` is empty, it counts as a message), so that damage always counts.

    Raises:
        OSError: whatever `raw` raises.
    """
    limits = Limits(block_bytes, max_message_bytes, known_keys)
    source = Source(decompress(raw))
    if source.peek(len(BOM)) == BOM:
        source.skip(len(BOM))
    layout = recognise_source(source, limits)
    if layout is Layout.JSON_LINES:
        return frame_json_lines(source, limits)
    if layout is Layout.JSON_VALUES:
        return _frame_json_values(source, limits)
    if layout is Layout.TEXT_RETURNS:
        source = Source(piece.replace(b"\r", b"\n") for piece in source)
    return frame_text_lines(source, limits)


def raw_message(raw: BinaryIO, position: int) -> bytes | None:
    """Read the object again up to a position and give the bytes that landed there; None when nothing did.

    The end of a line is left out. Of a message that is too large there are the first 64 KiB.
    """
    for block in read_blocks(raw):
        for reject in block.rejects:
            if reject.position == position:
                return reject.raw
        index = _find_index(block, position)
        if index is not None:
            return _raw_line(block, index)
    return None


def recognise_source(source: Source, limits: Limits) -> Layout:
    """Tell the layout of a content by its beginning, of which nothing is taken."""
    size = _HEAD_BYTES
    head = source.peek(size)
    while len(head) == size < limits.max_message_bytes and may_need_more(head):
        size = min(size * _HEAD_GROWTH, limits.max_message_bytes)
        head = source.peek(size)
    return recognise(head)


def _frame_json_values(source: Source, limits: Limits) -> Iterator[Block]:
    scanner = ValueScanner(limits)
    position = 1
    while chunk := source.read(max(limits.block_bytes, scanner.held_bytes)):
        found = scanner.feed(chunk)
        yield from _make_block(found, position)
        position += len(found)
    yield from _make_block(scanner.finish(source.damage), position)


def _make_block(found: Found, first: int) -> Iterator[Block]:
    if not len(found):
        return
    positions, rejects = _number(found, first)
    payload, is_changed = _join_messages(found)
    yield Block(
        style=Style.JSON,
        payload=payload,
        messages=len(found.starts),
        first_position=first,
        positions=positions,
        raw_of=(lambda index: found.data[found.starts[index] : found.ends[index]]) if is_changed else None,
        rejects=rejects,
    )


def _join_messages(found: Found) -> tuple[bytes, bool]:
    """Join the messages as lines; newlines in them, which are only whitespace there, become spaces."""
    data = found.data.replace(b"\n", b" ").replace(b"\r", b" ")
    spans = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    return b"\n".join([*(data[start:end] for start, end in spans), b""]), data is not found.data


def _number(found: Found, first: int) -> tuple[Positions | None, tuple[Reject, ...]]:
    if not found.refused:
        return None, ()
    refused_at = np.array([refused.at for refused in found.refused])
    positions = np.arange(len(found.starts)) + np.searchsorted(refused_at, found.starts, side="right") + first
    ordinals = np.arange(len(refused_at)) + np.searchsorted(found.starts, refused_at, side="right") + first
    numbered = zip(ordinals.tolist(), found.refused, strict=True)
    return positions, tuple(Reject(position, one.reason, one.raw) for position, one in numbered)


def _find_index(block: Block, position: int) -> int | None:
    if block.positions is None:
        index = position - block.first_position
        return index if 0 <= index < block.messages else None
    index = int(np.searchsorted(block.positions, position))
    return index if index < block.messages and block.positions[index] == position else None


def _raw_line(block: Block, index: int) -> bytes:
    if block.raw_of:
        return block.raw_of(index)
    return block.payload.split(b"\n", index + 1)[index]
