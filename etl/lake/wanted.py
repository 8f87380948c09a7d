"""People whose rows are to be found: their ids, and every form in which an id column may hold one.

No identifier leaves by a repr, a log or an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.errors import UsageError
from etl.subjects import fold_identifier, is_placeholder, list_forms

# What Python's `strip` takes from the ends of an ASCII text.
_ASCII_SPACE: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
_DIGEST_LENGTHS: Final = (32, 40)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class WantedId:
    """A person's plain id, and the apps that it is for: none means all."""

    id: str = field(repr=False)
    apps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is looked up for one app: folded ids, their digests, and whose each form is."""

    plain: pa.Array = field(repr=False)
    digests: pa.Array = field(repr=False)
    owners: Mapping[str, str] = field(repr=False)

    def mark(self, folded: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        """Mark the folded values that are a form of a wanted id."""
        marks: npt.NDArray[np.bool_] = pc.is_in(folded, value_set=self.plain).to_numpy().copy()
        lengths = pc.binary_length(folded)
        maybe = np.flatnonzero(pc.is_in(lengths, value_set=pa.array(_DIGEST_LENGTHS, pa.int32())).to_numpy())
        if len(maybe):
            marks[maybe] |= pc.is_in(folded.take(pa.array(maybe)), value_set=self.digests).to_numpy()
        return marks


class Wanted:
    """People who are to be found, by their ids and the apps that each is for.

    Raises UsageError for an id that names nobody, such as zeros: it would reach everybody who shares it.
    """

    def __init__(self, ids: Iterable[WantedId]) -> None:
        """Fold the ids; the same id for several apps is wanted in each."""
        apps: dict[str, set[str] | None] = {}
        self._spellings: dict[str, set[str]] = {}
        for each in ids:
            if is_placeholder(each.id):
                raise UsageError("An id to look for names nobody, such as zeros or 'null': leave it out.")
            folded = fold_identifier(each.id)
            self._spellings.setdefault(folded, set()).add(each.id.strip())
            known = apps.setdefault(folded, set())
            apps[folded] = None if known is None or not each.apps else known | each.apps
        self._apps = {folded: scope and frozenset(scope) for folded, scope in apps.items()}
        self._named = frozenset(app for scope in self._apps.values() for app in scope or ())
        self._lookups: dict[str | None, Lookup] = {}

    def __len__(self) -> int:
        """Count the distinct ids."""
        return len(self._apps)

    def __repr__(self) -> str:
        """Tell how many ids there are, and none of them."""
        return f"Wanted({len(self)} ids)"

    def for_app(self, app_id: str | None) -> Lookup:
        """Give what is wanted in one app; of rows whose app is unknown, everything."""
        # All apps that no id names share one lookup.
        key = app_id if app_id is None or app_id in self._named else ""
        if key not in self._lookups:
            self._lookups[key] = self._build(key)
        return self._lookups[key]

    def _build(self, app_id: str | None) -> Lookup:
        ids = [
            folded for folded, apps in self._apps.items() if app_id is None or apps is None or app_id in apps
        ]
        owners = {form: folded for folded in ids for form in self._list_digests(folded)}
        digests = pa.array(list(owners), pa.string())
        return Lookup(pa.array(ids, pa.string()), digests, owners | {folded: folded for folded in ids})

    def _list_digests(self, folded: str) -> Iterable[str]:
        """List SHA-1 and MD5 of an id in each spelling; a UUID may also stand without its dashes."""
        for spelling in self._spellings[folded] | {folded}:
            yield from (form for form in list_forms(spelling) if form != spelling)
        if _UUID.fullmatch(folded):
            yield folded.replace("-", "")


def fold_column(column: pa.Array) -> pa.Array:
    """Fold a text column as `fold_identifier` folds a text: trimmed and case-folded."""
    if column.null_count == len(column):
        return column
    starts, data = _open(column)
    used = data[starts[0] : starts[-1]]
    if (used >= 0x80).any():  # noqa: PLR2004 - the first byte that is not ASCII
        encoded = column.dictionary_encode()
        folded = [None if text is None else fold_identifier(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(folded, pa.string()).take(encoded.indices)
    filled = starts[1:] > starts[:-1]
    first, last = data[starts[:-1][filled]], data[starts[1:][filled] - 1]
    if (first <= ord(" ")).any() or (last <= ord(" ")).any():
        column = pc.ascii_trim(column, characters=_ASCII_SPACE)
    return pc.ascii_lower(column)


def _open(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Give the offsets of a text column and its bytes, without a copy."""
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return starts, np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
