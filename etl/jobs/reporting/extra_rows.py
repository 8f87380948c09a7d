"""The rows that tell of something a second time, such as the other half of a retargeting pair.

The views `occurrences` and `purchases` number all rows by their occurrence, which for a month of millions
takes longer than all else that a page needs. Hardly any occurrence has two rows, so these are looked for here
and taken off what was counted: a sort of eight bytes of each id finds them, a partition at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.settle import Partition
from etl.lake.tables import EVENTS

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]

_ID_BYTES: Final = 32
_WORDS_AN_ID: Final = 4
TOLD: Final = (
    "event_date_local",
    "topic",
    "event_name",
    "event_revenue",
    "event_revenue_usd",
    "event_revenue_currency",
)
NEEDED: Final = ("occurrence_id", "is_primary_attribution", "is_test_message", *TOLD)
EXTRA_ROWS: Final = pa.schema(
    [
        *(EVENTS.schema.field(name) for name in ("app_id", "event_date", *TOLD)),
        ("is_extra", pa.bool_()),
        ("is_extra_sale", pa.bool_()),
    ]
)
_AD_REVENUE: Final = "af_ad_revenue"
# Any odd number with its bits spread, and as many bits as fit a processor's cache as flags.
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_FLAG_BITS: Final = 22


def find_extra(
    tables: Sequence[pa.Table], partition: Partition, read_ids: Callable[[], pa.ChunkedArray]
) -> pa.Table:
    """Find what `occurrences` (`is_extra`) or `purchases` (`is_extra_sale`) leaves out of a partition.

    `tables` have the columns `NEEDED` of all its rows; `read_ids` gives their event ids, and is only asked
    where these decide. Test messages are not looked at.
    """
    marked = np.flatnonzero(mark_repeated(_take_all_keys(tables)))
    rows = _take_rows(tables, marked)
    keep = _keep_repeated(rows)
    if not keep.any():
        return EXTRA_ROWS.empty_table()
    rows = rows.filter(pa.array(keep))
    ids = read_ids().take(pa.array(marked[keep])) if _is_tied(rows) else None
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


def mark_sales(rows: pa.Table) -> Mask:
    """Mark what `purchases` is made of, test messages aside."""
    amount = pc.coalesce(rows["event_revenue"], rows["event_revenue_usd"])
    is_paid = as_mask(pc.not_equal(amount, pa.scalar(Decimal(0), amount.type)))
    is_in_app = as_mask(pc.ends_with(rows["topic"].cast(pa.string()), "in_app_event"))
    return is_paid & is_in_app & ~as_mask(pc.equal(rows["event_name"].cast(pa.string()), _AD_REVENUE))


def as_mask(column: pa.ChunkedArray) -> Mask:
    """Give a column of booleans as a mask; null is no."""
    mask: Mask = column.fill_null(False).to_numpy()
    return mask


def _spread(keys: Keys) -> Keys:
    return (keys * _SPREAD) >> np.uint64(64 - _FLAG_BITS)


def _take_all_keys(tables: Sequence[pa.Table]) -> Keys:
    chunks = [_take_keys(chunk) for table in tables for chunk in table["occurrence_id"].chunks]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *chunks])


def _take_keys(ids: pa.Array) -> Keys:
    """Take eight bytes of each id, of which all have 32; two ids may share them."""
    if ids.null_count:
        ids = ids.fill_null("0" * _ID_BYTES)
    words = np.frombuffer(ids.buffers()[2], "<u8", count=(ids.offset + len(ids)) * _WORDS_AN_ID)
    return words[ids.offset * _WORDS_AN_ID :: _WORDS_AN_ID]


def _take_rows(tables: Sequence[pa.Table], places: Places) -> pa.Table:
    """Take rows by their places in all tables together, as plain texts."""
    ends = np.cumsum([0, *(len(table) for table in tables)])
    bounds = np.searchsorted(places, ends)
    kinds = pa.schema([EVENTS.schema.field(name) for name in NEEDED])
    parts = [
        table.take(pa.array(places[low:high] - start)).select(NEEDED).cast(kinds)
        for table, start, low, high in zip(tables, ends[:-1], bounds[:-1], bounds[1:], strict=True)
        if high > low
    ]
    return pa.concat_tables([kinds.empty_table(), *parts])


def _keep_repeated(rows: pa.Table) -> Mask:
    """Mark the rows whose occurrence has another row, test messages left out."""
    is_test = as_mask(rows["is_test_message"])
    codes = _number(rows)
    counts = np.bincount(codes[~is_test], minlength=int(codes.max(initial=0)) + 1)
    return ~is_test & (counts[codes] > 1)


def _is_tied(rows: pa.Table) -> bool:
    """Tell whether somewhere the primary half alone does not say which row is left out."""
    order, (is_other, is_unsaid), codes = _order(rows, None), _rank(rows), _number(rows)
    columns = [column[order] for column in (codes, is_other, is_unsaid)]
    is_same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return bool(is_same.any())


def _order(rows: pa.Table, ids: pa.ChunkedArray | None) -> Places:
    """Order rows as the views do: by occurrence, the row that stays first."""
    by_id = np.zeros(len(rows), np.int64) if ids is None else pc.rank(ids, tiebreaker="first").to_numpy()
    is_other, is_unsaid = _rank(rows)
    return np.lexsort((by_id, is_unsaid, is_other, _number(rows)))


def _rank(rows: pa.Table) -> tuple[Mask, Mask]:
    primary = rows["is_primary_attribution"]
    return as_mask(pc.equal(primary, False)), ~as_mask(pc.equal(primary, True))


def _describe(rows: pa.Table, order: Places, partition: Partition) -> pa.Table:
    app_id, day = partition
    is_sale = mark_sales(rows)
    extra = _mark_all_but_first(rows, order)
    extra_sale = _mark_all_but_first(rows, order[is_sale[order]])
    columns = {
        "app_id": pa.repeat(app_id, len(rows)),
        "event_date": pa.repeat(pa.scalar(date.fromisoformat(day)), len(rows)),
        **{name: rows[name] for name in TOLD},
        "is_extra": pa.array(extra),
        "is_extra_sale": pa.array(extra_sale),
    }
    return pa.Table.from_pydict(columns, EXTRA_ROWS).filter(pa.array(extra | extra_sale))


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
