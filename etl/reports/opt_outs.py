"""The page of opt-outs: how many days each request has left, what is proven, and how the evidence stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl.reports.rendering import render, spell_instant
from etl.reports.summary import Tile, count_of
from etl.reports.verdicts import State


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request that is not done, by its number; what of it is due, and the days that are left."""

    number: int
    app_id: str | None
    kind: str
    received_at: datetime
    days_left: float
    submission: str
    erasure: str
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class ProofLine:
    """How the last verification ended."""

    at: datetime
    is_proven: bool
    objects: int
    read_bytes: int
    found: int


@dataclass(frozen=True, slots=True)
class OptOutFigures:
    """All that the page shows; `lines` are those with the fewest days left, `open_requests` all of them.

    `unaccepted` are requests that Liftoff answered and did not take.
    """

    made_at: datetime
    alert_days: float
    open_requests: int
    near: int
    overdue: int
    lines: tuple[RequestLine, ...]
    states: tuple[tuple[str, int], ...]
    erasures: tuple[tuple[str, int], ...]
    proof: ProofLine | None
    evidence_length: int
    evidence_head: str
    evidence_fault: str | None = None
    unaccepted: int = 0


def render_opt_out_page(figures: OptOutFigures) -> str:
    """Render the page: one HTML text that asks for nothing else, and names nobody."""
    state, headline = judge_opt_outs(figures)
    return render(
        "opt_outs.html.j2",
        figures=figures,
        state=state,
        headline=headline,
        tiles=_make_tiles(figures),
        judge_line=lambda line: judge_days(line.days_left, figures.alert_days),
    )


def judge_opt_outs(figures: OptOutFigures) -> tuple[State, str]:
    """Say how opt-outs stand, what a person must act on first."""
    if figures.evidence_fault is not None:
        return State.FAILED, f"The evidence is not what was written: {figures.evidence_fault}"
    if figures.overdue:
        return State.FAILED, f"{count_of(figures.overdue, 'request is', 'requests are')} past the deadline"
    if figures.proof is not None and not figures.proof.is_proven:
        return State.FAILED, "The last verification did not prove that everybody is gone"
    if figures.near:
        near = count_of(figures.near, "request comes", "requests come")
        return State.ADVISORY, f"{near} due within {figures.alert_days:g} days"
    if figures.unaccepted:
        requests = count_of(figures.unaccepted, "request", "requests")
        return State.ADVISORY, f"Liftoff did not take {requests}: mend why, and drop the list again"
    never = State.NONE, "Nothing was verified yet"
    gone = State.PASSED, "Everybody who was erased is gone, and no deadline is near"
    return never if figures.proof is None else gone


def judge_days(days_left: float, alert_days: float) -> State:
    """Say how a deadline stands."""
    if days_left < 0:
        return State.FAILED
    return State.ADVISORY if days_left <= alert_days else State.PASSED


def _make_tiles(figures: OptOutFigures) -> tuple[Tile, ...]:
    proof = figures.proof
    days = [line.days_left for line in figures.lines]
    return (
        Tile("Open requests", f"{figures.open_requests:,}", "of which something is due"),
        Tile(
            "Days left",
            f"{min(days):.1f}" if days else "none open",
            "of the nearest deadline",
            judge_days(min(days), figures.alert_days) if days else State.NONE,
        ),
        Tile(
            "Not taken by Liftoff",
            f"{figures.unaccepted:,}",
            "answered with 400 or 202",
            State.ADVISORY if figures.unaccepted else State.PASSED,
        ),
        Tile(
            "Last verification",
            "never" if proof is None else "proven" if proof.is_proven else "not proven",
            "" if proof is None else spell_instant(proof.at),
            State.NONE if proof is None else State.PASSED if proof.is_proven else State.FAILED,
        ),
        Tile(
            "Evidence",
            f"{figures.evidence_length:,}",
            "links, whole" if figures.evidence_fault is None else "links, broken",
            State.PASSED if figures.evidence_fault is None else State.FAILED,
        ),
    )
