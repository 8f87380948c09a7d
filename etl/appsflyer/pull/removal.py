"""Copy a Pull API file without some of its records: every byte of the others stays as it came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final

from etl.appsflyer.formats.compression import undo_layers
from etl.appsflyer.formats.recognition import BOM
from etl.appsflyer.formats.recompression import open_layers
from etl.appsflyer.formats.removal import Removal, Search, mark_pieces
from etl.appsflyer.pull.headers import name_columns
from etl.appsflyer.pull.records import cut_records

_PIECE_BYTES: Final = 4 << 20
_HEADER_BYTES: Final = 256 << 10
_ENDS: Final = re.compile(rb"\r?\n")
# A record names its app by a cell alone: so it reads like a message that names its app's field.
_APP_KEY: Final = b"app_id "


@dataclass(frozen=True, slots=True)
class RecordSearch:
    """A search among records, told that each names its app where the file has a column for it."""

    search: Search
    has_app: bool

    def may_hold(self, data: bytes) -> bool:
        """Tell whether any record within some bytes may have to go."""
        return self.search.may_hold(data)

    def holds(self, message: bytes) -> bool:
        """Tell whether a record has to go."""
        return self.search.holds(_APP_KEY + message if self.has_app else message)


def copy_records_without(raw: BinaryIO, sink: BinaryIO, search: Search) -> Removal:
    """Copy a file in its own compression, without the records that have to go.

    The ends of their lines stay, so that the others keep their lines. Memory is bounded by some pieces. A
    file that is no CSV is cut at its line ends.
    """
    source, layers = undo_layers(raw)
    with open_layers(sink, layers) as content:
        if source.peek(len(BOM)) == BOM:
            content.write(source.take(len(BOM)))
        header = source.peek(_HEADER_BYTES).partition(b"\n")[0]
        form, records = _read_form(header, search)
        held, removed = b"", 0
        while True:
            data = source.read(_PIECE_BYTES)
            piece = held + data
            cut = cut_records(piece, *form, is_last=not data)
            kept, count = _sift(
                piece[: cut.used], sorted((*cut.starts, *(at for at, _ in cut.broken))), records
            )
            content.write(kept)
            removed += count
            held = piece[cut.used :]
            if not data:
                break
    return Removal(removed, source.damage)


def _read_form(header: bytes, search: Search) -> tuple[tuple[int, str], RecordSearch]:
    """Tell how many cells a record has, and by what they are parted."""
    names, delimiter = name_columns(header.rstrip(b"\r"))
    return (len(names), delimiter), RecordSearch(search, "app_id" in names)


def _sift(data: bytes, starts: list[int], search: Search) -> tuple[bytes, int]:
    pieces = list(_part(data, starts))
    marks = mark_pieces(pieces, search)
    if not marks.any():
        return data, 0
    kept = [
        b"".join(_ENDS.findall(piece)) if is_marked else piece
        for piece, is_marked in zip(pieces, marks.tolist(), strict=True)
    ]
    return b"".join(kept), int(marks.sum())


def _part(data: bytes, starts: list[int]) -> Iterator[bytes]:
    bounds = [0, *(start for start in starts if start), len(data)]
    yield from (data[start:end] for start, end in pairwise(bounds))
