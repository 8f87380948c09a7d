"""The rows of a held batch: read from its drafts, compared with the lake as it is now, and labelled anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.erased import Erased
from etl.lake.anonymize import NewId, anonymize_rows, replace_ids, search_own_ids
from etl.lake.history import live_files, read_columns
from etl.lake.replace import PublishedFile
from etl.lake.spill import ids_to_words
from etl.lake.tables import EVENTS, UTC_TYPE
from etl.ledger.held import HeldBatch, HeldDraft
from etl.stores import Store
from etl.subjects import PERSON_FIELDS


@dataclass(frozen=True, slots=True)
class HeldRows:
    """A held file, which of its rows are to be published, and how many of each load are, or are known.

    `suppressed` are those of people who were erased since. `anonymous` marks those of them that stay without
    their person.
    """

    file: PublishedFile
    day: str
    stays: npt.NDArray[np.bool_]
    published: Counter[str]
    duplicates: Counter[str]
    suppressed: Counter[str]
    anonymous: npt.NDArray[np.bool_]


def choose_rows(
    lake: Store,
    events: DeltaTable,
    batch: HeldBatch,
    erased: Erased | None = None,
    renew: NewId | None = None,
) -> list[HeldRows]:
    """Choose the rows of each held file that are to be published.

    Left out are those of objects that were read again since, those of people who were `erased`, and those
    whose event the lake has by now. With `renew`, which gives new ids, rows of erased people stay without
    their person. What was to replace published rows is not compared with them.
    """
    waiting = pa.array([each.load_id for each in batch.waiting], pa.string())
    live = live_files(events)
    return [_choose(lake, batch, draft, waiting, live, erased, renew) for draft in batch.drafts]


def words_of(lake: Store, chosen: Sequence[HeldRows], renew: NewId | None = None) -> pa.Table:
    """Give the ids of the chosen rows as words, in columns `id_high` and `id_low`.

    Of those that stay without their person, both the old ids and the new ones.
    """
    words = [np.empty((0, 2), np.uint64)]
    for each in chosen:
        ids = _read(lake, each.file, ["event_id"])["event_id"]
        words.append(ids_to_words(ids.combine_chunks())[each.stays])
        if renew is not None and each.anonymous.any():
            renewed = replace_ids(ids, each.anonymous, renew).combine_chunks()
            words.append(ids_to_words(renewed)[each.stays & each.anonymous])
    joined = np.concatenate(words)
    return pa.table({"id_high": joined[:, 0].copy(), "id_low": joined[:, 1].copy()})


def take_out(
    held: HeldRows, renew: NewId | None, then: Callable[[pa.Table], pa.Table]
) -> Callable[[pa.Table], pa.Table]:
    """Make the change of a held file's chosen rows, batch after batch: people out of them, then `then`."""
    marks, start = held.anonymous[held.stays], 0

    def change(rows: pa.Table) -> pa.Table:
        nonlocal start
        mine = marks[start : start + rows.num_rows]
        start += rows.num_rows
        if renew is not None and mine.any():
            columns = dict(zip(rows.column_names, rows.columns, strict=True))
            rows = anonymize_rows(rows, mine, renew, search_own_ids(columns, mine))
        return then(rows)

    return change


def relabel(rows: pa.Table, load_ids: Mapping[str, str], loaded_at: datetime) -> pa.Table:
    """Make rows those of another load: `load_ids` gives the new one for each that they have."""
    places = pc.index_in(rows["load_id"], value_set=pa.array(list(load_ids), pa.string()))
    ids = pa.array(list(load_ids.values()), pa.string()).take(places.combine_chunks())
    rows = rows.set_column(rows.schema.get_field_index("load_id"), "load_id", ids.cast(pa.string()))
    instants = pa.repeat(pa.scalar(loaded_at, UTC_TYPE), rows.num_rows)
    return rows.set_column(rows.schema.get_field_index("loaded_at"), "loaded_at", instants)


def _choose(  # noqa: PLR0913, PLR0917 - what of it, beside what there is, and without whom
    lake: Store,
    batch: HeldBatch,
    draft: HeldDraft,
    waiting: pa.Array,
    live: Mapping[tuple[str, str], Sequence[str]],
    erased: Erased | None,
    renew: NewId | None,
) -> HeldRows:
    path = draft.path.removeprefix(f"{EVENTS.name}/")
    file = PublishedFile(path, draft.size, (("app_id", batch.app_id), ("event_date", draft.event_date)))
    rows = _read(lake, file, ["event_id", "load_id"])
    mine = pc.is_in(rows["load_id"], value_set=waiting).to_numpy()
    others = [] if batch.is_reprocess else live.get((batch.app_id, draft.event_date), [])
    known = _find_known(rows["event_id"], _read_ids(lake, others))
    gone = _mark_erased(lake, file, batch.app_id, erased) if erased else np.zeros(rows.num_rows, bool)
    anonymous = gone if renew else np.zeros(rows.num_rows, bool)
    if renew and anonymous.any():
        known |= _find_known(replace_ids(rows["event_id"], anonymous, renew), _read_ids(lake, others))
        gone = np.zeros(rows.num_rows, bool)

    def count(mask: npt.NDArray[np.bool_]) -> Counter[str]:
        return Counter(rows["load_id"].filter(pa.array(mine & mask)).to_pylist())

    return HeldRows(
        file=file,
        day=draft.event_date,
        stays=mine & ~known & ~gone,
        published=count(~known & ~gone),
        duplicates=count(known & ~gone),
        suppressed=count(gone),
        anonymous=anonymous,
    )


def _mark_erased(lake: Store, file: PublishedFile, app_id: str, erased: Erased) -> npt.NDArray[np.bool_]:
    rows = _read(lake, file, [*PERSON_FIELDS, "embedded_ids"])
    columns = {name: rows[name].combine_chunks() for name in rows.column_names}
    apps = pa.repeat(pa.scalar(app_id), rows.num_rows)
    return erased.mark_rows({**columns, "app_id": apps}, rows.num_rows)


def _find_known(ids: pa.ChunkedArray, pieces: Iterator[pa.Array]) -> npt.NDArray[np.bool_]:
    known = np.zeros(len(ids), dtype=bool)
    for piece in pieces:
        known |= pc.is_in(ids, value_set=piece).to_numpy()
    return known


def _read_ids(lake: Store, paths: Sequence[str]) -> Iterator[pa.Array]:
    for path in paths:
        for batch in read_columns(lake, f"{EVENTS.name}/{path}", ["event_id"]):
            yield batch.column("event_id")


def _read(lake: Store, file: PublishedFile, columns: Sequence[str]) -> pa.Table:
    batches = list(read_columns(lake, f"{EVENTS.name}/{file.path}", columns))
    schema = pa.schema([EVENTS.schema.field(name) for name in columns])
    return pa.Table.from_batches([batch.cast(schema) for batch in batches], schema)
