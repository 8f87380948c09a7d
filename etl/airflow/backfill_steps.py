"""The steps of a backfill as Airflow's tasks call them: plan, approve, deliver, reconcile, report.

What passes between tasks are a plan's id, counts and its price; never an identifier.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict

from etl.airflow.backfill_form import Order, Planned, Way, choose_way, is_rejected, name_approver, read_order
from etl.airflow.configuration import load_task_settings
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import PostbacksUnsettled
from etl.jobs.steering import Word

if TYPE_CHECKING:
    from etl.jobs.planning.reading import PlanReport
    from etl.settings import Settings

LOG: Final = logging.getLogger(__name__)
_UNASKED: Final = "Airflow: fewer postbacks than liftoff.approval_from"


class AssetEvent(Protocol):
    """As much of Airflow's event of an outlet as is written to."""

    extra: dict[str, Any]


class Share(TypedDict):
    """A worker's share of a plan: as much of it as it can send before others do."""

    plan_id: str
    app_id: str
    mode: str
    per_second: float | None


def plan_backfill(params: Mapping[str, Any], who: str | None) -> Planned:
    """Make the plan that the form asks for, or read the one that it names; logs its price."""
    from etl.jobs.planning.reading import describe_plan  # noqa: PLC0415 - seconds, for this step alone
    from etl.jobs.planning.story import make_plan  # noqa: PLC0415 - as above

    order = read_order(params, who)
    settings = load_task_settings()
    if order.request is None:
        report = _read_report(settings, str(order.plan_id))
    else:
        report = make_plan(settings, order.request, secrets=load_task_secrets())
    LOG.info("%s", "\n".join(describe_plan(report)))
    return describe_planned(report, settings.liftoff.approval_from)


def describe_planned(report: PlanReport, approval_from: int) -> Planned:
    """Give what the next tasks, and whoever approves, must know of a plan."""
    from etl.jobs.planning.reading import describe_plan, spell_duration  # noqa: PLC0415 - as above

    plan = report.plan
    return Planned(
        plan_id=plan.id,
        plan_hash=plan.plan_hash,
        app_id=plan.app_id,
        mode=plan.mode,
        state=plan.state,
        postbacks=report.queued,
        lasts=spell_duration(report.seconds),
        price="\n".join(describe_plan(report)),
        asks=plan.state == "planned" and report.queued >= approval_from,
    )


def decide_way(planned: Planned, params: Mapping[str, Any]) -> Way | None:
    """Say which task follows: a person's approval, or none where the plan is small or approved already."""
    way = choose_way(planned, is_dry_run=bool(params["dry_run"]))
    if way is None:
        LOG.info("Nothing is sent: %s.", "a dry run" if params["dry_run"] else "there is nothing to send")
    return way


def confirm_plan(
    planned: Planned, answer: Mapping[str, Any] | None, params: Mapping[str, Any], who: str | None
) -> list[Share]:
    """Approve the plan that was seen, in the name of who said so; gives each worker its share."""
    from etl.jobs.steering import approve  # noqa: PLC0415 - as above

    order = read_order(params, who)
    word = Word(order.reason, name_approver(answer) or who or _UNASKED)
    approve(load_task_settings(), planned["plan_id"], word, planned["plan_hash"])
    return share_out(planned, order)


def share_out(planned: Planned, order: Order) -> list[Share]:
    """Share a plan out; a rate that was asked for is divided, the configured one is kept by the ledger."""
    per_second = None if order.per_second is None else order.per_second / order.workers
    share = Share(
        plan_id=planned["plan_id"], app_id=planned["app_id"], mode=planned["mode"], per_second=per_second
    )
    return [share] * order.workers


def deliver_share(share: Share) -> dict[str, Any]:
    """Send what nobody else does of a plan, until nothing is left; raises as `deliver_plan` does."""
    from etl.airflow.delivering import Meter, deliver_plan, increase_metric  # noqa: PLC0415 - as above
    from etl.cli.progress import log_tenths, stop_on_signal  # noqa: PLC0415 - as above
    from etl.jobs.delivery.assembly import Delivery  # noqa: PLC0415 - as above

    meter = Meter(share["app_id"], share["mode"], increase_metric)
    with stop_on_signal() as should_stop:
        delivery = Delivery(
            settings=load_task_settings(),
            secrets=load_task_secrets(),
            per_second=share["per_second"],
            progress=log_tenths(),
            should_stop=should_stop,
            watch=meter.note,
        )
        try:
            return asdict(deliver_plan(delivery, share["plan_id"]))
        finally:
            meter.finish()


def reconcile_backfill(
    planned: Planned, answer: Mapping[str, Any] | None, event: AssetEvent | None = None
) -> dict[str, Any]:
    """Bring outcomes into the lake; cancels the plan where somebody said no. Gives the plan's counts."""
    from etl.jobs.reconciling import (  # noqa: PLC0415 - as above
        describe_reconciliation,
        forget_personal_values,
        reconcile_plan,
    )
    from etl.jobs.steering import steer  # noqa: PLC0415 - as above

    settings = load_task_settings()
    if is_rejected(answer) and planned["state"] == "planned":
        steer(settings, "cancel", planned["plan_id"], Word("rejected", name_approver(answer)))
    found = reconcile_plan(settings, planned["plan_id"])
    forget_personal_values(settings)
    LOG.info("%s", "\n".join(describe_reconciliation(found)))
    if event is not None:
        event.extra = asdict(found)
    return asdict(found)


def report_backfill(planned: Planned, *, is_dry_run: bool) -> None:
    """Log how the plan stands; raises PostbacksUnsettled unless it came to its end, or nobody wants it."""
    from etl.jobs.steering import describe_status, read_status  # noqa: PLC0415 - as above

    status = read_status(load_task_settings(), planned["plan_id"])
    LOG.info("%s", "\n".join(describe_status(status)))
    state = status.report.plan.state
    complaint = complain(planned["plan_id"], state, status.counts, is_dry_run=is_dry_run)
    if complaint:
        raise PostbacksUnsettled(complaint)
    if state == "planned":
        LOG.info(
            "Nothing was sent. To send it: another run with plan_id = %s and without dry_run.",
            planned["plan_id"],
        )


def complain(plan_id: str, state: str, counts: Mapping[str, int], *, is_dry_run: bool) -> str | None:
    """Say what is left to do where a plan did not come to its end; None where it did."""
    if is_dry_run or state == "cancelled":
        return None
    if counts["unknown"]:
        return (
            f"{counts['unknown']:,} postbacks of plan {plan_id} were asked and never answered: pushlift"
            " backfill unknown lists them, and steer_postbacks sends them again or drops them."
        )
    left = counts["queued"] + counts["sending"]
    if state == "planned" and left:
        return f"Nobody approved plan {plan_id}; another run with plan_id = {plan_id} asks again."
    if left:
        return (
            f"{left:,} postbacks of plan {plan_id}, which is {state}, are not sent: see why the task deliver"
            " ended, mend it, resume the plan if it is paused, and clear deliver with what follows it."
        )
    return None


def _read_report(settings: Settings, plan_id: str) -> PlanReport:
    from etl.jobs.planning.reading import read_plan_report  # noqa: PLC0415 - as above
    from etl.ledger.upgrade import open_current_ledger  # noqa: PLC0415 - as above

    return read_plan_report(open_current_ledger(settings.storage.ledger), plan_id)
