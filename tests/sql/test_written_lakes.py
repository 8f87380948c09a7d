"""Queries about weeks, deliveries and opt-outs, on rows that the tests write; answers are counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from etl.lake.library import find_query
from etl.lake.reading import Lake
from etl.lake.tables import EVENTS, POSTBACKS, PROFILES
from etl.ledger.opt_outs import NewRequest, Request, add_requests
from tests.reports.lakes import Row, at, event, write_rows
from tests.services.worlds import World

APP: Final = "com.a"


def ask(world: World, name: str, **variables: str) -> list[tuple[Any, ...]]:
    """Answer a query of the library."""
    return (
        Lake(world.lake, world.settings.storage.ledger).query(find_query(name).text, **variables).fetchall()
    )


def test_volume_against_last_month(local_world: World) -> None:
    """6 on a Tuesday after 2, 4 and none on those before: the app's first is three weeks ago."""
    counts = {"2026-11-03": 2, "2026-11-10": 4, "2026-11-24": 6, "2026-11-25": 1}
    write_rows(
        local_world.lake,
        EVENTS,
        [event(APP, f"{day} 10:{minute:02d}") for day, number in counts.items() for minute in range(number)],
    )

    found = ask(local_world, "volume_against_last_month", first_day="2026-11-24")

    assert [(str(row[1]), *row[2:]) for row in found] == [
        ("2026-11-24", 6, 2.0, 3, 2.0),
        ("2026-11-25", 1, 0.0, 3, None),
    ]


def test_fields_that_drift(local_world: World) -> None:
    """A field of 80 % falls to 20 %; one of 50 % that stays, and an app of few rows, are not told."""

    def figures(app: str, hour: str, rows: int, **present: int) -> list[Row]:
        made = {"app_id": app, "run_id": hour, "profiled_at": at(hour), "prefix": "p/", "rows": rows}
        fields = [made | {"kind": "field", "name": name, "present": n} for name, n in present.items()]
        return [made | {"kind": "rows", "name": "", "present": rows}, *fields]

    rows = [
        *figures(APP, "2026-10-20 10:00", 100, campaign=80, city=50),
        *figures(APP, "2026-10-25 10:00", 100, campaign=80, city=50),
        *figures(APP, "2026-11-03 10:00", 200, campaign=40, city=100),
        *figures(APP, "2026-09-01 10:00", 900, city=900),
        *figures("com.few", "2026-10-20 10:00", 99, campaign=99),
        *figures("com.few", "2026-11-03 10:00", 500),
    ]
    write_rows(local_world.lake, PROFILES, rows)

    assert ask(local_world, "fields_that_drift") == [(APP, "campaign", 0.8, 0.2, -60.0, 200, 200)]


def sold(occurrence: str, name: str, usd: int, **fields: object) -> Row:
    """Make an in-app event."""
    return event(
        APP, "2026-11-03 10:00", name, occurrence_id=occurrence, event_id=occurrence,
        topic="install_in_app_event", event_revenue_usd=usd, **fields,
    )  # fmt: skip


def told(occurrence: str, state: str, **fields: object) -> Row:
    """Make an outcome: planned at noon, settled an hour later."""
    made = {
        "plan_id": "p1", "position": int(occurrence), "occurrence_id": occurrence, "app_id": APP,
        "state": state, "mode": "production", "attempts": 1, "run_id": "r",
        "event_date": at("2026-11-03 00:00").date(),
        "planned_at": at("2026-11-04 12:00"), "settled_at": at("2026-11-04 13:00"),
        "exported_at": at("2026-11-05 00:00"),
    }  # fmt: skip
    return made | fields


def write_deliveries(world: World) -> None:
    """Write five sales: delivered, excluded, delivered in a test alone, never planned, refused."""
    sales = [
        sold("1", "buy", 1),
        sold("2", "buy", 2),
        sold("3", "buy", 3),
        sold("4", "visit", 0),
        sold("5", "buy", 5),
    ]
    write_rows(world.lake, EVENTS, [*sales, sold("6", "buy", 99, is_test_message=True)])
    outcomes = [
        told("1", "delivered", attempts=3),
        told("2", "excluded", code="consent_att", attempts=0),
        told("3", "delivered", mode="test"),
        told("5", "refused", code="http_400"),
    ]
    write_rows(world.lake, POSTBACKS, outcomes)


