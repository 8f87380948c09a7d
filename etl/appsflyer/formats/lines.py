"""Cut lines: of JSON, each a message, or of text that holds messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from etl.appsflyer.formats.limits import HEAD_BYTES, Limits
from etl.appsflyer.formats.source import Source
from etl.appsflyer.jsonlines.line_ends import find_line_ends
from etl.appsflyer.messages import Block, Positions, Reason, Reject, Style

_BLANK_FIRST = re.compile(rb"[ \t\r\v\f]*\n")
_BLANK_NEXT = re.compile(rb"\n[ \t\r\v\f]*\n")
# W3C extended log format. `#Remark:` is free text and any other comment may hold a message: they are counted.
_DIRECTIVE = re.compile(rb"#(Version|Fields|Software|Date|Start-Date|End-Date):([^\n]*)\n")
_QUERY_FIELD = b"cs-uri-query"


@dataclass(frozen=True, slots=True)
class _Lines:
    """Whole lines, the number of the first, the log's fields if just named, what was refused after."""

    data: bytes
    first: int
    count: int
    may_be_blank: bool = False
    fields: bytes | None = None
    refused: tuple[Reject, ...] = ()
    ends: Positions | None = None


def frame_json_lines(source: Source, limits: Limits) -> Iterator[Block]:
    """Give the lines as blocks, blank ones left out; positions are line numbers."""
    for lines in _read_lines(source, limits):
        yield from _make_blocks(Style.JSON, lines)


def frame_text_lines(source: Source, limits: Limits) -> Iterator[Block]:
    """Give the lines as blocks, as `frame_json_lines` does, without the carriage returns that end them.

    The directives of W3C extended log format, which head CloudFront's logs, are no messages. `#Fields:`
    begins a new block and gives its `query_column`, if its lines are separated by tabs.
    """
    column = None
    for lines in _read_lines(source, limits):
        for section in _split_at_directives(lines):
            column = column if section.fields is None else _find_query_column(section.fields)
            yield from _make_blocks(Style.TEXT, section, column if b"\t" in section.data else None)


def _read_lines(source: Source, limits: Limits) -> Iterator[_Lines]:
    number = 1
    while data := _read_whole_lines(source, limits):
        if data.endswith(b"\n"):
            ends, may_be_blank = find_line_ends(data)
            lines = _Lines(data, number, len(ends), may_be_blank, ends=ends)
        elif len(data) > limits.max_message_bytes:
            lines = _refuse_large(source, data, number)
        elif source.damage:
            break
        else:
            lines = _Lines(data + b"\n", number, 1, may_be_blank=True)
        yield lines
        number += lines.count + len(lines.refused)
    if source.damage:
        yield _Lines(b"", number, 0, refused=(Reject(number, source.damage, data.strip()),))


def _read_whole_lines(source: Source, limits: Limits) -> bytes:
    """Read about a block of whole lines.

    Without a newline at the end it is the unfinished last line, or the beginning of one that is too large.
    """
    target = min(limits.block_bytes, limits.max_message_bytes)
    parts: list[bytes] = []
    size, has_newline = 0, False
    while size < target or not (has_newline or size > limits.max_message_bytes):
        room = target - size if size < target else min(size, limits.max_message_bytes + 1 - size)
        part = source.read_some(room)
        if not part:
            break
        parts.append(part)
        size += len(part)
        has_newline = has_newline or b"\n" in part
    if has_newline:
        _put_back_tail(source, parts)
    return b"".join(parts)


def _put_back_tail(source: Source, parts: list[bytes]) -> None:
    tail: list[bytes] = []
    while b"\n" not in parts[-1]:
        tail.append(parts.pop())
    part = parts.pop()
    cut = part.rfind(b"\n") + 1
    parts.append(part[:cut])
    source.unread(part[cut:] + b"".join(reversed(tail)))


def _refuse_large(source: Source, data: bytes, number: int) -> _Lines:
    while piece := source.read_some():
        _, newline, rest = piece.partition(b"\n")
        if newline:
            source.unread(rest)
            break
    return _Lines(b"", number, 0, refused=(Reject(number, Reason.MESSAGE_TOO_LARGE, data[:HEAD_BYTES]),))


def _make_blocks(style: Style, lines: _Lines, query_column: int | None = None) -> Iterator[Block]:
    data, count, positions = lines.data, lines.count, None
    if style is Style.TEXT and b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if lines.may_be_blank and (_BLANK_FIRST.match(data) or _BLANK_NEXT.search(data)):
        data, positions = _drop_blank(data, lines.first)
        count = len(positions)
    if count or lines.refused:
        yield Block(
            style=style,
            payload=data,
            messages=count,
            first_position=lines.first if positions is None or not count else int(positions[0]),
            positions=positions,
            query_column=query_column,
            rejects=lines.refused,
            line_ends=lines.ends if data is lines.data else None,
        )


def _drop_blank(data: bytes, first: int) -> tuple[bytes, Positions]:
    kept = [
        (number, line) for number, line in enumerate(data.split(b"\n"), first) if line and not line.isspace()
    ]
    payload = b"".join(line + b"\n" for _, line in kept)
    return payload, np.array([number for number, _ in kept], dtype=np.int64)


def _split_at_directives(lines: _Lines) -> Iterator[_Lines]:
    at, number, fields = 0, lines.first, None
    for match in _DIRECTIVE.finditer(lines.data) if b"#" in lines.data else ():
        start = match.start()
        if start and lines.data[start - 1] != ord("\n"):
            continue
        count = lines.data.count(b"\n", at, start)
        yield _Lines(lines.data[at:start], number, count, lines.may_be_blank, fields)
        at, number = match.end(), number + count + 1
        fields = match[2] if match[1] == b"Fields" else fields
    count = lines.first + lines.count - number
    yield _Lines(lines.data[at:], number, count, lines.may_be_blank, fields, lines.refused)


def _find_query_column(fields: bytes) -> int | None:
    names = fields.split()
    return names.index(_QUERY_FIELD) if _QUERY_FIELD in names else None
