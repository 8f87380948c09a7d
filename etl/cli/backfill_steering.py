"""The commands of `pushlift backfill` by which a person steers what is being sent."""

from typing import Annotated

import typer

from etl.cli.options import AsJson, Config, Yes
from etl.cli.output import make_table, show

PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="As `backfill list` names it.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept in the ledger.")]
Mode = Annotated[bool, typer.Option("--test-mode", help="Of test mode, not of production.")]


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)
    app.command("unknown")(unknown)
    app.command("stop")(stop)
    app.command("start")(start)


def pause(plan_id: PlanId, reason: Reason = None, config: Config = None, as_json: AsJson = False) -> None:
    """Pause a plan: when this returns, nothing of it is sent that was not already on its way."""
    change("pause", plan_id, reason, config, as_json=as_json)


def resume(plan_id: PlanId, reason: Reason = None, config: Config = None, as_json: AsJson = False) -> None:
    """Let a paused plan go on; `backfill send PLAN --yes` then sends it."""
    change("resume", plan_id, reason, config, as_json=as_json)


def cancel(
    plan_id: PlanId, yes: Yes = False, reason: Reason = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Cancel a plan and what of it is still queued; what was sent stays. A dry run unless --yes."""
    if yes:
        change("cancel", plan_id, reason, config, as_json=as_json)
        return
    from etl.jobs.steering import describe_status, read_status
    from etl.settings import load_settings

    found = read_status(load_settings(config), plan_id)
    line = f"{found.counts['queued']:,} queued postbacks would be cancelled; add --yes to do it."
    show(
        {"plan_id": plan_id, "queued": found.counts["queued"]},
        [*describe_status(found), line],
        as_json=as_json,
    )


def change(action: str, plan_id: str, reason: str | None, config: Config, *, as_json: bool) -> None:
    """Bring a plan to another state, and say which."""
    from etl.jobs.steering import Word, steer
    from etl.settings import load_settings

    plan = steer(load_settings(config), action, plan_id, Word(reason))
    show({"plan_id": plan.id, "state": plan.state}, [f"Plan {plan.id} is {plan.state}."], as_json=as_json)


def unknown(
    plan_id: PlanId,
    resend: Annotated[
        bool, typer.Option("--resend", help="Queue them again: Liftoff may count some of them twice.")
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Never send them: Liftoff may lack some of them.")
    ] = False,
    reason: Reason = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List what was asked and never answered; with --resend or --drop, and a --reason, decide about it."""
    from etl.errors import UsageError
    from etl.jobs.steering import Word, decide_unknown, list_doubts
    from etl.settings import load_settings

    settings = load_settings(config)
    if resend and drop:
        raise UsageError("Either send them again or drop them: give one of --resend and --drop.")
    if resend or drop:
        if not reason:
            raise UsageError("Say why with --reason; it is kept in the ledger.")
        count = decide_unknown(settings, plan_id, Word(reason), resend=resend)
        done = "are queued again" if resend else "stay unknown for good"
        show({"plan_id": plan_id, "rows": count}, [f"{count:,} postbacks {done}."], as_json=as_json)
        return
    rows = list_doubts(settings, plan_id)
    lines = (
        make_table(
            ("occurrence", "day", "event", "attempts", "sent at", "why"),
            [tuple(row.values()) for row in rows],
        )
        if rows
        else ["Nothing is unknown."]
    )
    show({"plan_id": plan_id, "unknown": rows}, lines, as_json=as_json)


def stop(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the ledger.")],
    test_mode: Mode = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Stop everything that is being sent, whoever sends it, until `backfill start`."""
    from etl.jobs.steering import Word, stop_all
    from etl.settings import load_settings

    mode = stop_all(load_settings(config), Word(reason), is_test=test_mode)
    lines = [f"Nothing leaves in {mode} any more. `pushlift backfill start` lifts it."]
    show({"mode": mode, "stopped": True}, lines, as_json=as_json)


def start(
    test_mode: Mode = False, reason: Reason = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Lift a stop; plans that were being sent go on when they are sent again."""
    from etl.jobs.steering import Word, start_all
    from etl.settings import load_settings

    mode, was_stopped = start_all(load_settings(config), Word(reason), is_test=test_mode)
    line = f"The stop of {mode} is lifted." if was_stopped else f"Nothing in {mode} was stopped."
    show({"mode": mode, "stopped": False, "was_stopped": was_stopped}, [line], as_json=as_json)
