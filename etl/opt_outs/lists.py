"""Read a dropped opt-out list, whatever its form: the bytes decide, and the name only what they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Literal

from etl.opt_outs.codes import make_unreadable
from etl.opt_outs.decoding import PARQUET_MAGIC, decode_list, unpack_list
from etl.opt_outs.delimited import find_layout, read_lines
from etl.opt_outs.documents import is_lines, read_document, read_json_lines
from etl.opt_outs.parquet import read_parquet
from etl.opt_outs.records import Row

Form = Literal["lines", "csv", "json", "json_lines", "parquet"]

_PACKED_NAMES: Final = frozenset({".gz", ".zst", ".bz2"})
_JSON_LINES_NAMES: Final = frozenset({".ndjson", ".jsonl"})


@dataclass(frozen=True, slots=True)
class OptOutList:
    """A list that can be read: its form, and its rows, which can be gone through more than once."""

    form: Form
    _rows: Callable[[], Iterator[Row]] = field(repr=False)

    def __iter__(self) -> Iterator[Row]:
        """Give the rows, read anew each time."""
        return self._rows()


def read_list(name: str, data: bytes) -> OptOutList:
    """Read a list from its bytes: Parquet, JSON, an object a line, CSV or an id a line, packed or not.

    Raises UnreadableList for one that cannot be read at all; what is wrong with a row is in the row.
    """
    unpacked = unpack_list(data)
    ending = _find_ending(name)
    if unpacked.startswith(PARQUET_MAGIC) or ending == ".parquet":
        return OptOutList("parquet", read_parquet(unpacked))
    text = decode_list(unpacked).lstrip("\ufeff")
    if not text.strip():
        raise make_unreadable("empty")
    if ending in _JSON_LINES_NAMES or (text.lstrip().startswith("{") and is_lines(text)):
        return OptOutList("json_lines", lambda: read_json_lines(text))
    if text.lstrip().startswith(("[", "{")) or ending == ".json":
        rows = tuple(read_document(text))
        return OptOutList("json", lambda: iter(rows))
    layout = find_layout(text)
    return OptOutList("csv" if layout.separator else "lines", lambda: read_lines(text, layout))


def _find_ending(name: str) -> str:
    """Give a name's ending, in lower case and without what says how it is packed."""
    endings = [ending.lower() for ending in PurePosixPath(name).suffixes]
    return next((ending for ending in reversed(endings) if ending not in _PACKED_NAMES), "")
