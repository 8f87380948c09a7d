"""Cut a CSV file into records by its quotes alone (RFC 4180), so that they are counted without parsing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from etl.appsflyer.formats.compression import decompress
from etl.appsflyer.formats.limits import BLOCK_BYTES
from etl.appsflyer.formats.recognition import BOM
from etl.appsflyer.formats.source import Source
from etl.appsflyer.messages import Block, Positions, Reason, Reject, Style

# A quote that nothing closes would have the rest of the file for one record.
MAX_RECORD_BYTES: Final = 1 << 20
_HEADER_BYTES: Final = 256 << 10
_QUOTE, _NEWLINE = b'"\n'


@dataclass(slots=True)
class Cut:
    """Spans of records within some bytes, those that are broken, and how many bytes are done with."""

    starts: list[int]
    ends: list[int]
    broken: list[tuple[int, int]]
    used: int


def read_header(raw: BinaryIO) -> bytes:
    """Give the first line of a file, without its end."""
    head = Source(decompress(raw)).peek(_HEADER_BYTES)
    return head.partition(b"\n")[0].rstrip(b"\r")


def read_records(
    raw: BinaryIO, width: int, delimiter: str, *, block_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Give the records behind the header as blocks; positions are line numbers, the header's is 1.

    A record of several lines is at its first. One whose quotes do not close, or which would have another
    number of cells for it, ends with its first line, and is refused. Memory is bounded by some blocks.
    """
    source = Source(decompress(raw))
    if source.peek(len(BOM)) == BOM:
        source.skip(len(BOM))
    held, line, is_first = b"", 1, True
    while True:
        data = source.read(block_bytes)
        piece, is_last = held + data, not data
        cut = cut_records(piece, width, delimiter, is_last=is_last)
        if cut.used:
            block = _make_block(piece, cut, line, is_first=is_first)
            line += piece.count(b"\n", 0, cut.used)
            held, is_first = piece[cut.used :], False
            yield block
        else:
            held = piece
        if is_last:
            break
    if source.damage:
        yield Block(Style.CSV, b"", 0, line, rejects=(Reject(line, source.damage, b""),))


def cut_records(data: bytes, width: int, delimiter: str, *, is_last: bool) -> Cut:
    """Cut bytes that begin with a record into records; the last of a file may end without a newline."""
    if is_last and data and not data.endswith(b"\n"):
        data += b"\n"
    array = np.frombuffer(data, dtype=np.uint8)
    newlines, quotes = np.flatnonzero(array == _NEWLINE), np.flatnonzero(array == _QUOTE)
    before = np.searchsorted(quotes, newlines)
    cut = Cut([], [], [], 0)
    while cut.used < len(data):
        first = int(np.searchsorted(newlines, cut.used))
        opened = int(np.searchsorted(quotes, cut.used))
        ends = newlines[first:][(before[first:] - opened) % 2 == 0]
        starts = np.concatenate([[cut.used], ends + 1])
        sound = _count_sound(data, starts, ends, newlines, (width, delimiter))
        cut.starts += starts[:sound].tolist()
        cut.ends += ends[:sound].tolist()
        cut.used = int(starts[sound])
        is_open = sound == len(ends)
        if is_open and (cut.used == len(data) or not (is_last or len(data) - cut.used > MAX_RECORD_BYTES)):
            break
        at = int(np.searchsorted(newlines, cut.used))
        if at == len(newlines):
            break
        cut.broken.append((cut.used, int(newlines[at])))
        cut.used = int(newlines[at]) + 1
    return cut


def _count_sound(
    data: bytes, starts: Positions, ends: Positions, newlines: Positions, form: tuple[int, str]
) -> int:
    """Count the records before the first that goes over lines for want of a quote."""
    lines = np.searchsorted(newlines, ends) - np.searchsorted(newlines, starts[:-1]) + 1
    width, delimiter = form
    for place in np.flatnonzero(lines > 1).tolist():
        record = data[starts[place] : ends[place]]
        if len(record) > MAX_RECORD_BYTES or count_cells(record, delimiter) != width:
            return int(place)
    return len(ends)


def count_cells(record: bytes, delimiter: str) -> int:
    """Count the cells of one record."""
    lines = record.decode(errors="replace").splitlines(keepends=True)
    rows = list(csv.reader(lines, delimiter=delimiter))
    return len(rows[0]) if len(rows) == 1 else 0


def _make_block(data: bytes, cut: Cut, line: int, *, is_first: bool) -> Block:
    """Make a block of what was cut, without the header and blank lines."""
    skipped = int(is_first and bool(cut.starts))
    spans = [
        (start, end)
        for start, end in zip(cut.starts[skipped:], cut.ends[skipped:], strict=True)
        if data[start:end].strip()
    ]
    newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8)[: cut.used] == _NEWLINE)
    starts = np.array([start for start, _ in spans], dtype=np.int64)
    sizes = np.array([end - start + 1 for start, end in spans], dtype=np.int64)
    return Block(
        style=Style.CSV,
        payload=b"".join(data[start:end] + b"\n" for start, end in spans),
        messages=len(spans),
        first_position=line,
        positions=np.searchsorted(newlines, starts) + line,
        rejects=tuple(
            Reject(int(np.searchsorted(newlines, start)) + line, Reason.INVALID_CSV, data[start:end])
            for start, end in cut.broken
        ),
        line_ends=np.cumsum(sizes) - 1,
    )
