"""Text columns to typed events: pandas on Arrow dtypes decides types, zones and clocks; identities follow.

Vendor document followed: "AppsFlyer: Push API V2.0". A value that cannot be typed is null in its column,
named in `quality_flags` or `clock_issues`, and kept as text in `extra` under the field's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.clocks import Clocks, read_clocks
from etl.appsflyer.embedded import find_embedded_ids
from etl.appsflyer.extras import build_extra, join_extra
from etl.appsflyer.fields import Kind, identifier_fields, names
from etl.appsflyer.flags import FLAG_BITS
from etl.appsflyer.identity import Identities, identify_events
from etl.appsflyer.messages import TextBatch
from etl.appsflyer.topics import decide_topic, topic_family
from etl.appsflyer.unify import Extra, UnifiedBatch, as_text, unify_fields
from etl.appsflyer.values import read_booleans, read_money

# What the vendor's "Send Test" button delivers, as documented in "AppsFlyer: Push API V2.0".
TEST_APP_ID = "com.pds.pushapi2.v2.transparent.com"
TEST_APPSFLYER_ID = "e126a3b3-3406-4196-a964-563c9ae44ff8"
# Where ids occur outside the columns made for them.
_SEARCHED_FIELDS = (
    "original_url",
    "deeplink_url",
    "http_referrer",
    "gp_referrer",
    "gp_broadcast_referrer",
    "event_value",
    "custom_data",
    "custom_dimension",
)
_TOPIC_FIELDS = (
    "event_type",
    "conversion_type",
    "campaign_type",
    "is_primary_attribution",
    "retargeting_conversion_type",
    "event_name",
)
_MOST_COMBINATIONS = 2**62

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TypedBatch:
    """Typed events, one a row, with what settling needs to know of each.

    `columns` are the columns of `events` that a message decides; absent ones are all null. `flags` is a bit
    mask over `FLAG_BITS`. `texts` are the unified fields as they came, for rows that must be quarantined.
    """

    rows: int
    columns: Mapping[str, pa.Array]
    flags: npt.NDArray[np.int64]
    identities: Identities
    is_second_precision: Mask
    texts: Mapping[str, pa.Array]

    def texts_of(self, rows: Sequence[int]) -> list[dict[str, str]]:
        """Give the fields of some rows as they came, those that each has."""
        wanted = pa.array(rows, pa.int64())
        found: list[dict[str, str]] = [{} for _ in rows]
        for name, column in self.texts.items():
            for fields, text in zip(found, column.take(wanted).to_pylist(), strict=True):
                if text is not None:
                    fields[name] = text
        return found


def normalize_batch(batch: TextBatch) -> TypedBatch:
    """Type a batch of messages; rows stay in order and none is dropped."""
    unified = unify_fields(batch)
    columns, flags, extras = _type_values(unified)
    clocks = read_clocks(unified.fields, unified.rows)
    extras += [Extra(text.field, text.rows, text.texts) for text in clocks.unparsed]
    topic, family = _decide_topics(unified.fields, columns, unified.rows)
    extra = build_extra(extras, unified.rows)
    identities = identify_events(
        unified.fields, extras, family, _epoch_ms(clocks), clocks.is_second_precision
    )
    columns |= _clock_columns(clocks) | {
        "event_id": identities.event_id,
        "occurrence_id": identities.occurrence_id,
        "topic": topic,
        "api_version": _decide_api_version(unified),
        "is_test_message": _recognise_test(unified.fields, unified.rows),
        "embedded_ids": _find_embedded(unified.fields, extra),
        "extra": extra,
        "source_position": pa.array(batch.positions, pa.int64()),
    }
    return TypedBatch(unified.rows, columns, flags, identities, clocks.is_second_precision, unified.fields)


def _type_values(
    unified: UnifiedBatch,
) -> tuple[dict[str, pa.Array], npt.NDArray[np.int64], list[Extra]]:
    """Type texts, booleans and money; give the flags raised and the texts that could not be typed."""
    columns = dict(unified.fields)
    flags = np.zeros(unified.rows, dtype=np.int64)
    extras = list(unified.extras)
    for name in names(Kind.BOOLEAN):
        if name in columns:
            columns[name], unparsed = read_booleans(unified.fields[name])
            _note_unparsed(name, unified.fields[name], unparsed, flags, extras)
    for name in names(Kind.MONEY):
        if name in columns:
            columns[name], rounded, unparsed = read_money(unified.fields[name])
            flags[rounded] |= FLAG_BITS["money_rounded"]
            _note_unparsed(name, unified.fields[name], unparsed, flags, extras)
            _note(name, unified.fields[name], rounded, extras)
    return columns, flags, extras


def _note_unparsed(
    name: str, texts: pa.Array, mask: Mask, flags: npt.NDArray[np.int64], extras: list[Extra]
) -> None:
    flags[mask] |= FLAG_BITS[f"unparsable:{name}"]
    _note(name, texts, mask, extras)


def _note(name: str, texts: pa.Array, mask: Mask, extras: list[Extra]) -> None:
    """Keep the masked texts in `extra` under the field's own name."""
    if mask.any():
        rows = np.flatnonzero(mask)
        extras.append(Extra(name, rows, as_text(texts.take(pa.array(rows)))))


