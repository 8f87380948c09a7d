"""Undoing what ids are wrapped in within texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from etl.appsflyer import id_loops
from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.id_scan import Texts

_SOURCE = Path(__file__).with_name("unwrapping_loops.py")
_MADE_OF = (_SOURCE, _SOURCE.with_name("class_loops.py"), Path(id_loops.__file__))
_undo_escapes = register("undo_escapes", "etl.proving.unwrapping_loops", *_MADE_OF)
_narrow = register("narrow", "etl.proving.unwrapping_loops", *_MADE_OF)
_undo_base64 = register("undo_base64", "etl.proving.unwrapping_loops", *_MADE_OF)

# The last group of a stretch and a line feed, beyond four bytes for each.
_ROOM = 64


def unwrap(texts: Texts) -> Iterator[tuple[str, Texts]]:
    """Give what texts hold in each wrapping that they have, with its name, as texts of one row.

    Only words that were wrapped are given.
    """
    for name, undo in _WRAPPINGS.items():
        inner = undo(texts)
        if len(inner.data):
            yield name, inner


def view_bytes(data: bytes | bytearray | memoryview) -> Texts:
    """View bytes as texts of one row."""
    stops = np.zeros(2, dtype=np.int64)
    stops[1] = len(data)
    return Texts(np.frombuffer(data, dtype=np.uint8), stops)


def _undo_percent(texts: Texts) -> Texts:
    return _undo(texts, ord("%"))


def _undo_json(texts: Texts) -> Texts:
    return _undo(texts, ord("\\"))


def _undo(texts: Texts, mark: int) -> Texts:
    rows = len(texts.stops) - 1
    out, outcome = np.empty(len(texts.data) + rows, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    _undo_escapes(*addresses(texts.data, texts.stops), rows, mark, *addresses(out, outcome))
    return view_bytes(out[: outcome[0]].data)


def _undo_utf16(texts: Texts) -> Texts:
    rows = len(texts.stops) - 1
    out, outcome = np.empty(len(texts.data) + rows, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    _narrow(*addresses(texts.data, texts.stops), rows, *addresses(out, outcome))
    return view_bytes(out[: outcome[0]].data)


def _undo_base64_runs(texts: Texts) -> Texts:
    rows = len(texts.stops) - 1
    out, outcome = np.empty(4 * len(texts.data) + _ROOM, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    _undo_base64(*addresses(texts.data, texts.stops), rows, *addresses(out, outcome))
    return view_bytes(out[: outcome[0]].data)


_WRAPPINGS: Final[dict[str, Callable[[Texts], Texts]]] = {
    "percent": _undo_percent,
    "json": _undo_json,
    "utf-16": _undo_utf16,
    "base64": _undo_base64_runs,
}
