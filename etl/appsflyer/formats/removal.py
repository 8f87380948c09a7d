"""Copy a landed object without some of its messages: every byte of the others stays as it landed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

import numpy as np
import numpy.typing as npt

from etl.appsflyer.formats.compression import undo_layers
from etl.appsflyer.formats.framing import recognise_source
from etl.appsflyer.formats.limits import Limits
from etl.appsflyer.formats.recognition import BOM, Layout
from etl.appsflyer.formats.recompression import open_layers
from etl.appsflyer.formats.salvage import decode_object
from etl.appsflyer.formats.source import Source
from etl.appsflyer.formats.spans import SEPARATORS, Found
from etl.appsflyer.formats.values import ValueScanner
from etl.appsflyer.messages import Reason

_PIECE_BYTES: Final = 4 << 20
# Of content without line ends, the next piece begins with so much of the last.
_OVERLAP: Final = 8 << 10
_LINES: Final = re.compile(rb"[^\n]*\n|[^\n]+\Z")
_RETURNS: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_LIMITS: Final = Limits(block_bytes=_PIECE_BYTES)

Marks = npt.NDArray[np.bool_]


class Search(Protocol):
    """Decides what goes."""

    def may_hold(self, data: bytes) -> bool:
        """Tell whether any message within some bytes may have to go."""

    def holds(self, message: bytes) -> bool:
        """Tell whether a message has to go."""


@dataclass(frozen=True, slots=True)
class Removal:
    """How many messages were left out, and the damage that the object's compressed stream had, if any."""

    removed: int
    damage: Reason | None = None


def may_hold(raw: BinaryIO, search: Search) -> bool:
    """Tell whether any message of an object may have to go; memory is bounded by some pieces."""
    source, _ = undo_layers(raw)
    held = b""
    while data := source.read(_PIECE_BYTES):
        piece = held + data
        if search.may_hold(piece):
            return True
        cut = piece.rfind(b"\n") + 1
        held = piece[cut:] if len(piece) - cut <= _OVERLAP else piece[-_OVERLAP:]
    return False


def copy_without(raw: BinaryIO, sink: BinaryIO, search: Search) -> Removal:
    """Copy an object in its own layout and compression, without the messages that have to go.

    In line layouts the end of a line that goes stays, so that the others keep their positions. A line of text
    goes whole; of one with several JSON values only those that have to. A comma that parted a message from
    its neighbour goes with it. What a damaged stream cannot give is lost with it. Memory is bounded by a few
    pieces and the largest message or line.
    """
    source, layers = undo_layers(raw)
    with open_layers(sink, layers) as content:
        if source.peek(len(BOM)) == BOM:
            content.write(source.take(len(BOM)))
        layout = recognise_source(source, _LIMITS)
        removed = 0
        for kept, count in _sift(source, layout, search):
            content.write(kept)
            removed += count
    return Removal(removed, source.damage)


def _sift(source: Source, layout: Layout, search: Search) -> Iterator[tuple[bytes, int]]:
    """Give what stays, piece by piece, each with how many messages went."""
    if layout is Layout.JSON_VALUES:
        return _sift_values(source, search)
    pattern = _RETURNS if layout is Layout.TEXT_RETURNS else _LINES
    return _sift_lines(source, pattern, search, is_json=layout is Layout.JSON_LINES)


def _sift_lines(
    source: Source, pattern: re.Pattern[bytes], search: Search, *, is_json: bool
) -> Iterator[tuple[bytes, int]]:
    for data in _read_lines(source, b"\r" if pattern is _RETURNS else b"\n"):
        lines = pattern.findall(data)
        marks = mark_pieces(lines, search)
        if not marks.any():
            yield data, 0
            continue
        removed = 0
        for place in np.flatnonzero(marks).tolist():
            lines[place], count = _cut_line(lines[place], search, is_json=is_json)
            removed += count
        yield b"".join(lines), removed


def _read_lines(source: Source, end: bytes) -> Iterator[bytes]:
    held: list[bytes] = []
    while data := source.read(_PIECE_BYTES):
        # A return may be half of a line's end.
        cut = data.rfind(end, 0, len(data) - 1 if end == b"\r" else None) + 1
        if cut:
            yield b"".join((*held, data[:cut]))
            held = []
        held.append(data[cut:])
    if rest := b"".join(held):
        yield rest


