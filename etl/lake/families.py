"""Families of columns of `events` that most files can do without, since no row there has a value in any.

To open a Parquet file costs its readers some microseconds a column, wanted or not, which is what a query
over a year of small files mostly does. So a file may leave out whole families; its name says which, as in
`…-000.without-cdk.parquet`, and a file without such a mark has all columns. Delta's readers give nulls for
what a file does not have, as `read_columns` of `etl.lake.history` does, and `duckdb_tables` by the mark.
Columns that belong to no family are in every file. A family's letter and columns are for good: files without
them are in people's lakes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

import pyarrow as pa

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    # Ids of devices without Google's store, and those that it no longer lets apps read.
    "a": ("amazon_aid", "android_id", "imei", "oaid"),
    # Contributors after the first.
    "c": tuple(
        f"contributor_{place}_{name}"
        for place in (2, 3)
        for name in ("media_source", "campaign", "af_prt", "match_type", "touch_type", "touch_time")
    ),
    # What a store tells of the download.
    "d": (
        "device_download_time",
        "device_download_time_selected_timezone",
        "device_download_utc_offset_minutes",
        "gp_broadcast_referrer",
        "gp_click_time",
        "gp_install_begin",
        "install_app_store",
        "store_reinstall",
    ),
    # What was found beside the vendor's fields, and inside them.
    "e": ("embedded_ids", "extra"),
    # What Apple's devices alone tell.
    "i": ("att", "idfa", "idfv"),
    # What some partners put into their links.
    "k": (
        "af_ad_type",
        "af_keywords",
        "af_prt",
        "af_sub2",
        "af_sub3",
        "af_sub4",
        "af_sub5",
        "af_sub_siteid",
        "contributor_1_af_prt",
        "custom_dimension",
        "keyword_id",
        "keyword_match_type",
        "network_account_id",
    ),
    # Re-engagement, and where a person came from.
    "r": ("af_reengagement_window", "deeplink_url", "http_referrer", "retargeting_conversion_type"),
    # What few apps tell.
    "x": ("ad_personalization_enabled", "dma", "event_type", "is_receipt_validated"),
}
_MARK: Final = re.compile(rf"\.without-([{''.join(FAMILIES)}]+)\.parquet")


def list_filled(rows: pa.Table) -> list[str]:
    """List the columns of rows that have a value."""
    return [
        name
        for name, column in zip(rows.column_names, rows.columns, strict=True)
        if column.null_count < len(column)
    ]


def find_omitted(filled: Collection[str]) -> str:
    """Give the letters of the families that rows with these filled columns can do without, in order."""
    return "".join(letter for letter, names in FAMILIES.items() if not any(name in filled for name in names))


def name_file(stem: str, omitted: str) -> str:
    """Name a file that leaves some families out."""
    return f"{stem}.without-{omitted}.parquet" if omitted else f"{stem}.parquet"


def read_omitted(path: str) -> str:
    """Read which families the file of a path leaves out."""
    found = _MARK.search(path.rpartition("/")[2])
    return found[1] if found else ""


def list_omitted(letters: str) -> frozenset[str]:
    """List the columns of families."""
    return frozenset(name for letter in letters for name in FAMILIES[letter])


def choose_schema(path: str, schema: pa.Schema) -> pa.Schema:
    """Choose the columns of the file of a path from a schema of all columns."""
    omitted = list_omitted(read_omitted(path))
    return pa.schema([field for field in schema if field.name not in omitted])


def complete(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give rows of a file the columns that it leaves out; the others keep their types."""
    wanted, present = schema.names, rows.column_names
    missing = [schema.field(name) for name in wanted if name not in present]
    for field in missing:
        rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    others = [name for name in present if name not in wanted]
    return rows.select([*wanted, *others]) if missing else rows