def test_not_received_by_liftoff(local_world: World) -> None:
    """A delivery in test mode is none; what no plan had is told too."""
    write_deliveries(local_world)

    assert ask(local_world, "not_received_by_liftoff") == [
        (APP, "buy", "excluded", "consent_att", 1, 2),
        (APP, "buy", "not_planned", None, 1, 3),
        (APP, "buy", "refused", "http_400", 1, 5),
        (APP, "visit", "not_planned", None, 1, 0),
    ]


def test_postback_attempts(local_world: World) -> None:
    """Three attempts are one retried postback; what was excluded was not tried."""
    write_deliveries(local_world)

    assert ask(local_world, "postback_attempts") == [
        (APP, "production", "delivered", 1, 3, 1, 1.0),
        (APP, "production", "refused", 1, 1, 0, 1.0),
        (APP, "test", "delivered", 1, 1, 0, 1.0),
    ]


def test_postback_reconciliation(local_world: World) -> None:
    """Each mode by itself; the excluded by reason."""
    write_deliveries(local_world)

    rows = ask(local_world, "postback_reconciliation")

    assert [row[2:] for row in rows] == [
        ("buy", "production", 3, 2, 1, 1, 0, 0, 1, {"consent_att": 1}, 0),
        ("buy", "test", 1, 1, 1, 0, 0, 0, 0, None, 0),
        ("visit", "production", 1, 0, 0, 0, 0, 0, 0, None, 1),
    ]


def test_reasons_of_one_name_come_with_the_commonest_first(local_world: World) -> None:
    """Two for want of consent, one too old; of events without a name as of any other."""
    rows = [
        event(APP, "2026-11-03 10:00", event_name=None, occurrence_id=each, event_id=each) for each in "123"
    ]
    write_rows(local_world.lake, EVENTS, rows)
    codes = {"1": "too_old", "2": "consent_att", "3": "consent_att"}
    write_rows(local_world.lake, POSTBACKS, [told(each, "excluded", code=codes[each]) for each in codes])

    [row] = ask(local_world, "postback_reconciliation")

    assert row[2:] == (None, "production", 3, 0, 0, 0, 0, 0, 3, {"consent_att": 2, "too_old": 1}, 0)
    assert list(row[-2]) == ["consent_att", "too_old"]


def test_postbacks_of_an_app_and_days_are_asked_for(local_world: World) -> None:
    """By UTC day, as the query counts."""
    write_deliveries(local_world)

    def find(**variables: str) -> list[Any]:
        return [row[:3] for row in ask(local_world, "postback_reconciliation", **variables)]

    everything = find()
    assert find(app=APP, first_day="2026-11-03", last_day="2026-11-03") == everything
    assert len(everything) == 3
    assert find(app="com.other") == find(first_day="2026-11-04") == find(last_day="2026-11-02") == []


def test_opt_out_deadlines(local_world: World) -> None:
    """Open and waiting requests by app and day, from the ledger; no column could hold an id."""
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def wish(subject: str, app: str, **fields: Any) -> NewRequest:  # noqa: ANN401 - any of a request's fields
        made: dict[str, Any] = {
            "subject": subject, "app_id": app, "id_type": "idfa", "kind": "erase",
            "identifier": f"SECRET-{subject}", "store_id": None, "list_id": "l",
            "requested_at": now, "received_at": now,
            "deadline_at": now + timedelta(days=30), "installs": 1, "state": "open", "submission": "due",
            "erasure": "due",
        }  # fmt: skip
        return NewRequest(Request(**(made | fields)), (subject,))

    ledger = local_world.open_ledger()
    requests = [
        wish("a", APP),
        wish("b", APP, submission="accepted"),
        wish("c", APP, state="waiting", installs=99),
        wish("d", "*", kind="do_not_share", erasure="not_needed"),
        wish("e", APP, state="done", submission="accepted", erasure="erased", identifier=None),
    ]
    add_requests(ledger, requests)

    found = ask(local_world, "opt_out_deadlines", app=APP)

    assert [(row[0], row[1], str(row[2]), *row[3:]) for row in found] == [
        ("*", "do_not_share", "2026-12-01", 1, 0, 1, 0),
        (APP, "erase", "2026-12-01", 2, 1, 1, 2),
    ]
    lake = Lake(local_world.lake, local_world.settings.storage.ledger)
    assert "SECRET" not in str(lake.query("from opt_out_progress").fetchall())
