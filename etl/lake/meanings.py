"""What the tables are for and what their columns mean, where the authority on fields does not say it.

With `etl.appsflyer.fields` and the schemas it makes `docs/data-dictionary.md` and the comments in `sql/ddl/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from etl.appsflyer.clock_issues import Issue
from etl.appsflyer.fields import BY_NAME
from etl.lake.reading import OPT_OUT_PROGRESS
from etl.lake.tables import (
    CHECKS,
    COMPUTED_COLUMNS,
    EVENTS,
    LOADS,
    POSTBACKS,
    PROFILES,
    QUARANTINE,
    Table,
)

PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        EVENTS.name: "What people did: a row for each event and media source that AppsFlyer told of.",
        QUARANTINE.name: "Messages that are no events: they could not be read, or lack what an event needs.",
        LOADS.name: "What became of each landed object: a row for each time that it was read, or let go.",
        CHECKS.name: "What was asked of each run's rows, what was seen, and what followed: a row a check.",
        PROFILES.name: "What each run saw of each app, as counts: a row a figure. Drift is judged by it.",
        POSTBACKS.name: "What became of each postback to Liftoff: a row an outcome; the newest counts.",
        OPT_OUT_PROGRESS: "How many opt-out requests stand where. Counted from the ledger when it is asked"
        " for, so it is in `pushlift sql` and `etl.open_lake()` alone.",
    }
)

_LOAD_COUNTS: Final = {
    "messages": "Messages in the object: the sum of the five that follow.",
    "published": "Messages that became rows of `events`.",
    "duplicates": "Messages whose event the lake had, or another message of the run told.",
    "quarantined": "Messages that went to `quarantine`.",
    "suppressed": "Messages of people who opted out, which are kept nowhere.",
    "held": "Messages whose rows were held back by a failed check; a row `released` counts them again.",
}
_MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    QUARANTINE.name: {
        "quarantine_id": "Identity of the message in its object, for `pushlift quarantine show`.",
        "reason": "Code of what is wrong; docs/quality.md says what each means.",
        "field": "Field that is to blame; null where the message could not be read.",
        "raw": "The message as it came. Personal.",
        "raw_encoding": "`utf-8`, or `base64` where the bytes are no text.",
        "app_id": "App, where the message could be read that far.",
        "message": "Fields that could be read, by name. Personal.",
        "source_uri": "Landed object.",
        "source_version": "Version of the object that was read.",
        "source_position": "Line, or ordinal, of the message in the object, from 1.",
        "landed_at": "When the object landed.",
        "loaded_at": "Start of the run that read it.",
        "load_id": "Row of `loads` that accounts for it.",
    },
    LOADS.name: {
        "load_id": "Identity of the load; `events.load_id` leads here.",
        "run_id": "Run that read the object.",
        "source_uri": "Landed object.",
        "source_version": "Version of the object that was read.",
        "size": "Bytes of the object.",
        "landed_at": "When the object landed: by the hour in its key, else when it was written.",
        "loaded_at": "Start of the run.",
        "status": "`loaded`; `failed` where it could not be read; `released` where held rows came in.",
        "error_code": "Why it could not be read.",
        **_LOAD_COUNTS,
    },
    CHECKS.name: {
        "run_id": "Run whose rows were judged.",
        "checked_at": "When.",
        "app_id": "App whose rows were judged; null where it was the whole run.",
        "event_date": "UTC day that was judged; null where it was no single day.",
        "suite": "Suite of expectations or rules that the check belongs to.",
        "rule_id": "Stable code of the rule; `audit` sums an app's day up.",
        "subject": "What was looked at within the app: a field, an event name, a landed prefix, a zone.",
        "severity": "`required` (a failure holds the app back) or `advisory` (people are told).",
        "verdict": "`passed`, `failed`, or `accepted`: a failure that a person accepted with a reason.",
        "observed": "The figure that was seen.",
        "threshold": "What was wanted.",
        "detail": "A sentence for people; of an accepted failure the reason.",
    },
    PROFILES.name: {
        "run_id": "Run that saw it.",
        "profiled_at": "When.",
        "app_id": "App.",
        "prefix": "Folder of the landing that the rows came from.",
        "kind": "`rows`, `field` (filled), `shape` (of sampled values), `issue`, `zone`, `clock` or `lag`.",
        "name": "Field, issue or zone that is counted.",
        "value": "Shape, or what else tells figures of one name apart.",
        "rows": "Rows, or sampled values, that were looked at.",
        "present": "Of these, those that have it; of a lag, minutes.",
    },
    POSTBACKS.name: {
        "plan_id": "Plan that the postback belongs to.",
        "position": "Its place in the plan, from 0.",
        "occurrence_id": "What was told: `events.occurrence_id`.",
        "event_id": "The row of `events` that was told, of a pair the primary half.",
        "app_id": "App.",
        "liftoff_app_id": "Liftoff's id of the app.",
        "mode": "`production` or `test`; a test delivery tells Liftoff nothing that counts.",
        "event_date": "UTC day of the event.",
        "source_name": "AppsFlyer's name of the event.",
        "event_name": "Liftoff's name of the event.",
        "state": "`delivered`, `refused`, `unknown` (asked and never answered), `cancelled` or `excluded`.",
        "code": "Why it was excluded, refused or given up.",
        "attempts": "Requests that were made.",
        "status": "HTTP status of the last answer.",
        "planned_at": "When the plan was made.",
        "first_attempt_at": "When it was first asked.",
        "settled_at": "When its outcome was known.",
        "exported_at": "When the outcome came into the lake; the newest row of a plan and position counts.",
        "run_id": "Reconciliation that brought it.",
    },
    OPT_OUT_PROGRESS: {
        "app_id": "App, or `*` for all.",
        "kind": "`erase` or `do_not_share`.",
        "state": "`waiting` for a person to look, `open`, `done` or `lifted`.",
        "submission": "To Liftoff: `not_needed`, `due`, `accepted`, `not_processed` or `refused`.",
        "erasure": "`not_needed`, `due`, `erased`, `erased_except_landing` or `verified`.",
        "received_date": "UTC day on which the list came in.",
        "deadline_date": "UTC day on which the request is due.",
        "requests": "Requests of all this; one is an id and an app, so a person may have several.",
    },
}
# What the views of sql/views.sql add to the columns that they take over.
VIEW_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "day": "Day to count by: `event_date_local`, or `event_date` where the app's zone is not known.",
        "event_time_local": "`event_time` as a clock in the app's zone shows it; null without a zone.",
        "install_time_local": "The same of `install_time`.",
        "attributed_touch_time_local": "The same of `attributed_touch_time`.",
        "device_download_time_local": "The same of `device_download_time`.",
        "family": "`in_app` for in-app events of any topic, else the topic.",
        "is_organic": "Whether no media source is named, or organic in any spelling.",
        "source": "Media source to group by: `organic` where `is_organic`.",
        "records": "Rows of `events` that tell of the occurrence.",
        "is_refund": "Whether the revenue is negative.",
        "retargeting_source": "Source of the primary half; null where it has not come.",
        "retargeting_campaign": "Its campaign.",
        "original_source": "Source that the person came from: of the half that is not primary.",
        "original_campaign": "Its campaign.",
        "is_complete": "Whether both halves have come.",
    }
)
ISSUE_MEANINGS: Final[Mapping[Issue, str]] = MappingProxyType(
    {
        Issue.ZONE_UNKNOWN: "The zone's name is none that is known; only the local text's offset tells.",
        Issue.LOCAL_DISAGREES: "UTC and local time are different instants; UTC is kept.",
        Issue.OFFSET_DISAGREES_WITH_ZONE: "The local text's offset is not the zone's at that instant.",
        Issue.UTC_RECOVERED_FROM_LOCAL: "UTC was absent or unreadable and comes from the local text.",
        Issue.MILLISECONDS_RECOVERED: "UTC had no milliseconds and has those of the local text (V1.0).",
        Issue.SECOND_PRECISION: "The time is known to the second only.",
        Issue.UNPARSABLE: "The text is no time; it is kept in `extra`, and the column is null.",
    }
)


def explain_column(table: str, name: str) -> str:
    """Say what a column of a table means."""
    if table == EVENTS.name:
        return _COMPUTED.get(name) or BY_NAME[name].meaning
    return _MEANINGS[table][name]


def list_explained(table: str) -> list[str]:
    """List the columns of a table that are explained here, in the table's order."""
    return list(_MEANINGS[table])


def mark_personal(table: Table, name: str) -> str:
    """Mark a column: `id` leads to a person, `yes` holds other personal data."""
    if table is QUARANTINE:
        return "yes" if name in {"raw", "message"} else ""
    field = BY_NAME.get(name) if table is EVENTS else None
    if field is None:
        return {"embedded_ids": "id", "extra": "yes"}.get(name, "") if table is EVENTS else ""
    return "id" if field.is_identifier else "yes" if field.is_personal else ""


_COMPUTED: Final = {column.name: column.meaning for column in COMPUTED_COLUMNS}
