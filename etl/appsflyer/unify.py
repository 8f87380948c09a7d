"""Wire names to V2 fields: spellings merged, V1.0 messages translated, what is unknown set apart.

Vendor document followed: "AppsFlyer: Push API V2.0", its migration tables from V1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import BY_NAME, V1_ONLY, V1_SPECIAL, canonical_name, has_few_values
from etl.appsflyer.messages import TextBatch

Mask = npt.NDArray[np.bool_]
DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Extra:
    """Values of one wire name that no column holds: rows, ascending, and their texts."""

    name: str
    rows: npt.NDArray[np.int64]
    texts: pa.Array


@dataclass(frozen=True, slots=True)
class UnifiedBatch:
    """Messages under V2 names, still as text: absent, null and empty are all null.

    `fields` hold the V2 fields that some row has: plain text, or a dictionary where values are few. `extras`
    hold what the authority does not know, and spellings that contradict the V2 name's value. `is_v1` marks
    messages of V1.0.
    """

    rows: int
    fields: dict[str, pa.Array]
    extras: list[Extra]
    is_v1: Mask


def unify_fields(batch: TextBatch) -> UnifiedBatch:
    """Merge the spellings of each field, the V2 name first, and translate what V1.0 called otherwise."""
    columns = {name: _encode(name, column) for name, column in batch.columns.items()}
    columns = {name: column for name, column in columns.items() if column.null_count < len(column)}
    fields: dict[str, pa.Array] = {}
    extras: list[Extra] = []
    for wire in sorted(columns, key=lambda name: name not in BY_NAME):
        name = canonical_name(wire)
        if name is None:
            extras.append(_collect_extra(wire, columns[wire]))
        elif name not in fields:
            fields[name] = columns[wire]
        else:
            fields[name], contradicting = _merge(fields[name], columns[wire])
            extras += [_collect_extra(wire, contradicting)] if contradicting is not None else []
    extras += [
        Extra(stray.name, np.array([stray.row]), pa.array([stray.text]))
        for stray in batch.strays
        if stray.text
    ]
    is_v1 = _mark_v1(columns, fields, batch.rows)
    _translate_v1(columns, fields, is_v1)
    return UnifiedBatch(batch.rows, fields, extras, is_v1)


def as_text(column: pa.Array) -> pa.Array:
    """Give a column as plain text, whether it is a dictionary or not."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _encode(wire: str, column: pa.Array) -> pa.Array:
    """Turn empty text into null, and make a dictionary of a field with few values."""
    if not has_few_values(wire):
        return _drop_empty(column)
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    is_empty = pc.equal(encoded.dictionary, "")
    if not pc.any(is_empty).as_py():
        return encoded
    return _drop_empty(encoded.cast(pa.string())).dictionary_encode()


def _drop_empty(column: pa.Array) -> pa.Array:
    is_empty = pc.equal(pc.binary_length(column), 0)
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def _merge(first: pa.Array, second: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Fill the first column's gaps from the second; give apart what the second says otherwise."""
    kept, other = as_text(first), as_text(second)
    differs = pc.fill_null(pc.not_equal(kept, other), False)
    merged = pc.coalesce(kept, other)
    if pa.types.is_dictionary(first.type):
        merged = merged.dictionary_encode()
    return merged, pc.if_else(differs, other, None) if pc.any(differs).as_py() else None


def _collect_extra(wire: str, column: pa.Array) -> Extra:
    rows = np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))
    return Extra(wire, rows, as_text(column.take(pa.array(rows))))


def _present(columns: Iterable[pa.Array], rows: int) -> Mask:
    mask = np.zeros(rows, dtype=bool)
    for column in columns:
        mask |= pc.is_valid(column).to_numpy(zero_copy_only=False)
    return mask


def _mark_v1(columns: Mapping[str, pa.Array], fields: Mapping[str, pa.Array], rows: int) -> Mask:
    """Mark V1.0 messages: those that say so, else those with a name that only V1.0 had."""
    by_name = _present((columns[name] for name in V1_ONLY & columns.keys()), rows)
    if "api_version" not in fields:
        return by_name
    version = as_text(fields["api_version"])
    says_v1 = pc.starts_with(version, "1").to_numpy(zero_copy_only=False) == True  # noqa: E712 - null is not true
    is_said = pc.is_valid(version).to_numpy(zero_copy_only=False)
    marked: Mask = np.where(is_said, says_v1, by_name)
    return marked


def _translate_v1(columns: Mapping[str, pa.Array], fields: dict[str, pa.Array], is_v1: Mask) -> None:
    """Give V2 fields the values that V1.0 had under names which mean something else, or two things, today."""
    special = {name: as_text(columns[name]) for name in V1_SPECIAL if name in columns}
    if not is_v1.any():
        return
    v1 = pa.array(is_v1)
    if "event_type" in special:
        named = pc.if_else(pc.equal(special["event_type"], "in-app-event"), None, special["event_type"])
        _fill(fields, "event_name", pc.if_else(v1, named, None))
    if "attribution_type" in special:
        organic = pc.if_else(pc.equal(pc.utf8_lower(special["attribution_type"]), "organic"), "organic", None)
        _fill(fields, "media_source", pc.if_else(v1, organic, None))
    if "currency" in special:
        for amount, currency in (
            ("event_revenue", "event_revenue_currency"),
            ("af_cost_value", "af_cost_currency"),
        ):
            if amount in fields:
                _fill(
                    fields,
                    currency,
                    pc.if_else(pc.and_(v1, pc.is_valid(fields[amount])), special["currency"], None),
                )
    _fill_device_type(special, fields, v1)


def _fill_device_type(special: Mapping[str, pa.Array], fields: dict[str, pa.Array], v1: pa.Array) -> None:
    """Join brand and model as V2.0 does, `Samsung::SH-220`."""
    nothing = pa.nulls(len(v1), pa.string())
    brand, model = special.get("device_brand", nothing), special.get("device_model", nothing)
    joined = pc.coalesce(pc.binary_join_element_wise(brand, model, "::"), model)
    _fill(fields, "device_type", pc.if_else(v1, joined, None))


def _fill(fields: dict[str, pa.Array], name: str, values: pa.Array) -> None:
    if values.null_count == len(values):
        return
    filled = pc.coalesce(as_text(fields[name]), values) if name in fields else values
    fields[name] = filled.dictionary_encode() if BY_NAME[name].is_low_cardinality else filled
