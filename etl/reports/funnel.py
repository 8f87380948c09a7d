"""An app's way from landing to Liftoff: how many came how far, and what became of the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from etl.reports.app_figures import AppFigures, Postbacks
from etl.reports.naming import LEAST_EVENTS, OTHER, is_presentable
from etl.reports.plots import Stage

# States in which Liftoff was asked, whatever it said.
ASKED: Final = frozenset({"delivered", "refused", "unknown", "sending"})
# A person reads no more names; the rest is told as "other".
MOST_NAMES: Final = 15


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the postbacks of an event: all planned, and of these what."""

    event_name: str
    planned: int
    sent: int
    accepted: int
    refused: int
    unknown: int
    waiting: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why postbacks were refused, or not sent after all."""

    state: str
    code: str
    occurrences: int


def list_stages(figures: AppFigures) -> tuple[Stage, ...]:
    """List the stages from what landed to what Liftoff accepted.

    Landed is what is known of the app: published, quarantined and held. Resends have no app.
    """
    fate = sum_fates(figures)
    return (
        Stage("Landed", figures.utc_records + count_refused(figures) + count_held(figures), "records"),
        Stage("Published", figures.utc_records, "records"),
        Stage("Each thing once", figures.utc_occurrences, "occurrences"),
        Stage("Planned for Liftoff", fate.planned, "occurrences"),
        Stage("Sent", fate.sent, "occurrences"),
        Stage("Accepted", fate.accepted, "occurrences"),
    )


def count_refused(figures: AppFigures) -> int:
    """Count the app's messages that were quarantined."""
    return sum(each.messages for each in figures.quarantined)


def count_held(figures: AppFigures) -> int:
    """Count the app's rows that are held back now."""
    return sum(each.rows for each in figures.held)


def sum_fates(figures: AppFigures) -> Fate:
    """Sum up what became of all postbacks."""
    return _sum("", figures.postbacks)


def list_fates(figures: AppFigures) -> tuple[Fate, ...]:
    """List what became of postbacks by event, most first; rare and odd names are told as one."""
    totals = Counter[str]()
    for each in figures.postbacks:
        totals[each.event_name] += each.occurrences
    shown = [
        name
        for name, count in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        if is_presentable(name) and count >= LEAST_EVENTS and name != OTHER
    ][:MOST_NAMES]
    by_name = defaultdict[str, list[Postbacks]](list)
    for each in figures.postbacks:
        by_name[each.event_name if each.event_name in shown else OTHER].append(each)
    return tuple(_sum(name, by_name[name]) for name in (*shown, OTHER) if name in by_name)


def list_refusals(figures: AppFigures) -> tuple[Refusal, ...]:
    """List why postbacks were refused, or left out or cancelled after they were planned."""
    found: Mapping[tuple[str, str], int] = _count_codes(figures)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Refusal(state, code, count) for (state, code), count in ranked)


def _count_codes(figures: AppFigures) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for each in figures.postbacks:
        if each.state in {"refused", "excluded", "cancelled"}:
            found[each.state, each.code or ""] += each.occurrences
    return found


def _sum(name: str, postbacks: tuple[Postbacks, ...] | list[Postbacks]) -> Fate:
    by_state = Counter[str]()
    for each in postbacks:
        by_state[each.state] += each.occurrences
    return Fate(
        name,
        planned=by_state.total(),
        sent=sum(each.occurrences if each.state in ASKED else each.asked for each in postbacks),
        accepted=by_state["delivered"],
        refused=by_state["refused"],
        unknown=by_state["unknown"],
        waiting=by_state["queued"] + by_state["sending"],
        withdrawn=by_state["cancelled"] + by_state["excluded"],
    )
