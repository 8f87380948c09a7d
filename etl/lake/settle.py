"""Decide which of a run's rows are new, within the run and against the lake.

Of equal events in one run the V2 message wins, then the one that landed first; against the lake the published
row wins, unless the run reprocesses. Only identities are read here, so settling stays small; rows are encoded
once, afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.flags import FLAG_BITS
from etl.appsflyer.identity import PERSON_FIELDS
from etl.lake.spill import NO_OBJECT

Mask = npt.NDArray[np.bool_]
Partition = tuple[str, str]
"""An app id and a UTC day (`YYYY-MM-DD`)."""


@dataclass(frozen=True, slots=True)
class SettledRows:
    """What became of a run's rows, in their order.

    `keep` marks the rows to publish. `flags` are bits to add to a row's own. `partition` is its place in
    `partitions`.
    """

    keep: Mask
    flags: npt.NDArray[np.int64]
    partition: npt.NDArray[np.int32]
    partitions: tuple[Partition, ...]


def _no_words() -> npt.NDArray[np.uint64]:
    return np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True)
class LakeTwins:
    """What new rows are held against: the second keys of lake rows whose twins they may be.

    `filled` are pairs, a row each, of the second key and the low word of an event id: those of events that a
    Pull file told, of which a message that comes later is no second one.
    """

    keys: npt.NDArray[np.uint64] = field(default_factory=_no_words)
    filled: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty((0, 2), np.uint64))


def list_partitions(rows: pa.Table) -> tuple[npt.NDArray[np.int32], tuple[Partition, ...]]:
    """Number the partitions that rows belong to; rows that are none get any number."""
    places, names = _read_apps(rows)
    days = pc.fill_null(rows["event_date"].cast(pa.int32()), 0).to_numpy().astype(np.int64)
    is_row = rows["object"].to_numpy() != NO_OBJECT
    distinct, inverse = np.unique((places << 32 | days)[is_row], return_inverse=True)
    numbers = np.zeros(rows.num_rows, dtype=np.int32)
    numbers[is_row] = inverse
    days_of = [np.datetime64(code & 0xFFFFFFFF, "D") for code in distinct.tolist()]
    return numbers, tuple(
        (names[code >> 32], str(day)) for code, day in zip(distinct.tolist(), days_of, strict=True)
    )


def settle_rows(  # noqa: PLR0913 - the rows, and all that there is to compare them with
    rows: pa.Table,
    known_ids: Iterable[npt.NDArray[np.uint64]],
    identities: Mapping[str, frozenset[str]],
    twins: LakeTwins,
    *,
    void_objects: Sequence[int] = (),
    other_ids: pa.Table | None = None,
    replaced_ids: Iterable[npt.NDArray[np.uint64]] = (),
) -> SettledRows:
    """Settle rows of `ROWS_SCHEMA`.

    `known_ids` are the words of the event ids that the lake has in these partitions; `identities` the
    identity fields that each app is known to have; `twins` what tells of lake rows that a row here may be
    the twin of, or is. Rows of `void_objects` are left out. `other_ids` are ids that rows had before they
    got new ones (columns `id_high`, `id_low` and `row`): the lake knows a row by either. `replaced_ids` are
    those of lake rows that give way to the run's.
    """
    partition, partitions = list_partitions(rows)
    with _connect() as connection:
        keep = _choose_winners(connection, rows, void_objects)
        keep &= ~_find_known(connection, rows, known_ids, other_ids)
        filled = keep & _find_filled(rows, twins)
        if filled.any():
            # What is read again takes the place that it had, whatever a file told of the same second.
            filled &= ~_find_known(connection, rows, replaced_ids, other_ids)
    keep &= ~filled
    flags = np.zeros(rows.num_rows, dtype=np.int64)
    flags[_mark_weak(rows, partition, partitions, identities)] |= FLAG_BITS["weak_identity"]
    flags[_mark_twins(rows, keep, twins.keys)] |= FLAG_BITS["possible_twin"]
    return SettledRows(keep, flags, partition, partitions)


def identities_of(rows: pa.Table) -> dict[str, frozenset[str]]:
    """Give the identity fields that each app's rows were named by."""
    places, names = _read_apps(rows)
    ranks = len(PERSON_FIELDS) + 1
    codes = places * ranks + rows["person_rank"].to_numpy()
    found: dict[str, set[str]] = {}
    for code in np.flatnonzero(np.bincount(codes[rows["object"].to_numpy() != NO_OBJECT])).tolist():
        if code % ranks < len(PERSON_FIELDS):
            found.setdefault(names[code // ranks], set()).add(PERSON_FIELDS[code % ranks])
    return {app: frozenset(fields) for app, fields in found.items()}


def _read_apps(rows: pa.Table) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Give each row's place in a list of apps, any place where it has none, and the list."""
    apps = rows["app_id"].combine_chunks()
    apps = apps if isinstance(apps, pa.DictionaryArray) else apps.chunk(0)
    places = pc.fill_null(apps.indices, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return places, apps.dictionary.to_pylist()


def _choose_winners(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, void_objects: Sequence[int]
) -> Mask:
    """Mark one row of each event: V2 before V1, then by object and position."""
    objects = rows["object"].to_numpy().astype(np.int64)
    order = np.lexsort((rows["position"].to_numpy(), objects, rows["is_v1"].to_numpy()))
    valid = np.isin(objects, np.array([NO_OBJECT, *void_objects], dtype=np.int64), invert=True)
    order = order[valid[order]]
    table = pa.table(
        {
            "id_high": rows["id_high"].take(pa.array(order)),
            "id_low": rows["id_low"].take(pa.array(order)),
            "place": np.arange(len(order)),
        }
    )
    connection.register("mine", table)
    winners = connection.sql("select min(place) as place from mine group by id_high, id_low").fetchnumpy()
    connection.unregister("mine")
    keep = np.zeros(rows.num_rows, dtype=bool)
    keep[order[winners["place"]]] = True
    return keep


def _find_known(
    connection: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    known_ids: Iterable[npt.NDArray[np.uint64]],
    other_ids: pa.Table | None,
) -> Mask:
    """Mark the rows whose event the lake has, reading its ids one piece at a time."""
    known = np.zeros(rows.num_rows, dtype=bool)
    mine = pa.table({"id_high": rows["id_high"], "id_low": rows["id_low"], "row": np.arange(rows.num_rows)})
    if other_ids is not None:
        mine = pa.concat_tables([mine, other_ids])
    connection.register("mine", mine)
    for words in known_ids:
        connection.register("known", pa.table({"id_high": words[:, 0].copy(), "id_low": words[:, 1].copy()}))
        found = connection.sql("select row from mine semi join known using (id_high, id_low)").fetchnumpy()
        known[found["row"]] = True
        connection.unregister("known")
    connection.unregister("mine")
    return known


def _find_filled(rows: pa.Table, twins: LakeTwins) -> Mask:
    """Mark the rows that tell of what a Pull file told before: one deed and source, in one second."""
    filled = set(map(tuple, twins.filled.tolist()))
    found = np.isin(rows["second_key"].to_numpy(), twins.filled[:, 0])
    found &= ~rows["is_second_precision"].to_numpy()
    chosen = np.flatnonzero(found)
    words = zip(*(rows[name].to_numpy()[chosen].tolist() for name in ("second_key", "id_low")), strict=True)
    found[chosen] = [pair in filled for pair in words]
    return found


def _mark_weak(
    rows: pa.Table,
    partition: npt.NDArray[np.int32],
    partitions: Sequence[Partition],
    identities: Mapping[str, frozenset[str]],
) -> Mask:
    """Mark the rows named by a lesser field than others of their app, or by none."""
    rank = rows["person_rank"].to_numpy()
    apps = [app for app, _ in partitions]
    if not apps:
        return np.zeros(rows.num_rows, dtype=bool)
    best = dict.fromkeys(apps, len(PERSON_FIELDS) - 1)
    for app, fields in (*identities.items(), *identities_of(rows).items()):
        if app in best:
            best[app] = min(
                best[app], *(PERSON_FIELDS.index(name) for name in fields if name in PERSON_FIELDS)
            )
    weak: Mask = rank > np.array([best[app] for app in apps], dtype=np.int8)[partition]
    return weak


def _mark_twins(rows: pa.Table, keep: Mask, twin_keys: npt.NDArray[np.uint64]) -> Mask:
    """Mark rows of second precision that share their second, and rows that meet such a one in the lake."""
    coarse = rows["is_second_precision"].to_numpy()
    keys = rows["second_key"].to_numpy()
    twins = np.zeros(rows.num_rows, dtype=bool)
    if coarse.any():
        kept = keys[keep]
        distinct, counts = np.unique(kept, return_counts=True)
        crowded = distinct[counts > 1]
        twins |= coarse & keep & np.isin(keys, crowded)
    if len(twin_keys):
        twins |= keep & np.isin(keys, twin_keys)
    return twins


def _connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"memory_limit": "600MB"})
    connection.execute("set enable_progress_bar = false")
    return connection
