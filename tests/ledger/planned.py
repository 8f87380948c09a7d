"""Approved plans of made-up rows, for whoever drains them; the clock is the test's."""

import hashlib
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from etl.ledger.claims import Claimed, claim
from etl.ledger.database import Ledger
from etl.ledger.history import Postback, find_postbacks
from etl.ledger.intents import Verdict
from etl.ledger.outcomes import Answer, Outcome
from etl.ledger.plan_rows import add_postbacks
from etl.ledger.plans import Mode, NewPlan, Plan, PlanCount, approve_plan, finish_plan, start_plan
from etl.ledger.senders import Sender, start_sender
from etl.ledger.sending import exchange

APP = "com.example"
LIFTOFF_APP = "liftoff-app"
DAY = date(2026, 2, 27)
LEASE_SECONDS = 120.0


def name_occurrence(name: str) -> str:
    """Name an occurrence as the lake does."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def tabulate_rows(names: Sequence[str], first: int = 0) -> pa.Table:
    """Make the rows of a plan, one a name; each names one person, `subject of` and the name."""
    return pa.table(
        {
            "position": pa.array(range(first, first + len(names)), pa.int64()),
            "occurrence_id": [name_occurrence(name) for name in names],
            "event_id": [name_occurrence(f"event {name}") for name in names],
            "event_date": pa.array([DAY] * len(names), pa.date32()),
            "source_name": ["af_purchase"] * len(names),
            "event_name": ["purchase"] * len(names),
            "parameters": [f'{{"event_name": "{name}"}}' for name in names],
            "subjects": [f"{name_subject(name)} other" for name in names],
        }
    )


def name_subject(name: str) -> str:
    """Name the person of a row."""
    return name_occurrence(f"subject of {name}")


def draft_plan(ledger: Ledger, plan_id: str, names: Sequence[str], mode: Mode = "production") -> Plan:
    """Begin a plan and add its rows."""
    plan = start_plan(ledger, NewPlan(plan_id, APP, LIFTOFF_APP, mode, "{}", "configuration"))
    add_postbacks(ledger, plan, tabulate_rows(names))
    return plan


def make_plan(ledger: Ledger, plan_id: str, names: Sequence[str], mode: Mode = "production") -> Plan:
    """Make a plan that is approved."""
    draft_plan(ledger, plan_id, names, mode)
    counts = [PlanCount(DAY, "purchase", "planned", len(names))]
    finish_plan(ledger, plan_id, f"hash of {plan_id}", counts, "{}")
    return approve_plan(ledger, plan_id, "ana")


def begin_sending(ledger: Ledger, plan_id: str, names: Sequence[str], mode: Mode = "production") -> Sender:
    """Make an approved plan, and a sender of it."""
    make_plan(ledger, plan_id, names, mode)
    return start_sender(ledger, plan_id, LEASE_SECONDS)


def intend(ledger: Ledger, sender: Sender, limit: int = 100) -> tuple[list[Claimed], Verdict]:
    """Claim what is due, and record intents of it."""
    rows = claim(ledger, sender, limit)
    return rows, exchange(ledger, sender, intents=rows)


def answer(ledger: Ledger, sender: Sender, outcome: Answer, *, number: int = 1, position: int = 0) -> None:
    """Record what came of an attempt."""
    code = None if outcome == "delivered" else f"http_{outcome}"
    exchange(ledger, sender, [Outcome(position, number, outcome, code, 200, "ok", 12)])


def put_off(ledger: Ledger, sender: Sender, seconds: float) -> None:
    """Record that the first row is to be tried again after some time."""
    exchange(ledger, sender, [Outcome(0, 1, "retry", "http_retry", retry_in_seconds=seconds)])


def look_up(ledger: Ledger, plan_id: str, name: str) -> Postback:
    """Look a row up."""
    (found,) = [row for row in find_postbacks(ledger, name_occurrence(name)) if row.plan_id == plan_id]
    return found


def state_of(ledger: Ledger, plan_id: str, name: str) -> tuple[str, str | None]:
    """Tell a row's state, and its code."""
    found = look_up(ledger, plan_id, name)
    return found.state, found.code
