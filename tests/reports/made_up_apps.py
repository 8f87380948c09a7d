"""Figures of an app that does not exist, of every kind and as many days as a test asks for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from etl.quality.checks import Severity, Verdict
from etl.reports.app_figures import (
    AppDay,
    AppFigures,
    ClockIssue,
    Deadline,
    LateDay,
    LeftOut,
    Postbacks,
    RefusedMessages,
    SalesDay,
    TableState,
    ZoneShare,
)
from etl.reports.figures import CheckTally, FailedCheck, HeldBatch, LoadDay, NamedEvents
from tests.reports.made_up import NOW, period_of

APP: Final = "com.example.game"
SCRIPT: Final = "<script>document.title='owned'</script>"


def make_app(app_id: str = APP, days: int = 30, name: str = "af_purchase") -> AppFigures:
    """Make figures of every kind; `name` stands wherever an event, a code or a zone has one."""
    period = period_of(days)
    return AppFigures(
        app_id,
        period,
        NOW,
        offset_minutes=-300,
        first_seen=period.first,
        last_seen=period.last,
        zones=(ZoneShare("America/New_York", 28_000), ZoneShare(name, 40), ZoneShare(None, 9)),
        days=tuple(AppDay(day, 1000 + day.day, 980, 40, 930, 10) for day in period.days),
        names=(
            NamedEvents(app_id, name, 25_000, days),
            NamedEvents(app_id, "install", 1200, days),
            NamedEvents(app_id, "user_918273645", 700, 1),
        ),
        test_messages=3,
        utc_records=30_400,
        utc_occurrences=29_300,
        quarantined=(RefusedMessages("invalid_json", 12), RefusedMessages(name, 1)),
        held=(HeldBatch("run/7", app_id, NOW, 150, ("events.id_unique", name)),),
        postbacks=(
            Postbacks(name, "delivered", None, 900, 900),
            Postbacks(name, "refused", "http_400", 30, 30),
            Postbacks("install", "unknown", None, 4, 4),
            Postbacks("install", "queued", None, 60, 2),
        ),
        test_postbacks=5,
        left_out=(LeftOut("unmapped_event", "It has no name at Liftoff.", 27_000), LeftOut(name, name, 3)),
        sales=tuple(
            SalesDay(day, currency, 20, 1, Decimal("199.90"), Decimal("-4.99"), Decimal("210.10"), 2)
            for day in period.days
            for currency in ("EUR", "USD", None)
        ),
        late_days=tuple(LateDay(day, 1000, 25, 190, 900, 990, 3000 + day.day) for day in period.days),
        clock_issues=(
            ClockIssue("local_disagrees", "America/New_York", 12, period.first, period.last),
            ClockIssue("second_precision", name, 7, period.last, period.last),
        ),
        doubted_records=15,
        tallies=(
            CheckTally(app_id, period.first, Severity.REQUIRED, Verdict.PASSED, 24),
            CheckTally(app_id, period.last, Severity.ADVISORY, Verdict.FAILED, 1),
        ),
        failures=(
            FailedCheck(app_id, "events", name, name, Severity.ADVISORY, Verdict.FAILED, 2, NOW, NOW, 12.5,
                        "≤ 10", f"{name} fell."),
        ),
        deadlines=(
            Deadline(app_id, "erase", NOW.date() - timedelta(days=1), 1, 0, 1, 1),
            Deadline("*", "do_not_share", NOW.date() + timedelta(days=3), 7, 2, 5, 0),
            Deadline(app_id, "erase", NOW.date() + timedelta(days=20), 12, 0, 12, 12),
        ),
        loads=tuple(LoadDay(day, 24, 1, 1100, 1000, 80, 20, 0, 0) for day in period.days),
        tables=(
            TableState("events", 720, 720, 3_000_000, 1_900_000_000, NOW, 12, 3),
            TableState("postbacks", None, 0, 0, 0, None, 0, 0),
        ),
    )  # fmt: skip