def _epoch_ms(clocks: Clocks) -> npt.NDArray[np.int64]:
    microseconds = pc.fill_null(clocks.instants["event_time"].cast(pa.int64()), 0)
    milliseconds: npt.NDArray[np.int64] = microseconds.to_numpy(zero_copy_only=False) // 1000
    return milliseconds


def _clock_columns(clocks: Clocks) -> dict[str, pa.Array]:
    return {
        **clocks.instants,
        **clocks.offsets,
        "event_date": clocks.event_date,
        "event_date_local": clocks.event_date_local,
        "clock_issues": clocks.clock_issues,
    }


def _decide_topics(
    fields: Mapping[str, pa.Array], typed: Mapping[str, pa.Array], rows: int
) -> tuple[pa.Array, pa.Array]:
    """Decide topic and topic family once for each combination of the fields that tell them."""
    encoded = [_encode(typed.get(name, fields.get(name)), rows) for name in _TOPIC_FIELDS]
    codes = np.zeros(rows, dtype=np.int64)
    combinations = 1
    for indices, values in encoded:
        if combinations * len(values) > _MOST_COMBINATIONS:
            distinct, codes = np.unique(codes, return_inverse=True)
            combinations = len(distinct)
        codes = codes * len(values) + indices
        combinations *= len(values)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    topics = [decide_topic(*(values[indices[row]] for indices, values in encoded)) for row in first.tolist()]
    return _spread([topic.value for topic in topics], inverse), _spread(
        [topic_family(topic) for topic in topics], inverse
    )


def _encode(column: pa.Array | None, rows: int) -> tuple[npt.NDArray[np.int64], list[object]]:
    """Give each row's place in the list of a column's values, null the last of them."""
    if column is None:
        return np.zeros(rows, dtype=np.int64), [None]
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    return pc.fill_null(encoded.indices, len(values)).to_numpy(zero_copy_only=False).astype(np.int64), [
        *values,
        None,
    ]


def _spread(values: list[str], inverse: npt.NDArray[np.int64]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(inverse.astype(np.int32), pa.array(values, pa.string()))


def _decide_api_version(unified: UnifiedBatch) -> pa.Array:
    """Give the version that the message says, else the one that its names show."""
    shown = pa.DictionaryArray.from_arrays(
        unified.is_v1.astype(np.int32), pa.array(["2.0", "1.0"], pa.string())
    ).cast(pa.string())
    said = unified.fields.get("api_version")
    return (shown if said is None else pc.coalesce(as_text(said), shown)).dictionary_encode()


def _recognise_test(fields: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """Recognise the vendor's "Send Test" message by its app id or its made-up AppsFlyer id."""
    found = np.zeros(rows, dtype=bool)
    for name, value in (("app_id", TEST_APP_ID), ("appsflyer_id", TEST_APPSFLYER_ID)):
        if name in fields:
            found |= pc.fill_null(pc.equal(as_text(fields[name]), value), False).to_numpy(
                zero_copy_only=False
            )
    return pa.array(found)


def _find_embedded(fields: Mapping[str, pa.Array], extra: pa.Array) -> pa.Array:
    texts = [as_text(fields[name]) for name in _SEARCHED_FIELDS if name in fields]
    own = {field.name: as_text(fields[field.name]) for field in identifier_fields() if field.name in fields}
    return find_embedded_ids([*texts, join_extra(extra)], own)
