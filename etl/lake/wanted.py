"""People whose rows are to be found: their ids, and every form in which an id column may hold one.

No identifier leaves by a repr, a log or an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.errors import UsageError
from etl.subjects import fold_identifier, is_placeholder, list_forms

_find_endings = register("find_endings", "etl.lake.ending_loops", Path(__file__).with_name("ending_loops.py"))
_WORD: Final = 8
_ENDING_BITS: Final = 21
_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)
# Set in every byte, it makes capitals small; that other characters meet as well costs a look-up.
_LOWER: Final = np.uint64(0x2020202020202020)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class WantedId:
    """A person's plain id, and the apps that it is for: none means all."""

    id: str = field(repr=False)
    apps: frozenset[str] = frozenset()


class Lookup:
    """What is looked up for one app: each form of its wanted ids, folded, and whose it is.

    Nearly all values are passed over by their last eight bytes alone: a map of bits tells which endings any
    form has. What it lets through is folded and looked up exactly.
    """

    def __init__(self, owners: Mapping[str, str]) -> None:
        """Note the endings of all forms."""
        self.owners = owners
        self._endings = np.zeros(1 << _ENDING_BITS, bool)
        if owners:
            self._endings[_hash(_read_endings(owners))] = True

    def __repr__(self) -> str:
        """Tell how many forms there are, and none of them."""
        return f"Lookup({len(self.owners)} forms)"

    def find(self, column: pa.Array) -> npt.NDArray[np.int64]:
        """Give the places of a column's values that are a form of a wanted id, however they are cased."""
        if column.null_count == len(column):
            return np.empty(0, np.int64)
        maybe = self._find_likely(column)
        encoded = column.take(pa.array(maybe)).drop_null().dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        is_wanted = np.array([fold_identifier(text) in self.owners for text in texts], bool)
        if not is_wanted.any():
            return np.empty(0, np.int64)
        valid = maybe[column.take(pa.array(maybe)).is_valid().to_numpy(zero_copy_only=False)]
        found: npt.NDArray[np.int64] = valid[is_wanted[encoded.indices.to_numpy()]]
        return found

    def _find_likely(self, column: pa.Array) -> npt.NDArray[np.int64]:
        """Give the places of values whose ending a form has, or of which a word does not tell."""
        _, offset_buffer, data_buffer = column.buffers()
        if data_buffer is None:
            return np.empty(0, np.int64)
        data = np.frombuffer(data_buffer, np.uint8)
        offsets = np.frombuffer(offset_buffer, np.int32)[column.offset :]
        places, outcome = np.empty(len(column), np.int64), np.zeros(1, np.int64)
        _find_endings(*addresses(data, offsets), len(column), *addresses(self._endings, places, outcome))
        return places[: outcome[0]]


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
        return Lookup(owners | {folded: folded for folded in ids})

    def _list_digests(self, folded: str) -> Iterable[str]:
        """List SHA-1 and MD5 of an id in each spelling; a UUID may also stand without its dashes."""
        for spelling in self._spellings[folded] | {folded}:
            yield from (form for form in list_forms(spelling) if form != spelling)
        if _UUID.fullmatch(folded):
            yield folded.replace("-", "")


def _read_endings(forms: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Give the last eight bytes of each form as a word that is blind to casing, zeros where it is short."""
    words = [int.from_bytes(form.encode()[-_WORD:], "little") for form in forms]
    return np.array(words, np.uint64) | _LOWER


def _hash(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Give each word its place in the map of endings, as the kernel does."""
    mixed = (words ^ (words >> np.uint64(29))) * _MIXER
    return mixed >> np.uint64(64 - _ENDING_BITS)
