"""What the quality page shows, as values: figures and names of the schema, never a value of a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from etl.quality.checks import Severity, Verdict

# Hours, names and flags need the rows, which are read for so many of the last days.
DETAIL_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, the last one included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it."""
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    @property
    def detail(self) -> Period:
        """Its last days, which are looked at in detail."""
        return Period(max(self.first, self.last - timedelta(days=DETAIL_DAYS - 1)), self.last)


@dataclass(frozen=True, slots=True)
class CheckTally:
    """How many checks of an app ended in one way on a day; a null app is the whole run."""

    app_id: str | None
    day: date
    severity: Severity
    verdict: Verdict
    checks: int


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A rule that failed for an app, and how often; figures are those of the last time."""

    app_id: str | None
    suite: str
    rule_id: str
    subject: str
    severity: Severity
    verdict: Verdict
    times: int
    first_at: datetime
    last_at: datetime
    observed: float | None
    threshold: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditedDay:
    """A day of an app's events whose last audit did not pass, or that a check of the day failed."""

    app_id: str
    event_date: date
    verdict: Verdict
    severity: Severity
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """An app's part of a run that is held back and still open."""

    batch_id: str
    app_id: str
    created_at: datetime
    rows: int
    failed_rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayEvents:
    """Events of an app on a UTC day."""

    app_id: str
    day: date
    events: int


@dataclass(frozen=True, slots=True)
class HourEvents:
    """Events of an app in the hour that begins at `hour` (UTC)."""

    app_id: str
    hour: datetime
    events: int


@dataclass(frozen=True, slots=True)
class NamedEvents:
    """Events of an app by name; `days` are those on which one was seen."""

    app_id: str
    event_name: str
    events: int
    days: int


@dataclass(frozen=True, slots=True)
class QuarantineDay:
    """Messages that were quarantined for a reason, by the day they landed."""

    reason: str
    day: date
    messages: int
    objects: int
    apps: int


@dataclass(frozen=True, slots=True)
class FlagCount:
    """Events that carry a flag of the row rules."""

    code: str
    events: int
    apps: int
    last_date: date


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something of an app's messages that appeared or vanished, by the landed prefix it comes from.

    `kind`, `name` and `value` are those of `profiles`. `present` of `rows` messages had it between the first
    and the last time it was seen.
    """

    app_id: str
    prefix: str
    kind: str
    name: str
    value: str
    change: str
    first_seen: datetime
    last_seen: datetime
    rows: int
    present: int


@dataclass(frozen=True, slots=True)
class LoadDay:
    """What became of the objects that runs of a day took up."""

    day: date
    objects: int
    failed_objects: int
    messages: int
    published: int
    duplicates: int
    quarantined: int
    suppressed: int
    held: int

    @property
    def missing(self) -> int:
        """Messages that nothing accounts for; anything but 0 is a fault."""
        kept = self.published + self.duplicates + self.quarantined + self.suppressed + self.held
        return self.messages - kept


@dataclass(frozen=True, slots=True)
class QualityFigures:
    """All that the page shows. `chosen_apps` are those that were asked for; none means every app."""

    period: Period
    generated_at: datetime
    chosen_apps: tuple[str, ...] = ()
    tallies: tuple[CheckTally, ...] = ()
    failures: tuple[FailedCheck, ...] = ()
    audited_days: tuple[AuditedDay, ...] = ()
    held: tuple[HeldBatch, ...] = ()
    days: tuple[DayEvents, ...] = ()
    hours: tuple[HourEvents, ...] = ()
    names: tuple[NamedEvents, ...] = ()
    quarantine: tuple[QuarantineDay, ...] = ()
    flags: tuple[FlagCount, ...] = ()
    flagged_events: int = 0
    sightings: tuple[Sighting, ...] = ()
    loads: tuple[LoadDay, ...] = ()

    @property
    def apps(self) -> tuple[str, ...]:
        """Every app that has a figure, in alphabetical order."""
        checked = {tally.app_id for tally in self.tallies if tally.app_id is not None}
        seen = {each.app_id for part in (self.days, self.held, self.sightings) for each in part}
        return tuple(sorted(checked | seen | set(self.chosen_apps)))
