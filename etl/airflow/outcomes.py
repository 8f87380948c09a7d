"""What became of plans, for a log and for the end of a run (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from etl.errors import PostbacksUnsettled

if TYPE_CHECKING:
    from etl.airflow.backfill_steps import Outcome

SHOWN: Final = ("delivered", "refused", "unknown", "excluded", "cancelled", "queued", "sending")


def describe_outcome(outcome: Outcome) -> Iterator[str]:
    """Say how far a plan came."""
    counts = outcome["counts"]
    yield f"Plan {outcome['plan_id']} of {outcome['app_id']} ({outcome['mode']}) is {outcome['state']}:"
    yield from (f"  {state:<10} {counts.get(state, 0):>12,}" for state in SHOWN)
    yield f"  {outcome['exported']:,} outcomes are new in the lake's table postbacks."
    yield from (f"  DOES NOT ADD UP: {problem}" for problem in outcome["problems"])


def refuse_unsettled(outcomes: Sequence[Outcome]) -> None:
    """Raise PostbacksUnsettled, with the ways out, where anything is unknown, left, or does not add up."""
    unsettled = [line for outcome in outcomes for line in find_unsettled(outcome)]
    if unsettled:
        raise PostbacksUnsettled("\n  ".join(["Not everything is settled:", *unsettled]))


def find_unsettled(outcome: Outcome) -> Iterator[str]:
    """Name what a person must see to."""
    counts, plan_id = outcome["counts"], outcome["plan_id"]
    left = counts.get("queued", 0) + counts.get("sending", 0)
    if outcome["state"] == "planned":
        yield f"Plan {plan_id} waits for approval; send or cancel it: steer_postbacks, or pushlift backfill."
    elif left:
        yield (
            f"Plan {plan_id} is {outcome['state']} with {left:,} postbacks left; mend what stopped it, then"
            f" resume it: steer_postbacks, or pushlift backfill resume {plan_id}."
        )
    if unknown := counts.get("unknown", 0):
        yield (
            f"Plan {plan_id} has {unknown:,} postbacks of which nobody knows whether Liftoff has them;"
            f" decide: pushlift backfill unknown {plan_id}."
        )
    yield from (f"Plan {plan_id}: {problem}" for problem in outcome["problems"])


def sum_counts(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add up counts by name."""
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total
