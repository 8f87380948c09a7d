"""People whose rows are to be found: their ids, and every form in which an id column may hold one.

No identifier leaves by a repr, a log or an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.errors import UsageError
from etl.lake.forms import Forms, Numbers
from etl.lake.raw_search import TextSearch
from etl.subjects import fold_identifier, is_placeholder

_find_endings = register("find_endings", "etl.lake.ending_loops", Path(__file__).with_name("ending_loops.py"))
# Places in the map of endings for each form, and how many at least and at most.
_PLACES_EACH, _FEWEST_BITS, _MOST_BITS = 128, 16, 26
_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)
_NO_OTHERS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class WantedId:
    """A person's plain id, and the apps that it is for: none means all."""

    id: str = field(repr=False)
    apps: frozenset[str] = frozenset()


class Lookup:
    """What is looked up for one app: each form of its wanted ids, folded, and whose it is.

    Nearly all values are passed over by their last eight bytes alone: a map tells which endings any form has.
    What it lets through is folded and looked up exactly.
    """

    def __init__(self, parts: Sequence[Forms]) -> None:
        """Note the endings of all forms."""
        self._parts = parts
        size = max((_PLACES_EACH * len(self)).bit_length(), _FEWEST_BITS)
        self._bits = min(size, _MOST_BITS)
        self._endings = np.zeros(1 << self._bits, bool)
        for part in parts:
            self._endings[_hash(part.endings, self._bits)] = True

    def __repr__(self) -> str:
        """Tell how many forms there are, and none of them."""
        return f"Lookup({len(self)} forms)"

    def __len__(self) -> int:
        """Count the forms."""
        return sum(map(len, self._parts))

    @cached_property
    def search(self) -> TextSearch:
        """The search in texts for what is looked up, made once: to make one costs as much as a file."""
        return TextSearch(self)

    def list_ids(self) -> Iterator[str]:
        """List the wanted ids themselves, folded."""
        for part in self._parts:
            yield from part.ids

    def find_owner(self, folded: str) -> str | None:
        """Give the wanted id of which a folded text is a form."""
        found = (part.find_owner(folded) for part in self._parts)
        return next((owner for owner in found if owner is not None), None)

    def find(self, column: pa.Array) -> npt.NDArray[np.int64]:
        """Give the places of a column's values that are a form of a wanted id, however they are cased."""
        if column.null_count == len(column):
            return np.empty(0, np.int64)
        maybe = self._find_likely(column)
        encoded = column.take(pa.array(maybe)).drop_null().dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        folded = [fold_identifier(text) for text in texts]
        is_wanted = np.zeros(len(folded), bool)
        for part in self._parts:
            is_wanted |= part.mark(folded)
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
        _find_endings(
            *addresses(data, offsets),
            len(column),
            *addresses(self._endings),
            self._bits,
            *addresses(places, outcome),
        )
        return places[: outcome[0]]


class Wanted:
    """People who are to be found, by their ids and the apps that each is for.

    Raises UsageError for an id that names nobody, such as zeros: it would reach everybody who shares it.
    """

    def __init__(self, ids: Iterable[WantedId] = ()) -> None:
        """Fold the ids; the same id for several apps is wanted in each."""
        # None is every app, which is what nearly all ids are for.
        self._apps: dict[str, frozenset[str] | None] = {}
        self._groups: defaultdict[frozenset[str] | None, list[Forms]] = defaultdict(list)
        self._lookups: dict[str | None, Lookup] = {}
        self.add(ids)

    def __len__(self) -> int:
        """Count the distinct ids."""
        return len(self._apps)

    def __repr__(self) -> str:
        """Tell how many ids there are, and none of them."""
        return f"Wanted({len(self)} ids)"

    def add(self, ids: Iterable[WantedId]) -> None:
        """Want more ids; what was made of those before is kept. Raises as the class does."""
        others: dict[str, set[str]] = {}
        begun: defaultdict[frozenset[str] | None, dict[str, None]] = defaultdict(dict)
        for each in ids:
            if is_placeholder(each.id):
                raise UsageError("An id to look for names nobody, such as zeros or 'null': leave it out.")
            folded, spelling = fold_identifier(each.id), each.id.strip()
            scope = self._join(folded, each.apps)
            is_new = folded not in self._apps or self._apps[folded] != scope
            self._apps[folded] = scope
            if spelling not in {folded, folded.lower(), folded.upper()}:
                others.setdefault(folded, set()).add(spelling)
            elif not is_new:
                continue
            begun[scope][folded] = None
        for scope, found in begun.items():
            spellings = (_list_spellings(others.get(folded, _NO_OTHERS)) for folded in found)
            self._groups[scope].append(Forms(list(found), spellings))
        self._lookups.clear()

    def for_app(self, app_id: str | None) -> Lookup:
        """Give what is wanted in one app; of rows whose app is unknown, everything."""
        scopes = [scope for scope in self._groups if scope is None or app_id is None or app_id in scope]
        # All apps that no id names share one lookup, and with them rows of no app where none is named.
        key = app_id if len(scopes) > (None in self._groups) else ""
        if key not in self._lookups:
            self._lookups[key] = Lookup([forms for scope in scopes for forms in self._groups[scope]])
        return self._lookups[key]

    def _join(self, folded: str, apps: frozenset[str]) -> frozenset[str] | None:
        """Join the apps of an id with those that it is wanted for already."""
        if folded not in self._apps:
            return apps or None
        known = self._apps[folded]
        return None if known is None or not apps else known | apps


def _list_spellings(others: Collection[str]) -> set[str]:
    """List spellings with what partners make of each before they hash it."""
    return {each for text in others for each in (text, text.lower(), text.upper())}


def _hash(words: Numbers, bits: int) -> Numbers:
    """Give each word its place in the map of endings, as the kernel does."""
    mixed = (words ^ (words >> np.uint64(29))) * _MIXER
    return mixed >> np.uint64(64 - bits)
