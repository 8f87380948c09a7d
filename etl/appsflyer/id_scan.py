"""Finding what is shaped like a device id in long texts, and which of it is not the row's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from etl.appsflyer.byte_lines import Bytes, Mask, Offsets
from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses

_SOURCE = Path(__file__).with_name("id_loops.py")
_scan_ids = register("scan_ids", "etl.appsflyer.id_loops", _SOURCE)
_compare_own = register("compare_own", "etl.appsflyer.id_loops", _SOURCE)

# Bytes of text for each id that may be found in it: 15 digits can be an id and part of another.
_SHORTEST_ROOM = 7


@dataclass(frozen=True, slots=True)
class Texts:
    """The bytes of a text array with the place where each row starts, and where the last one ends."""

    data: Bytes
    stops: Offsets


@dataclass(frozen=True, slots=True)
class Spans:
    """Pieces of texts: the row, and where the piece starts and ends in the data."""

    rows: Offsets
    starts: Offsets
    ends: Offsets

    def pick(self, chosen: Mask) -> Spans:
        """Give some of the pieces."""
        return Spans(self.rows[chosen], self.starts[chosen], self.ends[chosen])


def view_texts(array: pa.Array) -> Texts:
    """View a text array's bytes without copying them."""
    wide = array.cast(pa.large_binary())
    _, offset_buffer, data_buffer = wide.buffers()
    if not len(wide) or data_buffer is None:
        return Texts(np.empty(0, dtype=np.uint8), np.zeros(len(wide) + 1, dtype=np.int64))
    stops = np.frombuffer(offset_buffer, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)[stops[0] : stops[-1]]
    return Texts(data, stops - stops[0])


def find_ids(texts: Texts) -> tuple[Spans, Offsets]:
    """Find the ids in texts, and list the rows where others may show only once decoded.

    Ids are each `8-4-4-4-12` of hexadecimal digits, whatever stands around it; hexadecimal runs of the length
    of an id that are whole tokens; IMEIs where so named. All-zero ones stand for none.
    """
    found = np.empty((len(texts.data) // _SHORTEST_ROOM + 1, 3), dtype=np.int64)
    rows = len(texts.stops) - 1
    encoded = np.empty(rows, dtype=np.int64)
    outcome = np.zeros(2, dtype=np.int64)
    _scan_ids(*addresses(texts.data, texts.stops), rows, *addresses(found, encoded, outcome))
    ids, hiding = outcome.tolist()
    return Spans(*np.ascontiguousarray(found[:ids].T)), encoded[:hiding]


def mark_foreign(texts: Texts, spans: Spans, rows: Offsets, own: list[Texts]) -> Mask:
    """Mark the spans that do not equal the whole of one of their row's own texts, casing aside.

    `rows` says which row of the own texts each row of the texts is.
    """
    is_foreign = np.ones(len(spans.rows), dtype=bool)
    at = rows[spans.rows]
    pieces = (*addresses(texts.data, spans.starts, spans.ends, at), len(at))
    for column in own:
        _compare_own(*pieces, *addresses(column.data, column.stops, is_foreign))
    return is_foreign
