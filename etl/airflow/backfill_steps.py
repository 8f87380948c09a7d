"""The steps of a backfill as Airflow's tasks call them: small JSON in and out, all else in the ledger.

What passes between tasks are a plan's id, its price as text and counts; never an identifier, a URL or a row.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict

from etl.airflow.configuration import load_task_settings
from etl.airflow.plan_requests import (
    Manner,
    find_cap,
    find_rate,
    is_approval,
    name_approver,
    name_starter,
    read_manner,
    read_plan_request,
    read_reason,
)
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.ledger.database import Ledger
    from etl.ledger.plans import Plan
    from etl.settings import Settings

LOG: Final = logging.getLogger(__name__)

STEERED: Final = "send, pause, resume or cancel"


class Priced(TypedDict):
    """A plan and its price; `is_over` where nothing follows, `is_asked` where a person is to approve."""

    plan_id: str
    app_id: str
    mode: str
    state: str
    rows: int
    per_second: float
    workers: int
    is_over: bool
    is_asked: bool
    subject: str
    price: str


class Share(TypedDict):
    """Which worker of which plan, and how many a second all of them may send."""

    plan_id: str
    worker: int
    per_second: float


class Outcome(TypedDict):
    """How far a plan came: its state, its rows by state, and what does not add up."""

    plan_id: str
    app_id: str
    mode: str
    state: str
    counts: dict[str, int]
    exported: int
    problems: list[str]


def plan_postbacks(context: Mapping[str, Any]) -> Priced:
    """Make a plan of what the form asks for; logs its price, and tells people where one must approve."""
    from etl.jobs.planning.story import make_plan  # noqa: PLC0415 - not before there is something to plan

    settings = load_task_settings()
    params = context["params"]
    manner = read_manner(params, settings.liftoff)
    request = read_plan_request(params, name_starter(context["dag_run"]))
    report = make_plan(settings, request, secrets=load_task_secrets())
    ledger = open_plans(settings)
    priced = price_plan(settings, ledger, report.plan, manner)
    count_excluded(ledger, priced)
    announce_price(context, priced)
    return priced


def steer_plan(context: Mapping[str, Any]) -> Priced:
    """Do with a plan what the form asks for; sending and resuming is left to the tasks that follow."""
    from etl.ledger.plan_rows import cancel_plan  # noqa: PLC0415 - as above
    from etl.ledger.plans import pause_plan, resume_plan  # noqa: PLC0415 - as above

    settings = load_task_settings()
    ledger = open_plans(settings)
    params, who = context["params"], name_starter(context["dag_run"])
    plan, action, reason = require(ledger, params["plan"].strip()), params["action"], read_reason(params)
    if action == "pause":
        plan = pause_plan(ledger, plan.id, who, reason)
    elif action == "cancel":
        plan = cancel_plan(ledger, plan.id, who, reason)
    elif action == "resume":
        plan = resume_plan(ledger, plan.id, who, reason)
    elif plan.state not in {"planned", "approved"}:
        raise UsageError(f"Plan {plan.id} is {plan.state}, so it cannot be sent; only a planned one can.")
    rate = find_rate(settings.liftoff, is_test=plan.mode == "test")
    is_over = action in {"pause", "cancel"}
    priced = price_plan(settings, ledger, plan, per_second=rate, workers=params["workers"], is_over=is_over)
    announce_price(context, priced)
    return priced


def price_plan(settings: Settings, ledger: Ledger, plan: Plan, manner: Manner) -> Priced:
    """Say what a plan would send, for how long, and whether a person must approve."""
    from etl.airflow.pricing import PLANNED, spell_price  # noqa: PLC0415 - as above
    from etl.ledger.plans import read_plan_counts  # noqa: PLC0415 - as above
    from etl.liftoff.gates import SENTENCES  # noqa: PLC0415 - as above

    facts = {
        "Plan": plan.id,
        "App": plan.app_id,
        "Liftoff app": plan.liftoff_app_id,
        "Mode": plan.mode,
        "Reason": plan.reason or "",
        "Asked by": plan.who or "",
    }
    counts = read_plan_counts(ledger, plan.id)
    rows = sum(each.count for each in counts if each.code == PLANNED)
    is_waiting = plan.state == "planned" and not manner.is_over
    return Priced(
        plan_id=plan.id,
        app_id=plan.app_id,
        mode=plan.mode,
        state=plan.state,
        rows=rows,
        per_second=manner.per_second,
        workers=manner.workers,
        is_over=manner.is_over,
        is_asked=is_waiting and 0 < rows >= settings.liftoff.approval_from,
        subject=f"Send {rows:,} {plan.mode} postbacks of {plan.app_id}?",
        price=spell_price(facts, counts, manner, SENTENCES),
    )


def count_excluded(ledger: Ledger, priced: Priced) -> None:
    """Count what a plan leaves out in Airflow's metrics."""
    from etl.airflow.metrics import count_postbacks  # noqa: PLC0415 - as above
    from etl.airflow.pricing import PLANNED  # noqa: PLC0415 - as above
    from etl.ledger.plans import read_plan_counts  # noqa: PLC0415 - as above

    counts = read_plan_counts(ledger, priced["plan_id"])
    excluded = sum(each.count for each in counts if each.code != PLANNED)
    count_postbacks(priced["mode"], priced["app_id"], {"excluded": excluded})


