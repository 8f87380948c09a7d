"""Figures of a lake that does not exist: as many apps and days as a test asks for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from etl.quality.checks import Severity, Verdict
from etl.reports.figures import (
    AuditedDay,
    CheckTally,
    DayEvents,
    FailedCheck,
    FlagCount,
    HeldBatch,
    HourEvents,
    LoadDay,
    NamedEvents,
    Period,
    QualityFigures,
    QuarantineDay,
    Sighting,
)

NOW: Final = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
HOSTILE: Final = (
    "<script>document.title='owned'</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} ${x} $\\frac{1}{2}$",
    "\u202e\u05dc\u05d4\u05e4\u05d5\u05da\u202d app",
    "x" * 300,
    "a" * 30 + " </title></style></svg> " + "b" * 30,
)


def name_apps(number: int) -> tuple[str, ...]:
    """Name some apps."""
    return tuple(f"com.example.app{place:02d}" for place in range(number))


def period_of(days: int) -> Period:
    """Give the days up to and with today."""
    return Period(NOW.date() - timedelta(days=days - 1), NOW.date())


def make_figures(apps: Sequence[str] = name_apps(3), days: int = 14) -> QualityFigures:
    """Make figures of every kind; the first app's last day failed and is held."""
    period = period_of(days)
    return QualityFigures(
        period,
        NOW,
        tallies=tuple(_tally(apps, period)),
        failures=tuple(_fail(app) for app in (*apps, None)),
        audited_days=tuple(
            AuditedDay(app, period.last, Verdict.FAILED, Severity.REQUIRED, NOW) for app in apps[:1]
        ),
        held=tuple(HeldBatch(f"run/{app}", app, NOW, 1200, ("events.id_unique", app)) for app in apps[:1]),
        days=tuple(DayEvents(app, day, 900 + 10 * day.day) for app in apps for day in period.days),
        hours=tuple(_count_hours(apps)),
        names=tuple(NamedEvents(app, name, 500, days) for app in apps for name in ("af_login", "install")),
        quarantine=tuple(QuarantineDay(app, day, day.day, 2, 1) for app in apps for day in period.days),
        flags=tuple(FlagCount(app, 40, 1, period.last) for app in apps),
        flagged_events=50,
        sightings=tuple(
            Sighting(app, app, "field", "att", app, "appeared", NOW, NOW, 100, 90) for app in apps
        ),
        loads=tuple(LoadDay(day, 24, 1, 1000, 960, 30, 10, 0, 0) for day in period.days),
    )


def _tally(apps: Sequence[str], period: Period) -> Iterator[CheckTally]:
    for app in apps:
        for day in period.days:
            yield CheckTally(app, day, Severity.REQUIRED, Verdict.PASSED, 24)
            yield CheckTally(app, day, Severity.ADVISORY, Verdict.PASSED, 12)
    yield CheckTally(apps[0], period.last, Severity.REQUIRED, Verdict.FAILED, 2)
    yield CheckTally(apps[-1], period.first, Severity.ADVISORY, Verdict.FAILED, 1)


def _fail(app: str | None) -> FailedCheck:
    text = app or "loads"
    return FailedCheck(
        app, "events", text, text, Severity.REQUIRED, Verdict.FAILED, 2, NOW, NOW, 1234.5, f"no {text}", text
    )


def _count_hours(apps: Sequence[str]) -> Iterator[HourEvents]:
    first = datetime.combine(NOW.date() - timedelta(days=6), datetime.min.time(), UTC)
    hours = (NOW.replace(minute=0) - first) // timedelta(hours=1)
    for app in apps:
        for place in range(hours):
            yield HourEvents(app, first + timedelta(hours=place), (place * 7) % 90)


def day(number: int) -> date:
    """Give a day of November 2026."""
    return date(2026, 11, number)
