"""What an app's page shows, as values: counts, amounts and names of the schema, never a value of a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from etl.reports.figures import CheckTally, FailedCheck, HeldBatch, LoadDay, NamedEvents, Period


@dataclass(frozen=True, slots=True)
class AppDay:
    """An app's day, in its zone: rows of `events`, and what people did, once an occurrence."""

    day: date
    records: int
    occurrences: int
    installs: int
    in_app: int
    conversions: int


@dataclass(frozen=True, slots=True)
class ZoneShare:
    """A zone that rows name, None where they name none, and how many do."""

    zone: str | None
    records: int


@dataclass(frozen=True, slots=True)
class RefusedMessages:
    """Messages of the app that were quarantined, by the UTC day they landed."""

    reason: str
    messages: int


@dataclass(frozen=True, slots=True)
class Postbacks:
    """Occurrences of the period's UTC days that plans for production hold, by what became of them.

    An occurrence that several plans hold counts once, by the best that became of it; those that are only
    queued count in every plan. `asked` of the cancelled ones were sent before, without being accepted.
    """

    event_name: str
    state: str
    code: str | None
    occurrences: int
    asked: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Events that plans left out for a reason, as often as a plan did."""

    code: str
    sentence: str
    events: int


@dataclass(frozen=True, slots=True)
class SalesDay:
    """What was sold on an app's day in one currency; `revenue` is after refunds, `refunded` negative.

    `usd` is AppsFlyer's conversion, as far as rows have one; `without_usd` have none.
    """

    day: date
    currency: str | None
    purchases: int
    refunds: int
    revenue: Decimal
    refunded: Decimal
    usd: Decimal
    without_usd: int

    @property
    def sold(self) -> Decimal:
        """The amount before refunds."""
        return self.revenue - self.refunded


@dataclass(frozen=True, slots=True)
class LateDay:
    """How long after the event its message landed, for the rows of an app's day.

    Half of them had landed within `median_minutes`, nineteen of twenty within `most_minutes`.
    """

    day: date
    records: int
    median_minutes: int
    most_minutes: int
    within_hour: int
    within_day: int
    latest_minutes: int


@dataclass(frozen=True, slots=True)
class ClockIssue:
    """Rows whose times do not agree, by issue and zone."""

    issue: str
    zone: str | None
    records: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """Opt-out requests that are not done, by app (`*` for every app), kind and UTC day they are due."""

    app_id: str
    kind: str
    due: date
    requests: int
    waiting: int
    to_submit: int
    to_erase: int


@dataclass(frozen=True, slots=True)
class TableState:
    """How a table of the lake stands; `overdue_files` were replaced and are past their grace."""

    name: str
    version: int | None
    files: int
    rows: int
    bytes: int
    changed_at: datetime | None
    replaced_files: int
    overdue_files: int


@dataclass(frozen=True, slots=True)
class AppFigures:
    """All that an app's page shows.

    Days are the app's where not said otherwise: `offset_minutes` is its zone's, when the page was made.
    `loads`, `tables` and requests of `*` are of the whole lake. Without a ledger there is nothing of
    postbacks and opt-outs.
    """

    app_id: str
    period: Period
    generated_at: datetime
    offset_minutes: int = 0
    first_seen: date | None = None
    last_seen: date | None = None
    zones: tuple[ZoneShare, ...] = ()
    days: tuple[AppDay, ...] = ()
    names: tuple[NamedEvents, ...] = ()
    test_messages: int = 0
    utc_records: int = 0
    utc_occurrences: int = 0
    quarantined: tuple[RefusedMessages, ...] = ()
    held: tuple[HeldBatch, ...] = ()
    postbacks: tuple[Postbacks, ...] = ()
    test_postbacks: int = 0
    left_out: tuple[LeftOut, ...] = ()
    sales: tuple[SalesDay, ...] = ()
    late_days: tuple[LateDay, ...] = ()
    clock_issues: tuple[ClockIssue, ...] = ()
    doubted_records: int = 0
    tallies: tuple[CheckTally, ...] = ()
    failures: tuple[FailedCheck, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    alert_days: float = 7
    loads: tuple[LoadDay, ...] = ()
    tables: tuple[TableState, ...] = ()

    @property
    def chosen_apps(self) -> tuple[str, ...]:
        """The app, as those whose loads may be mixed with others'."""
        return (self.app_id,)

    @property
    def today(self) -> date:
        """The app's day when the page was made."""
        return (self.generated_at + timedelta(minutes=self.offset_minutes)).date()

    @property
    def records(self) -> int:
        """Rows of the period, test messages left out."""
        return sum(each.records for each in self.days)

    @property
    def occurrences(self) -> int:
        """What people did in the period."""
        return sum(each.occurrences for each in self.days)
