"""The rows that tell of something a second time, such as the other half of a retargeting pair.

The views `occurrences` and `purchases` number all rows by their occurrence, which for a month of millions
takes longer than all else that a page needs. Hardly any occurrence has two rows, so these are looked for here
and taken off what was counted: a sort of eight bytes of each id finds them, a partition at a time.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake.info import list_live_files
from etl.lake.settle import Partition
from etl.lake.tables import EVENTS, find_table
from etl.stores import Store
from etl.stores.translating import explain_errors

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]

_ID_BYTES: Final = 32
_WORDS_AN_ID: Final = 4
_LOW_CARDINALITY: Final = ("topic", "event_name", "event_revenue_currency")
_TOLD: Final = (
    "event_date_local",
    "topic",
    "event_name",
    "event_revenue",
    "event_revenue_usd",
    "event_revenue_currency",
)
_JUDGED: Final = ("occurrence_id", "is_primary_attribution", "is_test_message")
_SCHEMA: Final = pa.schema(
    [
        *(EVENTS.schema.field(name) for name in ("app_id", "event_date", *_TOLD)),
        ("is_extra", pa.bool_()),
        ("is_extra_sale", pa.bool_()),
    ]
)
_AD_REVENUE: Final = "af_ad_revenue"
# Any odd number with its bits spread, and as many bits as fit a processor's cache as flags.
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_FLAG_BITS: Final = 22


def find_extra_rows(lake: Store, apps: Collection[str], first: date, last: date) -> pa.Table:
    """Find the rows of some apps' UTC days that `occurrences` (`is_extra`) or `purchases` leaves out.

    Gives their columns that are counted by, `is_extra` and `is_extra_sale`; test messages are not looked at.
    """
    delta = find_table(lake, EVENTS)
    paths: dict[Partition, list[str]] = {}
    for file in [] if delta is None else list_live_files(EVENTS, delta):
        app_id, day = file.partition["app_id"], file.partition["event_date"]
        if app_id in apps and str(first) <= day <= str(last):
            paths.setdefault((app_id, day), []).append(f"{EVENTS.name}/{unquote(file.path)}")
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        found = pool.map(partial(_search, lake), paths, paths.values())
        return pa.concat_tables([_SCHEMA.empty_table(), *found])


def _search(lake: Store, partition: Partition, paths: Sequence[str]) -> pa.Table:
    """Search one partition, in which all rows of its occurrences are."""
    with explain_errors(lake, paths[0]), ExitStack() as stack:
        files = [
            pq.ParquetFile(
                stack.enter_context(lake.fs.open(lake.path_of(path), "rb")),
                read_dictionary=list(_LOW_CARDINALITY),
            )
            for path in paths
        ]
        marked = _split(mark_repeated(_read_keys(files)), files)
        rows = _read_rows(files, marked, [*_JUDGED, *_TOLD])
        keep = _keep_repeated(rows)
        if not keep.any():
            return _SCHEMA.empty_table()
        ids = _read_rows(files, marked, ["event_id"])["event_id"] if _is_tied(rows.filter(keep)) else None
    rows, ids = rows.filter(keep), None if ids is None else ids.filter(pa.array(keep))
    return _describe(rows, _order(rows, ids), partition)


def mark_repeated(keys: Keys) -> Mask:
    """Mark every key that stands more than once."""
    ordered = np.sort(keys)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    flags = np.zeros(1 << _FLAG_BITS, dtype=bool)
    flags[_spread(repeated)] = True
    mask = flags[_spread(keys)]
    doubtful = np.flatnonzero(mask)
    mask[doubtful] = np.isin(keys[doubtful], repeated)
    return mask


def _spread(keys: Keys) -> Keys:
    return (keys * _SPREAD) >> np.uint64(64 - _FLAG_BITS)


def _read_keys(files: Sequence[pq.ParquetFile]) -> Keys:
    chunks = [
        _take_keys(chunk)
        for file in files
        for chunk in file.read(columns=["occurrence_id"], use_threads=False)["occurrence_id"].chunks
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.uint64)


def _take_keys(ids: pa.Array) -> Keys:
    """Take eight bytes of each id, of which all have 32; two ids may share them."""
    if ids.null_count:
        ids = ids.fill_null("0" * _ID_BYTES)
    words = np.frombuffer(ids.buffers()[2], "<u8", count=(ids.offset + len(ids)) * _WORDS_AN_ID)
    return words[ids.offset * _WORDS_AN_ID :: _WORDS_AN_ID]


def _split(mask: Mask, files: Sequence[pq.ParquetFile]) -> list[Places]:
    ends = np.cumsum([file.metadata.num_rows for file in files])
    return [np.flatnonzero(part) for part in np.split(mask, ends[:-1])]


def _read_rows(files: Sequence[pq.ParquetFile], marked: Sequence[Places], columns: Sequence[str]) -> pa.Table:
    """Read columns of the marked rows, as plain texts."""
    parts = [
        file.read(columns=list(columns), use_threads=False).take(pa.array(places))
        for file, places in zip(files, marked, strict=True)
        if len(places)
    ]
    kinds = pa.schema([EVENTS.schema.field(name) for name in columns])
    return pa.concat_tables([kinds.empty_table(), *(part.select(columns).cast(kinds) for part in parts)])


def _keep_repeated(rows: pa.Table) -> Mask:
    """Mark the rows whose occurrence has another row, test messages left out."""
    is_test = _as_mask(pc.equal(rows["is_test_message"], True))
    codes = _number(rows)
    counts = np.bincount(codes[~is_test], minlength=1)
    return ~is_test & (counts[codes] > 1)


def _is_tied(rows: pa.Table) -> bool:
    """Tell whether somewhere the primary half alone does not say which row is left out."""
    keys = np.stack([_number(rows), *_rank(rows)], axis=1)
    return len(np.unique(keys, axis=0)) < len(keys)


def _order(rows: pa.Table, ids: pa.ChunkedArray | None) -> Places:
    """Order rows as the views do: by occurrence, the row that stays first."""
    by_id = np.zeros(len(rows), np.int64) if ids is None else pc.rank(ids, tiebreaker="first").to_numpy()
    is_other, is_unsaid = _rank(rows)
    return np.lexsort((by_id, is_unsaid, is_other, _number(rows)))


def _rank(rows: pa.Table) -> tuple[Mask, Mask]:
    primary = rows["is_primary_attribution"]
    return _as_mask(pc.equal(primary, False)), ~_as_mask(pc.equal(primary, True))


def _describe(rows: pa.Table, order: Places, partition: Partition) -> pa.Table:
    app_id, day = partition
    is_sale = _mark_sales(rows)
    extra = _mark_all_but_first(rows, order)
    extra_sale = _mark_all_but_first(rows, order[is_sale[order]])
    columns = {
        "app_id": pa.repeat(app_id, len(rows)),
        "event_date": pa.repeat(pa.scalar(date.fromisoformat(day)), len(rows)),
        **{name: rows[name] for name in _TOLD},
        "is_extra": pa.array(extra),
        "is_extra_sale": pa.array(extra_sale),
    }
    return pa.table(columns, _SCHEMA).filter(pa.array(extra | extra_sale))


def _mark_sales(rows: pa.Table) -> Mask:
    """Mark what `purchases` is made of."""
    amount = pc.coalesce(rows["event_revenue"], rows["event_revenue_usd"])
    is_paid = _as_mask(pc.not_equal(amount, pa.scalar(Decimal(0), amount.type)))
    is_in_app = _as_mask(pc.ends_with(rows["topic"], "in_app_event"))
    return is_paid & is_in_app & ~_as_mask(pc.equal(rows["event_name"], _AD_REVENUE))


def _mark_all_but_first(rows: pa.Table, order: Places) -> Mask:
    """Mark the rows that are in the order, but for the first of each occurrence."""
    codes = _number(rows)[order]
    mask = np.zeros(len(rows), dtype=bool)
    mask[order[1:]] = codes[1:] == codes[:-1]
    return mask


def _number(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Number the rows' occurrences."""
    encoded = rows["occurrence_id"].combine_chunks().dictionary_encode(null_encoding="encode")
    numbers: npt.NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _as_mask(column: pa.ChunkedArray) -> Mask:
    mask: Mask = column.fill_null(False).to_numpy()
    return mask
