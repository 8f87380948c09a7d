"""The analysts' queries of `sql/` answer what was counted by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.lake.library import list_queries
from etl.lake.reading import connect_duckdb, open_lake, show_opt_outs
from etl.lake.tables import CHECKS, QUARANTINE
from tests.cli.conftest import Shell
from tests.reports.lakes import Row, at, write_rows
from tests.services.worlds import World

SQL = Path(__file__).parents[2] / "sql"


@pytest.fixture
def shell(local_world: World, tmp_path: Path) -> Shell:
    """Configure what the local world is."""
    config = tmp_path / "pushlift.toml"
    config.write_text("", encoding="utf-8")
    return Shell(config)


def ask(shell: Shell, name: str) -> list[dict[str, Any]]:
    """Run a query's file by `pushlift sql`."""
    found = shell.ask("sql", str(SQL / name))
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def made(
    app_id: str | None, rule_id: str, hours_ago: float, verdict: str = "failed", **fields: object
) -> Row:
    """Make a check that was made so many hours ago."""
    checked_at = datetime.now(UTC) - timedelta(hours=hours_ago)
    row = {"run_id": f"run {hours_ago}", "app_id": app_id, "checked_at": checked_at, "rule_id": rule_id}
    return row | {"verdict": verdict, "severity": "required", "subject": "", "threshold": "0"} | fields


def test_what_failed_last_week_by_app(shell: Shell, local_world: World) -> None:
    """Each rule once an app, with its last figures; not what passed, is older, or sums an audit up."""
    advisory = {"severity": "advisory", "subject": "af_login"}
    checks = [
        made("com.a", "events.id_unique", 2, observed=4.0),
        made("com.a", "events.id_unique", 30, observed=9.0),
        made("com.a", "events.id_unique", 1, "accepted", observed=4.0),
        made("com.a", "events.id_unique", 0.5, "passed", observed=0.0),
        made("com.a", "audit", 2, observed=500.0),
        made("com.a", "history.volume", 167, observed=12.0, **advisory),
        made("com.a", "history.volume", 169, observed=11.0, **advisory),
        made("com.b", "batch.flags_few", 200),
        made("com.b", "batch.quarantine_small", 5, "accepted"),
        made(None, "loads.conservation", 3, observed=1.0),
        made("com.c", "batch.flags_few", -2),
    ]
    write_rows(local_world.lake, CHECKS, checks)

    rows = ask(shell, "quality_last_week.sql")

    asked = ("app_id", "rule_id", "subject", "times", "accepted", "observed")
    assert [tuple(row[name] for name in asked) for row in rows] == [
        ("com.a", "events.id_unique", "", 2, 1, 4.0),
        ("com.a", "history.volume", "af_login", 1, 0, 12.0),
        (None, "loads.conservation", "", 1, 0, 1.0),
    ]
    assert rows[0]["first_at"] < rows[0]["last_at"]


def test_quarantine_by_reason(shell: Shell, local_world: World) -> None:
    """The most frequent reason first, and of it the app that has most."""
    plan = [
        ("missing_event_name", "com.a", "event_name", "a", "2026-11-01 10:00"),
        ("invalid_json", None, None, "a", "2026-11-01 10:00"),
        ("missing_event_name", "com.b", "event_name", "a", "2026-11-01 11:00"),
        ("missing_event_name", "com.b", "event_name", "b", "2026-11-03 10:00"),
        ("missing_event_name", "com.b", "event_name", "b", "2026-11-02 10:00"),
        ("invalid_json", None, None, "c", "2026-11-02 10:00"),
    ]
    rows = [
        {"reason": reason, "app_id": app, "field": field, "source_uri": uri, "landed_at": at(landed)}
        for reason, app, field, uri, landed in plan
    ]
    write_rows(local_world.lake, QUARANTINE, rows)

    found = ask(shell, "quarantine_by_reason.sql")

    assert [tuple(row.values()) for row in found] == [
        ("missing_event_name", "com.b", "event_name", 3, 2, 0.75, *landed("2026-11-01 11", "2026-11-03 10")),
        ("missing_event_name", "com.a", "event_name", 1, 1, 0.25, *landed("2026-11-01 10", "2026-11-01 10")),
        ("invalid_json", None, None, 2, 2, 1.0, *landed("2026-11-01 10", "2026-11-02 10")),
    ]


def landed(*hours: str) -> list[str]:
    """Spell instants as the command does."""
    return [f"{hour.replace(' ', 'T')}:00:00+00:00" for hour in hours]


def test_every_query_runs_on_an_empty_lake(local_world: World) -> None:
    """It has columns even before the first run, and asking makes no ledger."""
    connection = connect_duckdb(lake := open_lake(local_world.settings))
    for query in list_queries():
        show_opt_outs(connection, lake, query.text)
        found = connection.sql(query.text)
        assert found.columns
        assert found.fetchall() == [], query.name
    connection.close()
    assert not Path(local_world.settings.storage.ledger.removeprefix("sqlite:///")).exists()
