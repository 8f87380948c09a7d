"""What each suite can name: the columns of a table, or the figures of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from etl.lake.tables import EVENTS, LOADS

FIGURES: Final[Mapping[str, str]] = {
    "rows": "rows that the files hold",
    "published": "rows that the accounts say are published",
    "duplicates": "messages that the lake had already",
    "quarantined": "messages of the app that were refused",
    "messages": "published, duplicates and quarantined together",
    "wrong_columns": "columns of a file that are missing, unknown or of another type than the table's",
    "mandatory_nulls": "nulls in columns that every row must have",
    "rows_outside_partition": "rows whose UTC day is not their partition's",
    "rows_before_2011": "rows older than AppsFlyer",
    "unknown_topics": "rows whose topic is none of the Push API's",
    "hours_ahead": "hours by which the latest event lies after the loading; negative where it lies before",
    "event_names": "distinct event names",
    "event_names_share": "distinct event names a row",
    "revenue_usd": "sum of `event_revenue_usd`",
    "quarantined_share": "share of the messages that were refused",
    "duplicate_share": "share of the messages that the lake had",
    "flagged_share": "share of rows with a quality flag beside `weak_identity`",
    "weak_identity_share": "share of rows flagged `weak_identity`",
    "doubtful_clock_share": "share of rows with a clock issue beyond missing or recovered milliseconds",
    "rows_with_api_version": "rows that tell a version of the Push API",
    "unknown_api_version_share": "share of the rows that tell a version whose version pushlift does not know",
    "rows_with_install_time": "rows that tell when the app was installed",
    "event_before_install_share": "share of the rows that tell an installation whose event lies before it",
    "after_loading_share": "share of rows whose event lies after the loading",
    "test_message_share": "share of the vendor's test messages",
    "revenue_without_currency_share": "share of rows with revenue that name no currency",
    "negative_revenue_share": "share of rows with revenue whose revenue is negative",
    **{
        f"{share}_share_low": f"`{share}_share`, as low as chance allows: near zero where few rows are judged"
        for share in (
            "quarantined",
            "duplicate",
            "flagged",
            "weak_identity",
            "doubtful_clock",
            "after_loading",
            "test_message",
            "revenue_without_currency",
            "negative_revenue",
        )
    },
}
# The figure that counts what a share is of, where that is not every row.
SHARE_OF: Final[Mapping[str, str]] = {
    "unknown_api_version_share": "rows_with_api_version",
    "event_before_install_share": "rows_with_install_time",
}
UNACCOUNTED: Final = "unaccounted"
LEAST_COUNT: Final = "least_count"

OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    "events": tuple(EVENTS.schema.names),
    "batch": tuple(FIGURES),
    "loads": (*LOADS.schema.names, UNACCOUNTED, LEAST_COUNT),
}
# What a row must have whatever the vendor sends: else it cannot be counted, reported or traced.
MANDATORY: Final = (
    "event_id",
    "occurrence_id",
    "event_name",
    "event_time",
    "topic",
    "source_uri",
    "source_position",
    "loaded_at",
    "load_id",
)
