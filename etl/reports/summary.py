"""The page's first words: how the lake stands, and the figures that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.reports.figures import QualityFigures
from etl.reports.plots import shorten
from etl.reports.rendering import spell_share
from etl.reports.verdicts import Row, State


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name, what it is of, and how it stands."""

    label: str
    value: str
    note: str = ""
    state: State = State.NONE


@dataclass(frozen=True, slots=True)
class Summary:
    """The headline and its figures."""

    state: State
    headline: str
    tiles: tuple[Tile, ...]


def summarize(figures: QualityFigures, rows: Sequence[Row]) -> Summary:
    """Say how the lake stands: what people must act on comes before what they should look at."""
    state, headline = _judge(figures, rows)
    return Summary(state, headline, (*_tell_checks(figures, rows), *_tell_messages(figures)))


def count_of(number: int, noun: str, plural: str = "") -> str:
    """Spell a number of things: 1 batch, 2 batches."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _judge(figures: QualityFigures, rows: Sequence[Row]) -> tuple[State, str]:
    missing = sum(abs(each.missing) for each in figures.loads)
    if missing:
        return State.FAILED, f"{count_of(missing, 'message')} unaccounted for: report it"
    if figures.held:
        held = count_of(len(figures.held), "batch is", "batches are")
        return State.FAILED, f"{held} held back, waiting for a fix or a decision"
    if any(row.last is State.FAILED for row in rows if row.app_id is None):
        return State.FAILED, "A required check of whole runs fails"
    return _judge_apps([row.last for row in rows if row.app_id is not None and row.last is not State.NONE])


def _judge_apps(states: Sequence[State]) -> tuple[State, str]:
    failed, advisory = states.count(State.FAILED), states.count(State.ADVISORY)
    among = f"of {count_of(len(states), 'app')} checked"
    if failed:
        return State.FAILED, f"A required check fails for {failed} {among}"
    if advisory:
        return State.ADVISORY, f"Nothing is held back; advisory checks fail for {advisory} {among}"
    if states:
        return State.PASSED, "Every check passed when it was last made"
    return State.NONE, "Nothing was checked in this period"


def _tell_checks(figures: QualityFigures, rows: Sequence[Row]) -> tuple[Tile, ...]:
    apps = [row for row in rows if row.app_id is not None]
    sound = sum(row.last in {State.PASSED, State.ACCEPTED, State.ADVISORY} for row in apps)
    required, advisory = (
        sum(
            tally.checks
            for tally in figures.tallies
            if (tally.verdict, tally.severity) == ("failed", severity)
        )
        for severity in ("required", "advisory")
    )
    checks = sum(tally.checks for tally in figures.tallies)
    held = sum(each.rows for each in figures.held)
    return (
        Tile("Apps fit for use", f"{sound} of {len(apps)}", "by their last required checks"),
        Tile(
            "Batches held back",
            f"{len(figures.held):,}",
            f"{held:,} rows wait" if held else "none waits",
            State.FAILED if figures.held else State.PASSED,
        ),
        Tile(
            "Required failures",
            f"{required:,}",
            f"of {checks:,} checks",
            State.FAILED if required else State.PASSED,
        ),
        Tile(
            "Advisory failures",
            f"{advisory:,}",
            f"of {checks:,} checks",
            State.ADVISORY if advisory else State.PASSED,
        ),
    )


def _tell_messages(figures: QualityFigures) -> tuple[Tile, ...]:
    events = sum(each.events for each in figures.days)
    detail = figures.period.detail
    looked_at = sum(each.events for each in figures.days if each.day >= detail.first)
    messages = sum(each.messages for each in figures.loads)
    since = "" if detail == figures.period else f" since {detail.first}"
    refused = sum(each.messages for each in figures.quarantine)
    return (
        Tile("Events", _spell_large(events), f"on {len(figures.period.days):,} days"),
        Tile("Quarantined", f"{refused:,}", f"{spell_share(refused, messages)} of {messages:,} landed"),
        Tile(
            "Flagged",
            spell_share(figures.flagged_events, looked_at),
            f"{figures.flagged_events:,} events{since}",
        ),
    )


def _spell_large(count: int) -> str:
    """Spell a count within a tile's width: above ten millions to three digits."""
    return f"{count:,}" if count < 10_000_000 else shorten(count)  # noqa: PLR2004 - what is nine digits wide
