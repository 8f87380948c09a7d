"""What somebody asks of a backfill in Airflow's form, read from its Params (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypedDict

from etl.errors import UsageError
from etl.jobs.planning.request import FailedDays, PlanRequest

Way = Literal["approve", "confirm"]
# What makes a plan; a plan that is there already has its own.
PLANNING: Final = ("app_id", "first_day", "last_day", "events")


class Planned(TypedDict):
    """A plan, as the tasks hand it on: no value of a person."""

    plan_id: str
    plan_hash: str | None
    app_id: str
    mode: str
    state: str
    postbacks: int
    lasts: str
    price: str
    asks: bool


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a plan to be made, or one that is there, and how it is sent."""

    request: PlanRequest | None
    plan_id: str | None
    is_dry_run: bool
    reason: str | None
    per_second: float | None
    workers: int


def read_order(params: Mapping[str, Any], who: str | None) -> Order:
    """Read the form; raises UsageError for what is missing, contradicts itself, or has no reason."""
    is_dry_run, reason = bool(params["dry_run"]), _read_text(params, "reason")
    if not is_dry_run and reason is None:
        raise UsageError("Say why in `reason`: it is kept with the approval. A dry run needs none.")
    plan_id = _read_text(params, "plan_id")
    if plan_id is not None:
        _refuse_more(params)
    return Order(
        request=_read_request(params, reason, who) if plan_id is None else None,
        plan_id=plan_id,
        is_dry_run=is_dry_run,
        reason=reason,
        per_second=params["rate"],
        workers=params["workers"],
    )


def choose_way(planned: Planned, *, is_dry_run: bool) -> Way | None:
    """Say which task follows the plan; None where nothing is to be sent."""
    if is_dry_run or planned["state"] not in ("planned", "approved"):
        return None
    if planned["state"] == "planned" and not planned["postbacks"]:
        return None
    return "approve" if planned["asks"] else "confirm"


def name_user(dag_run: Any) -> str | None:  # noqa: ANN401 - Airflow's class, which is not imported here
    """Name who triggered a run, where somebody did."""
    name = getattr(dag_run, "triggering_user_name", None)
    return f"{name} (Airflow)" if name else None


def name_approver(answer: Mapping[str, Any] | None) -> str | None:
    """Name who answered the question for approval; None where nobody was asked."""
    if not answer:
        return None
    user = answer.get("responded_by_user") or {}
    return f"{user.get('name') or user.get('id') or 'somebody'} (Airflow)"


def is_rejected(answer: Mapping[str, Any] | None) -> bool:
    """Tell whether somebody was asked and said no."""
    return bool(answer) and answer is not None and "Reject" in answer.get("chosen_options", ())


def _read_request(params: Mapping[str, Any], reason: str | None, who: str | None) -> PlanRequest:
    missing = [name for name in ("app_id", "first_day", "last_day") if not params[name]]
    if missing:
        raise UsageError(f"Give {', '.join(missing)}, or the id of a plan that was made already.")
    failed_days: FailedDays = params["failed_days"]
    return PlanRequest(
        params["app_id"],
        _read_day(params, "first_day"),
        _read_day(params, "last_day"),
        events=tuple(params["events"] or ()),
        mode="test" if params["test_mode"] else "production",
        failed_days=failed_days,
        reason=reason,
        who=who,
    )


def _refuse_more(params: Mapping[str, Any]) -> None:
    given = [name for name in PLANNING if params[name]]
    if given:
        raise UsageError(f"A plan that was made already has its own {', '.join(given)}; leave them empty.")


def _read_text(params: Mapping[str, Any], name: str) -> str | None:
    return (params[name] or "").strip() or None


def _read_day(params: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(params[name])
    except ValueError:
        raise UsageError(f"{name} = {params[name]!r} is no day; write it as 2026-09-01.") from None
