"""Take what leads to a person out of rows that stay: for totals, a row without its person is enough."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import Kind, names, personal_fields
from etl.hash_keys import HashKey, list_keys
from etl.lake.raw_search import TextSearch
from etl.subjects import is_placeholder

ROW_IDS: Final = ("event_id", "occurrence_id")
# Personal columns by the authority on fields, and what pushlift adds that may hold anything.
PERSONAL_COLUMNS: Final = frozenset(
    {*(field.name for field in personal_fields()), "embedded_ids", "extra", "custom_data", "event_value"}
)
# What accounts for the row, and is made of no person's values.
_ACCOUNTS: Final = frozenset({*ROW_IDS, "load_id", "topic", *names(Kind.LOCAL_TIME)})

_NEW_IDS: Final = b"pushlift: ids of events without their person"

NewId = Callable[[str], str]
"""Gives the new id for an old one."""


def make_new_ids(hash_key: HashKey | None = None) -> NewId:
    """Make ids that nobody can lead back: the same for the same old id, as long as this function lives.

    They are keyed hashes under a random key that nobody else has, so that no table of them is needed to keep
    both halves of an occurrence, and its postbacks, together.

    With the key of hashes they are the same for good, so that a row which is read again is known. Who has
    that key, and all that an event's id is made of (the person's id, the time in milliseconds, name and
    value), could tell that the row is that event's; the landed object, without which nothing is read again,
    tells more to anybody. The first of the keys makes them, so that a rotation does not make all rows new.
    """
    key = secrets.token_bytes(32) if hash_key is None else _derive(list_keys(hash_key)[0])

    def renew(old: str) -> str:
        return hashlib.blake2b(old.encode(), key=key, digest_size=16).hexdigest()

    return renew


def choose_new_ids(new_events: Literal["drop", "without_identifiers"], hash_key: HashKey) -> NewId | None:
    """Give what makes the ids of rows that stay without their person, by the policy on new events.

    Such a row may be read again from what landed, and is to have the same id then. None where it is dropped.
    """
    return make_new_ids(hash_key) if new_events == "without_identifiers" else None


def _derive(hash_key: bytes) -> bytes:
    return hmac.digest(hash_key, _NEW_IDS, hashlib.sha256)


def search_own_ids(columns: Mapping[str, pa.Array], marks: npt.NDArray[np.bool_]) -> TextSearch:
    """Make the search for the ids that the marked rows themselves have in columns for ids."""
    # Its kernel is not loaded by workers that keep nobody's rows.
    from etl.lake.find_people import ID_COLUMNS  # noqa: PLC0415 - for the reason above
    from etl.lake.wanted import Wanted, WantedId  # noqa: PLC0415 - the same

    mask = pa.array(marks)
    found: set[str] = set()
    for name in ID_COLUMNS:
        if name in columns and columns[name].null_count < len(columns[name]):
            chosen = _decode(columns[name]).filter(mask)
            texts = pc.list_flatten(chosen) if pa.types.is_list(chosen.type) else chosen
            found.update(text for text in pc.unique(texts).to_pylist() if text and not is_placeholder(text))
    return TextSearch(Wanted(WantedId(text) for text in found).for_app(None))


def anonymize_columns(
    columns: Mapping[str, pa.Array], marks: npt.NDArray[np.bool_], renew: NewId, search: TextSearch
) -> dict[str, pa.Array]:
    """Do as `anonymize_rows` does with columns of rows that are not published yet."""
    plain = pa.table({name: _decode(column) for name, column in columns.items()})
    changed = anonymize_rows(plain, marks, renew, search)
    return {name: _join(changed[name]) for name in changed.column_names}


def _decode(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _join(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


def anonymize_rows(
    rows: pa.Table, marks: npt.NDArray[np.bool_], renew: NewId, search: TextSearch
) -> pa.Table:
    """Null all personal columns of the marked rows, and give them new ids; other rows stay as they are.

    A text of another column goes as well where it holds a wanted id.
    """
    if not marks.any():
        return rows
    mask = pa.array(marks)
    for place, name in enumerate(rows.column_names):
        column = rows[name]
        if name in ROW_IDS:
            changed = replace_ids(column, marks, renew)
        elif name in PERSONAL_COLUMNS:
            changed = pc.if_else(mask, pa.scalar(None, column.type), column)
        elif column.null_count < len(column) and pa.types.is_string(column.type) and name not in _ACCOUNTS:
            changed = _drop_wanted(column, mask, search)
        else:
            continue
        rows = rows.set_column(place, rows.schema.field(place), changed)
    return rows


def replace_ids(column: pa.ChunkedArray, marks: npt.NDArray[np.bool_], renew: NewId) -> pa.ChunkedArray:
    """Give the marked ids of a column new ones."""
    old = column.filter(pa.array(marks)).to_pylist()
    new = pa.array([None if text is None else renew(text) for text in old], pa.string())
    return pc.replace_with_mask(column, pa.array(marks), new)


def _drop_wanted(column: pa.ChunkedArray, mask: pa.Array, search: TextSearch) -> pa.ChunkedArray:
    texts = pc.unique(column.filter(mask)).to_pylist()
    held = [text for text in texts if text is not None and search.holds(text)]
    if not held:
        return column
    goes = pc.and_(mask, pc.is_in(column, value_set=pa.array(held, pa.string())))
    return pc.if_else(goes, pa.scalar(None, pa.string()), column)
