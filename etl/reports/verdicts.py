"""Verdicts over time: for each app and bucket of days, the worst that a check said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from etl.quality.checks import Severity, Verdict
from etl.reports.buckets import Bucket, list_buckets, share_days
from etl.reports.figures import AuditedDay, CheckTally, Period, QualityFigures


class State(StrEnum):
    """How an app stands, worst first."""

    FAILED = "failed"
    ADVISORY = "advisory"
    ACCEPTED = "accepted"
    PASSED = "passed"
    NONE = "none"


WORST_FIRST = tuple(State)
LABELS: Mapping[State, str] = {
    State.FAILED: "a required check failed",
    State.ADVISORY: "an advisory check failed",
    State.ACCEPTED: "a failure was accepted by a person",
    State.PASSED: "every check passed",
    State.NONE: "nothing was checked",
}
MARKS: Mapping[State, str] = {
    State.FAILED: "✕",
    State.ADVISORY: "!",
    State.ACCEPTED: "✓",
    State.PASSED: "·",
    State.NONE: "",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """An app in a bucket: its state, and the checks that were made and that failed."""

    bucket: Bucket
    state: State
    checks: int
    failed: int

    @property
    def mark(self) -> str:
        """The sign that says it without colour."""
        return MARKS[self.state]

    @property
    def label(self) -> str:
        """The same in words."""
        counted = f" ({self.failed:,} of {self.checks:,} failed)" if self.failed else ""
        return f"{LABELS[self.state]}{counted}"


@dataclass(frozen=True, slots=True)
class Row:
    """An app's cells over the period, and how it stood when it was last checked; None is the whole run."""

    app_id: str | None
    cells: tuple[Cell, ...]
    last: State


def judge_state(severity: Severity, verdict: Verdict) -> State:
    """Say what one check's verdict makes of its app."""
    if verdict is Verdict.FAILED:
        return State.FAILED if severity is Severity.REQUIRED else State.ADVISORY
    return State.ACCEPTED if verdict is Verdict.ACCEPTED else State.PASSED


def worst_state(states: Iterable[State]) -> State:
    """Give the worst of some states."""
    return min(states, key=WORST_FIRST.index, default=State.NONE)


def lay_out_verdicts(figures: QualityFigures) -> tuple[Row, ...]:
    """Lay the verdicts out, a row an app: those that need attention first, the whole run's at the end."""
    by_app: dict[str | None, list[CheckTally]] = {app: [] for app in figures.apps}
    for tally in figures.tallies:
        by_app.setdefault(tally.app_id, []).append(tally)
    rows = [_lay_out(app_id, tallies, figures.period) for app_id, tallies in by_app.items()]
    return tuple(sorted(rows, key=_place))


def mark_days(audited: Sequence[AuditedDay]) -> dict[tuple[str, date], State]:
    """Give the state of each app's days that have one worse than passed."""
    found: defaultdict[tuple[str, date], set[State]] = defaultdict(set)
    for each in audited:
        found[each.app_id, each.event_date].add(judge_state(each.severity, each.verdict))
    return {key: worst_state(states) for key, states in found.items()}


def _lay_out(app_id: str | None, tallies: Sequence[CheckTally], period: Period) -> Row:
    bucket_of = share_days(period)
    in_bucket: defaultdict[Bucket, list[CheckTally]] = defaultdict(list)
    for tally in tallies:
        if tally.day in bucket_of:
            in_bucket[bucket_of[tally.day]].append(tally)
    cells = tuple(_make_cell(bucket, in_bucket[bucket]) for bucket in list_buckets(period))
    checked = [cell.state for cell in cells if cell.state is not State.NONE]
    return Row(app_id, cells, checked[-1] if checked else State.NONE)


def _make_cell(bucket: Bucket, tallies: Sequence[CheckTally]) -> Cell:
    by_state = Counter[State]()
    for tally in tallies:
        by_state[judge_state(tally.severity, tally.verdict)] += tally.checks
    failed = by_state[State.FAILED] + by_state[State.ADVISORY]
    return Cell(bucket, worst_state(by_state), by_state.total(), failed)


def _place(row: Row) -> tuple[bool, int, int, str]:
    worst = worst_state(cell.state for cell in row.cells)
    return row.app_id is None, WORST_FIRST.index(worst), WORST_FIRST.index(row.last), row.app_id or ""