def _cut_line(line: bytes, search: Search, *, is_json: bool) -> tuple[bytes, int]:
    """Give what stays of a line with something that goes: its other values, or only its end."""
    content = line.rstrip(b"\r\n")
    end = line[len(content) :]
    if not is_json or decode_object(content) is not None:
        return end, 1
    sifter = _Sifter(search)
    kept = b"".join((*sifter.feed(list(_frame(content))), sifter.finish()))
    return (kept + end, sifter.removed) if sifter.kept else (end, max(sifter.removed, 1))


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a stream of values: a message, or what stands between two."""

    data: bytes
    is_message: bool


def _frame(data: bytes) -> Iterator[_Part]:
    """Part a line into messages and what stands between them."""
    parter = _Parter()
    yield from parter.feed(data)
    yield from parter.finish()


class _Parter:
    """Parts a stream of JSON values into messages and gaps, which together are the stream."""

    def __init__(self) -> None:
        self._scanner = ValueScanner(_LIMITS)
        self._pending = b""
        self._pending_at = self._fed = 0

    @property
    def held_bytes(self) -> int:
        return len(self._pending)

    def feed(self, data: bytes) -> Iterator[_Part]:
        self._pending += data
        self._fed += len(data)
        yield from self._part(self._scanner.feed(data))

    def finish(self) -> Iterator[_Part]:
        yield from self._part(self._scanner.finish())
        yield _Part(self._pending, is_message=False)
        self._pending = b""

    def _part(self, found: Found) -> Iterator[_Part]:
        # What the scanner holds is always the end of what it was fed.
        base = self._fed - len(found.data) - self._pending_at
        at = 0
        for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True):
            yield _Part(self._pending[at : base + start], is_message=False)
            yield _Part(self._pending[base + start : base + end], is_message=True)
            at = base + end
        self._pending = self._pending[at:]
        self._pending_at += at


class _Sifter:
    """Leaves messages out of a stream of parts, each with the comma that parts it from a neighbour."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._gap = b""
        self._is_after_removed = False
        self.removed = self.kept = 0

    def feed(self, parts: Sequence[_Part]) -> Iterator[bytes]:
        marks = mark_pieces([part.data for part in parts], self._search)
        for part, is_marked in zip(parts, marks.tolist(), strict=True):
            if not part.is_message:
                self._take_gap(self._blank(part.data) if is_marked else part.data)
            elif is_marked:
                self.removed += 1
                self._is_after_removed = True
            else:
                self.kept += 1
                yield self._gap
                yield part.data
                self._gap, self._is_after_removed = b"", False

    def finish(self) -> bytes:
        return self._gap

    def _blank(self, gap: bytes) -> bytes:
        """Leave nothing of a gap but the separators around what stands in it."""
        content = gap.strip(SEPARATORS)
        self.removed += 1
        before, _, after = gap.partition(content)
        return before + after

    def _take_gap(self, gap: bytes) -> None:
        before = self._gap
        if self._is_after_removed:
            self._is_after_removed = False
            trimmed, shortened = gap.lstrip(b" \t\r\n"), before.rstrip(b" \t\r\n")
            if trimmed.startswith(b","):
                gap = trimmed[1:]
            elif shortened.endswith(b","):
                before = shortened[:-1]
        self._gap = before + gap


def _sift_values(source: Source, search: Search) -> Iterator[tuple[bytes, int]]:
    parter, sifter = _Parter(), _Sifter(search)
    while data := source.read(max(_PIECE_BYTES, parter.held_bytes)):
        before = sifter.removed
        kept = b"".join(sifter.feed(list(parter.feed(data))))
        yield kept, sifter.removed - before
    before = sifter.removed
    kept = b"".join((*sifter.feed(list(parter.finish())), sifter.finish()))
    yield kept, sifter.removed - before


def mark_pieces(pieces: Sequence[bytes], search: Search) -> Marks:
    """Mark the pieces that have to go; halves without any are passed over as a whole."""
    marks = np.zeros(len(pieces), bool)
    stretches = [(0, len(pieces))]
    while stretches:
        start, end = stretches.pop()
        if start == end or not search.may_hold(b"\n".join(pieces[start:end])):
            continue
        if end - start == 1:
            marks[start] = search.holds(pieces[start])
            continue
        middle = (start + end) // 2
        stretches += [(start, middle), (middle, end)]
    return marks
