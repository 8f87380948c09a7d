"""What a DAG run asks of a plan, read from its Params and whoever started it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from etl.errors import UsageError
from etl.jobs.planning.request import PlanRequest
from etl.settings.liftoff import Liftoff

NOBODY: Final = "Airflow"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is sent, how fast and by how many workers; `is_over` where it is not sent at all."""

    per_second: float
    workers: int = 1
    is_over: bool = False
    daily_cap: int | None = None


def read_plan_request(params: Mapping[str, Any], who: str) -> PlanRequest:
    """Read what is to be planned; raises UsageError for days that are none."""
    return PlanRequest(
        app_id=params["app"].strip(),
        first=read_day(params, "from"),
        last=read_day(params, "to"),
        events=tuple(each.strip() for each in params["events"] or () if each.strip()),
        mode="test" if params["test_mode"] else "production",
        failed_days="accept" if params["accept_failed_checks"] else "refuse",
        reason=read_reason(params),
        who=who,
    )


def read_manner(params: Mapping[str, Any], liftoff: Liftoff) -> Manner:
    """Read how to send; raises UsageError for a rate above the configured one."""
    configured = find_rate(liftoff, is_test=params["test_mode"])
    asked = params["rate"]
    if asked is not None and asked > configured:
        raise UsageError(
            f"rate = {asked:g} is more than the {configured:g} postbacks a second that are configured; ask"
            " for less, or configure more."
        )
    cap = find_cap(liftoff, is_test=params["test_mode"])
    return Manner(asked or configured, params["workers"], params["dry_run"], cap)


def find_rate(liftoff: Liftoff, *, is_test: bool) -> float:
    """Give the configured rate of a mode."""
    return liftoff.test_postbacks_per_second if is_test else liftoff.postbacks_per_second


def find_cap(liftoff: Liftoff, *, is_test: bool) -> int | None:
    """Give the most that a mode may send a UTC day, if there is such a limit."""
    return liftoff.test_daily_cap if is_test else liftoff.daily_cap


def read_day(params: Mapping[str, Any], name: str) -> date:
    """Read a UTC day."""
    try:
        return date.fromisoformat(params[name])
    except ValueError:
        raise UsageError(f"{name} = {params[name]!r} is no day; write it as 2026-09-01.") from None


def read_reason(params: Mapping[str, Any]) -> str:
    """Read the reason, which may not be blank; raises UsageError."""
    reason: str = params["reason"].strip()
    if not reason:
        raise UsageError("reason is blank; say why, for whoever reads the ledger in a year.")
    return reason


def name_starter(dag_run: Any) -> str:  # noqa: ANN401 - Airflow's class, which is not imported here
    """Name who started a run, as Airflow knows them."""
    return f"{dag_run.triggering_user_name or NOBODY} (run {dag_run.run_id} of {dag_run.dag_id})"


def name_approver(answer: Mapping[str, Any]) -> str:
    """Name who answered, as Airflow knows them."""
    user = answer.get("responded_by_user") or {}
    return f"{user.get('name') or user.get('id') or 'somebody'} (Airflow)"


def is_approval(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer approves."""
    return list(answer.get("chosen_options") or ()) == ["Approve"]
