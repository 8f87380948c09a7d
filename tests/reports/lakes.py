"""Lakes of rows that a test makes up: only the columns that it names, the rest null."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from etl.lake.tables import CHECKS, EVENTS, LOADS, PROFILES, QUARANTINE, Table, open_or_create, table_uri
from etl.stores import Store

Row = Mapping[str, Any]


def at(text: str) -> datetime:
    """Read an instant in UTC, such as 2026-11-03 12:30."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def write_rows(lake: Store, table: Table, rows: Iterable[Row]) -> None:
    """Append rows to a table as one commit."""
    made = [{name: row.get(name) for name in table.schema.names} for row in rows]
    open_or_create(lake, table)
    write_deltalake(
        table_uri(lake, table),
        pa.Table.from_pylist(made, table.schema),
        mode="append",
        storage_options=dict(lake.delta_storage_options),
    )


def event(app_id: str, time: str, name: str = "af_login", **fields: object) -> Row:
    """Make an event."""
    instant = at(time)
    return {
        "app_id": app_id,
        "event_date": instant.date(),
        "event_time": instant,
        "event_name": name,
    } | fields


def check(app_id: str | None, checked: str, rule_id: str, verdict: str = "failed", **fields: object) -> Row:
    """Make a check; required unless said otherwise."""
    made = {"app_id": app_id, "checked_at": at(checked), "rule_id": rule_id, "verdict": verdict}
    return (
        {"run_id": f"run-{checked}", "suite": "events", "subject": "", "severity": "required"} | made | fields
    )


def write_small_lake(lake: Store) -> None:
    """Write a lake of two apps and three days, one of which failed, whose figures are easily counted."""
    write_rows(lake, EVENTS, _small_events())
    write_rows(lake, CHECKS, _small_checks())
    write_rows(lake, QUARANTINE, _small_quarantine())
    write_rows(lake, LOADS, _small_loads())
    write_rows(lake, PROFILES, small_profiles())


def _small_events() -> Sequence[Row]:
    many = [event("com.a", f"2026-11-02 {hour:02d}:10") for hour in range(24) for _ in range(2) if hour != 5]
    flagged = [event("com.a", "2026-11-03 10:20", quality_flags=["weak_identity", "money_rounded"])]
    odd = [event("com.a", "2026-11-03 11:20", "user_918273645"), event("com.b", "2026-11-03 08:00")]
    return [*many, *flagged, *odd, event("com.a", "2026-10-01 08:00")]


def _small_checks() -> Sequence[Row]:
    return [
        check("com.a", "2026-11-02 13:00", "events.id_unique", "passed"),
        check("com.a", "2026-11-02 13:00", "audit", "passed", event_date=date(2026, 11, 2), suite="audit"),
        check("com.b", "2026-11-03 13:00", "events.id_unique", observed=3.0, detail="Three."),
        check("com.b", "2026-11-03 13:00", "audit", event_date=date(2026, 11, 3), suite="audit"),
        check("com.a", "2026-11-03 13:00", "volume.drop", severity="advisory", subject="user_918273645",
              detail="user_918273645 fell.", event_date=date(2026, 11, 3)),
        check("com.a", "2026-09-03 13:00", "volume.drop", severity="advisory"),
    ]  # fmt: skip


def _small_quarantine() -> Sequence[Row]:
    reasons = ["invalid_json", "invalid_json", "missing_event_name"]
    return [
        {"reason": reason, "landed_at": at("2026-11-03 09:00"), "source_uri": "s3://x/a", "app_id": "com.a"}
        for reason in reasons
    ]


def _small_loads() -> Sequence[Row]:
    counts = {"messages": 60, "published": 50, "duplicates": 7, "quarantined": 3, "suppressed": 0, "held": 0}
    made = {
        "loaded_at": at("2026-11-03 13:00"),
        "landed_at": at("2026-11-03 09:00"),
        "source_uri": "s3://x/a",
    }
    return [made | counts | {"status": "loaded"}, made | {"source_uri": "s3://x/b", "status": "failed"}]


def small_profiles() -> Sequence[Row]:
    """Give four days of an app: one field stays, one vanishes, one appears, one is too rare to tell."""
    days = {day: at(f"2026-11-0{day} 13:00") for day in range(1, 5)}
    present = {
        "media_source": (100, 100, 100, 100),
        "af_cost_value": (80, 80, 0, 0),
        "att": (0, 0, 90, 90),
        "rare": (1, 0, 0, 0),
    }
    figures = [
        ("rows", "", (100, 100, 100, 100)),
        *(("field", name, counts) for name, counts in present.items()),
    ]
    return [
        {"run_id": f"r{day}", "profiled_at": instant, "app_id": "com.a", "prefix": "push/", "kind": kind,
         "name": name, "value": "", "rows": 100, "present": counts[day - 1]}
        for kind, name, counts in figures
        for day, instant in days.items()
        if counts[day - 1]
    ]  # fmt: skip
