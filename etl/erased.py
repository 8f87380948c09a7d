"""Rows about people who were erased: told by keyed hashes of ids, so that nobody comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.hash_keys import HashKey
from etl.lake.raw_search import list_readings
from etl.subjects import PERSON_FIELDS, hash_subjects, make_hasher

Mask = npt.NDArray[np.bool_]

EVERY_APP: Final = "*"
# Ids as they stand in a message that nobody could read: device ids, their digests, and AppsFlyer's own.
_TOKENS: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9]{10,}-[0-9]{10,}"
)


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, by hashes under a key: of every app, and of single ones."""

    key: HashKey = field(repr=False)
    everywhere: pa.Array = field(repr=False)
    by_app: Mapping[str, pa.Array] = field(repr=False)

    def mark_rows(self, columns: Mapping[str, pa.Array], rows: int) -> Mask:
        """Mark the rows about somebody who was erased: any of their ids stands in any column for ids.

        `columns` are those of `events` that there are; ids inside URLs and values (`embedded_ids`) count.
        """
        found = np.zeros(rows, dtype=bool)
        for name in PERSON_FIELDS:
            if name in columns:
                found |= self._mark(hash_subjects(self.key, columns[name]), columns.get("app_id"))
        embedded = columns.get("embedded_ids")
        if embedded is not None and embedded.null_count < rows:
            parents = pc.list_parent_indices(embedded)
            apps = columns["app_id"].take(parents) if "app_id" in columns else None
            hits = self._mark(hash_subjects(self.key, pc.list_flatten(embedded)), apps)
            found[parents.to_numpy(zero_copy_only=False)[hits]] = True
        return found

    def is_named(self, raw: bytes) -> bool:
        """Tell whether a message that nobody could read names somebody who was erased, in whichever app.

        It is read in the ways in which an erasure reads it, UTF-16 among them.
        """
        text = raw.decode("latin-1")
        texts = (text, text.replace("\0", "")) if "\0" in text else (text,)
        readings = (reading for each in texts for reading in list_readings(each))
        tokens = {token for reading in readings for token in _TOKENS.findall(reading)}
        if not tokens:
            return False
        hash_text = make_hasher(self.key)
        hashes = pa.array([hash_text(token) for token in tokens], pa.string())
        sets = (self.everywhere, *self.by_app.values())
        return any(pc.any(pc.is_in(hashes, value_set=each)).as_py() for each in sets)

    def _mark(self, hashes: pa.Array, apps: pa.Array | None) -> Mask:
        found = _is_in(hashes, self.everywhere)
        for app_id, subjects in self.by_app.items():
            hits = _is_in(hashes, subjects)
            if apps is None:
                found |= hits
            elif hits.any():
                found |= hits & pc.equal(apps, app_id).fill_null(True).to_numpy(zero_copy_only=False)
        return found


def collect_erased(key: HashKey, pairs: Iterable[tuple[str, str]]) -> Erased:
    """Collect who was erased from pairs of an app, or `*`, and a hash."""
    by_app: dict[str, list[str]] = {}
    for app_id, subject in pairs:
        by_app.setdefault(app_id, []).append(subject)
    everywhere = pa.array(by_app.pop(EVERY_APP, []), pa.string())
    return Erased(key, everywhere, {app: pa.array(found, pa.string()) for app, found in by_app.items()})


def _is_in(hashes: pa.Array, subjects: pa.Array) -> Mask:
    found: Mask = pc.is_in(hashes, value_set=subjects).to_numpy(zero_copy_only=False)
    return found
