"""What of an event is compared: who, what, when, and the fields that both ways tell, each as a hash.

Formatting is no difference: case, spaces around a text, null and empty, `1.0` and `1`, the order of keys in
JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.event_values import canonicalize_values
from etl.appsflyer.identity import PERSON_FIELDS, choose_persons, clean_id
from etl.appsflyer.unify import as_text

_TEXTS: Final = (
    *("event_revenue_currency", "media_source", "af_channel", "af_prt", "campaign", "af_c_id"),
    *("af_adset", "af_adset_id", "af_ad", "af_ad_id", "af_siteid", "attributed_touch_type"),
    *("country_code", "platform", "app_version"),
)
_MONEY: Final = ("event_revenue", "event_revenue_usd")
_BOOLEANS: Final = ("is_retargeting", "is_primary_attribution")
_TIMES: Final = ("install_time", "attributed_touch_time")
COMPARED: Final = ("event_value", *_MONEY, *_TEXTS, *_BOOLEANS, *_TIMES)
"""The fields whose values are compared, of those that a file has a column for."""

READ: Final = (*PERSON_FIELDS, "event_id", "event_name", "event_time", "topic", "is_test_message", *COMPARED)
"""The columns of `events` that this takes, beside the partition's."""

_KEYS: Final = tuple(f"person_{place}" for place in range(len(PERSON_FIELDS)))
_FIELDS: Final = tuple(f"field_{place}" for place in range(len(COMPARED)))
_ABSENT: Final[Mapping[str, pa.DataType]] = {
    **dict.fromkeys(_TIMES, pa.timestamp("us", "UTC")),
    **dict.fromkeys(_MONEY, pa.decimal128(28, 10)),
    **dict.fromkeys(_BOOLEANS, pa.bool_()),
}

_DEED: Final = (
    *("number bigint", "label varchar", "app_id varchar", "event_name varchar"),
    *("second bigint", "rank tinyint", "is_due boolean"),
)

_PLAIN: Final = "{0}"
_TEXT: Final = "nullif(lower(trim({0})), '')"
# An organic event has no source, however that is spelled.
_SOURCE: Final = f"nullif({_TEXT}, 'organic')"
_FORMS: Final[Mapping[str, str]] = {**dict.fromkeys(_TEXTS, _TEXT), "media_source": _SOURCE}


def create_side(name: str) -> str:
    """Spell the statement that makes a side's table."""
    hashes = (f"{each} ubigint" for each in (*_KEYS, *_FIELDS))
    return f"create table {name} ({', '.join((*_DEED, *hashes))})"


def fill_side(name: str, source: str) -> str:
    """Spell the statement that takes rows of `prepare_rows`, registered as `source`, into a side's table."""
    forms = [_PLAIN.format(each) for each in PERSON_FIELDS]
    forms += [_FORMS.get(each, _PLAIN).format(each) for each in COMPARED]
    # DuckDB hashes null as a value.
    hashes = (f"case when {form} is not null then hash({form}) end" for form in forms)
    chosen = ("number", "label", "app_id", "event_name", "second", "rank", "is_due", *hashes)
    return f"insert into {name} select {', '.join(chosen)} from {source}"  # noqa: S608 - names of our own


def prepare_rows(
    columns: Mapping[str, pa.Array], numbers: pa.Array, label: str, app_id: pa.Array, is_due: pa.Array
) -> pa.Table:
    """Prepare typed events, one a row, for `fill_side`; a column that is absent is null.

    `label` is the column by which details tell a row; `is_due` marks those that the other side should have.
    """
    rows = len(numbers)
    texts = {name: as_text(columns[name]) for name in PERSON_FIELDS if name in columns}
    _, rank = choose_persons(texts, rows)
    found = {
        "number": numbers,
        "label": columns[label].cast(pa.string()),
        "app_id": as_text(app_id),
        "event_name": as_text(columns["event_name"]),
        "second": _to_seconds(columns["event_time"]),
        "rank": pa.array(rank),
        "is_due": is_due,
    }
    for name in PERSON_FIELDS:
        found[name] = clean_id(name, texts[name]) if name in texts else pa.nulls(rows, pa.string())
    for name in COMPARED:
        column = columns.get(name, pa.nulls(rows, _ABSENT.get(name, pa.string())))
        found[name] = _to_seconds(column) if name in _TIMES else as_text(column)
    found["event_value"] = canonicalize_values(found["event_value"])
    return pa.table(found)


def _to_seconds(instants: pa.Array) -> pa.Array:
    """Give the second in which each instant lies, since 1970."""
    return pc.floor(pc.divide(instants.cast(pa.int64()).cast(pa.float64()), 1e6)).cast(pa.int64())
