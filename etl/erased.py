"""Rows about people who were erased: told by keyed hashes of ids, so that nobody comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.unify import as_text
from etl.hash_keys import HashKey
from etl.hash_sets import HashSet, Mask, pack_hashes
from etl.lake.raw_search import list_readings
from etl.subjects import PERSON_FIELDS, hash_forms, hash_subjects, make_hasher

EVERY_APP: Final = "*"
LINKED: Final = ("appsflyer_id", "idfv")
"""Fields whose ids are suppressed with a person's: they name the same install or device."""

LINKED_USER: Final = "customer_user_id"
# Ids as they stand in a message that nobody could read: device ids, their digests, and AppsFlyer's own.
_TOKENS: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9]{10,}-[0-9]{10,}"
)


@dataclass(frozen=True, slots=True)
class Met:
    """An id that a row of somebody who was erased holds as well, and that is not suppressed yet.

    All by keyed hashes: `subject` is that by which the row was known, suppressed in the app `scope`, `forms`
    are those of the other id, which stands in the field `column`, and `install` is the row's AppsFlyer id.
    """

    subject: str
    scope: str
    app_id: str
    column: str
    forms: tuple[str, ...] = field(repr=False)
    install: str | None


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, by hashes under a key: of every app, and of single ones."""

    key: HashKey = field(repr=False)
    everywhere: HashSet
    by_app: Mapping[str, HashSet]

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

    def list_met(self, columns: Mapping[str, pa.Array], marks: Mask, names: Sequence[str]) -> set[Met]:
        """List the ids in some fields of marked rows that are not suppressed yet, for each of the row's own.

        Whoever was suppressed before anything of theirs was ingested has no links: they are met here.
        """
        mask = pa.array(marks)
        rows = {
            name: as_text(columns[name]).filter(mask)
            for name in ("app_id", *PERSON_FIELDS)
            if name in columns
        }
        if "app_id" not in rows:
            return set()
        apps = rows["app_id"].to_pylist()
        known = self._list_known(rows, columns, mask)
        installs = hash_subjects(self.key, rows["appsflyer_id"]).to_pylist() if "appsflyer_id" in rows else []
        found: set[Met] = set()
        for name in (each for each in names if each in rows):
            hashes = hash_subjects(self.key, rows[name])
            is_new = ~self._mark(hashes, rows["app_id"]) & hashes.is_valid().to_numpy(zero_copy_only=False)
            for place in np.flatnonzero(is_new).tolist():
                forms = hash_forms(self.key, rows[name][place].as_py())
                install = installs[place] if installs else None
                found |= {
                    Met(subject, scope, str(apps[place]), name, forms, install)
                    for subject, scope in known[place]
                }
        return found

    def _list_known(
        self, rows: Mapping[str, pa.Array], columns: Mapping[str, pa.Array], mask: pa.Array
    ) -> list[set[tuple[str, str]]]:
        """List for each marked row the hashes by which it is known, each with the app of its suppression."""
        apps = rows["app_id"].to_pylist()
        known: list[set[tuple[str, str]]] = [set() for _ in apps]
        hashed = [
            (range(len(apps)), hash_subjects(self.key, rows[name])) for name in PERSON_FIELDS if name in rows
        ]
        if "embedded_ids" in columns:
            lists = columns["embedded_ids"].filter(mask)
            parents = pc.list_parent_indices(lists).to_pylist()
            hashed.append((parents, hash_subjects(self.key, pc.list_flatten(lists))))
        for places, hashes in hashed:
            texts = hashes.to_pylist()
            for at in np.flatnonzero(self.everywhere.mark(hashes)).tolist():
                known[places[at]].add((texts[at], EVERY_APP))
            for app_id, subjects in self.by_app.items():
                for at in np.flatnonzero(subjects.mark(hashes)).tolist():
                    if apps[places[at]] in {app_id, None}:
                        known[places[at]].add((texts[at], app_id))
        return known

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
        return any(each.mark(hashes).any() for each in sets)

    def _mark(self, hashes: pa.Array, apps: pa.Array | None) -> Mask:
        found = self.everywhere.mark(hashes)
        for app_id, subjects in self.by_app.items():
            hits = subjects.mark(hashes)
            if apps is None:
                found |= hits
            elif hits.any():
                found |= hits & pc.equal(apps, app_id).fill_null(True).to_numpy(zero_copy_only=False)
        return found


def collect_erased(key: HashKey, pairs: Iterable[tuple[str, str]]) -> Erased:
    """Collect who was erased from pairs of an app, or `*`, and a hash, in the order of apps."""
    return unpack_erased(key, pack_erased(pairs))


def pack_erased(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Pack the hashes of each app, or `*`, of pairs in the order of apps."""
    for app_id, members in groupby(pairs, key=itemgetter(0)):
        yield app_id, pack_hashes(subject for _, subject in members)


def unpack_erased(key: HashKey, packed: Iterable[tuple[str, bytes]]) -> Erased:
    """Make of packed hashes what rows are looked up in."""
    by_app = {app_id: HashSet(hashes) for app_id, hashes in packed}
    everywhere = by_app.pop(EVERY_APP, HashSet(b""))
    return Erased(key, everywhere, by_app)
