"""Gather what apps' pages show of the ledger: counts of postbacks and opt-outs, never an identifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from etl.jobs.waiting import describe_waiting
from etl.ledger.opt_out_counts import count_progress
from etl.ledger.outcome_counts import LeftOutCount, PostbackCount, count_left_out, count_postbacks
from etl.ledger.suppressions import EVERY_APP
from etl.ledger.upgrade import ledger_status, open_current_ledger
from etl.liftoff.gates import SENTENCES
from etl.reports.app_figures import AppFigures, Deadline, LeftOut, Postbacks
from etl.reports.figures import HeldBatch, Period
from etl.settings import Settings


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """Counts of all chosen apps as the ledger gives them."""

    held: tuple[HeldBatch, ...] = ()
    postbacks: Sequence[PostbackCount] = ()
    left_out: Sequence[LeftOutCount] = ()
    deadlines: Sequence[Deadline] = ()


def gather_ledger_figures(settings: Settings, apps: Collection[str], period: Period) -> LedgerFigures:
    """Count what the ledger has of some apps; a ledger that is not there has nothing, and is not made."""
    if not ledger_status(settings.storage.ledger).exists:
        return LedgerFigures()
    ledger = open_current_ledger(settings.storage.ledger)
    return LedgerFigures(
        held=describe_waiting(ledger),
        postbacks=count_postbacks(ledger, apps, period.first, period.last),
        left_out=count_left_out(ledger, apps, period.first, period.last),
        deadlines=_sum_requests(count_progress(ledger)),
    )


def add_ledger_figures(figures: AppFigures, found: LedgerFigures, alert_days: float) -> AppFigures:
    """Give an app's figures with what the ledger has of it, and of requests for every app."""
    mine = [each for each in found.postbacks if each.app_id == figures.app_id]
    return replace(
        figures,
        held=tuple(each for each in found.held if each.app_id == figures.app_id),
        postbacks=tuple(_describe(each) for each in mine if each.mode == "production"),
        test_postbacks=sum(each.occurrences for each in mine if each.mode == "test" and each.asked),
        left_out=tuple(
            LeftOut(each.code, SENTENCES.get(each.code, ""), each.events)
            for each in found.left_out
            if each.app_id == figures.app_id
        ),
        deadlines=tuple(each for each in found.deadlines if each.app_id in {figures.app_id, EVERY_APP}),
        alert_days=alert_days,
    )


def _describe(count: PostbackCount) -> Postbacks:
    return Postbacks(count.event_name, count.state, count.code, count.occurrences, count.asked)


def _sum_requests(
    progress: Sequence[tuple[str, str, str, str, str, date, date, int]],
) -> tuple[Deadline, ...]:
    """Sum up requests that are not done by app, kind and day they are due, the nearest first."""
    sums: dict[tuple[date, str, str], Counter[str]] = {}
    for app_id, kind, state, submission, erasure, _, due, requests in progress:
        if state in {"open", "waiting"}:
            marks = {
                "requests": True,
                "waiting": state == "waiting",
                "to_submit": state == "open" and submission == "due",
                "to_erase": state == "open" and erasure == "due",
            }
            found: Mapping[str, int] = {name: requests for name, is_so in marks.items() if is_so}
            sums.setdefault((due, app_id, kind), Counter()).update(found)
    return tuple(
        Deadline(
            app_id, kind, due, counts["requests"], counts["waiting"], counts["to_submit"], counts["to_erase"]
        )
        for (due, app_id, kind), counts in sorted(sums.items())
    )