def announce_price(context: Mapping[str, Any], priced: Priced) -> None:
    """Log the price; where a person must approve, tell people that it waits."""
    from etl.airflow.notifying import tell  # noqa: PLC0415 - as above

    LOG.info("%s", f"Plan {priced['plan_id']} is {priced['state']}.\n{priced['price']}")
    if priced["is_asked"]:
        tell(context, f"{priced['subject']} Plan {priced['plan_id']} waits for a person's approval.")


def choose_way(priced: Priced) -> str | None:
    """Name the task that follows on a plan; none where it is a dry run, or holds nothing to send."""
    if priced["is_over"] or not priced["rows"]:
        LOG.info("Nothing is sent%s.", "" if priced["rows"] else ", for the plan holds no postback")
        return None
    return "approve" if priced["is_asked"] else "begin"


def begin_sending(priced: Priced, answer: Mapping[str, Any] | None) -> list[Share]:
    """Approve the plan in the name of whoever answered, else by its size; share it out to its workers.

    A plan that somebody else has approved meanwhile is sent all the same; one that is cancelled is not.
    """
    from etl.ledger.plans import approve_plan  # noqa: PLC0415 - as above

    ledger = open_plans(load_task_settings())
    if require(ledger, priced["plan_id"]).state == "planned":
        who = "liftoff.approval_from" if answer is None else name_approver(answer)
        reason = "fewer rows than need a person" if answer is None else "approved in Airflow"
        approve_plan(ledger, priced["plan_id"], who, reason)
    return [
        Share(plan_id=priced["plan_id"], worker=worker, per_second=priced["per_second"])
        for worker in range(priced["workers"])
    ]


def deliver_share(share: Share) -> dict[str, int]:
    """Send what is queued of a plan, together with its other workers; gives what this one did, in counts."""
    from etl.airflow.delivering import deliver_plan  # noqa: PLC0415 - as above

    return deliver_plan(load_task_settings(), load_task_secrets(), share["plan_id"], share["per_second"])


def reconcile_plan(priced: Priced, answer: Mapping[str, Any] | None) -> Outcome | None:
    """Write outcomes to the lake and hold them against the plan; a plan that was rejected is cancelled.

    None where nothing was to be sent.
    """
    from etl.ledger.plan_rows import cancel_plan  # noqa: PLC0415 - as above

    settings = load_task_settings()
    if priced["is_over"] or not priced["rows"]:
        return None
    ledger = open_plans(settings)
    if answer is not None and not is_approval(answer):
        if require(ledger, priced["plan_id"]).state == "planned":
            cancel_plan(ledger, priced["plan_id"], name_approver(answer), "rejected in Airflow")
        LOG.info("Plan %s was rejected by %s.", priced["plan_id"], name_approver(answer))
        return None
    return export_outcomes(settings, priced["plan_id"])


def report_outcome(outcome: Outcome | None) -> None:
    """Log what became of a plan; raise where anything of it is unknown or not settled."""
    from etl.airflow.outcomes import describe_outcome, refuse_unsettled  # noqa: PLC0415 - as above

    if outcome is None:
        LOG.info("Nothing was to be sent.")
        return
    LOG.info("%s", "\n".join(describe_outcome(outcome)))
    refuse_unsettled([outcome])


def open_plans(settings: Settings) -> Ledger:
    """Open the ledger that has the plans."""
    from etl.ledger.upgrade import open_current_ledger  # noqa: PLC0415 - as above

    return open_current_ledger(settings.storage.ledger)


def require(ledger: Ledger, plan_id: str) -> Plan:
    """Find a plan, or raise UsageError."""
    from etl.ledger.plans import require_plan  # noqa: PLC0415 - as above

    return require_plan(ledger, plan_id)
