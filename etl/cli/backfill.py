"""`pushlift backfill`: plan what would be sent to Liftoff, send it, steer it, and settle what is in doubt."""

from dataclasses import asdict
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli import backfill_steering
from etl.cli.options import AsJson, Config, Yes, parse_day
from etl.cli.output import make_table, show
from etl.cli.progress import show_progress, stop_on_signal

if TYPE_CHECKING:
    from etl.jobs.planning.reading import PlanReport

app = typer.Typer(help="Plan postbacks to Liftoff, send them, and reconcile.", no_args_is_help=True)
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="As `backfill list` names it.")]


@app.command("plan")
def plan(
    app_id: Annotated[str, typer.Option("--app", metavar="APP_ID", help="AppsFlyer's id of the app.")],
    first: Annotated[
        date, typer.Option("--from", metavar="DAY", parser=parse_day, help="The first UTC day.")
    ],
    last: Annotated[date, typer.Option("--to", metavar="DAY", parser=parse_day, help="The last UTC day.")],
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event", metavar="NAME", help="AppsFlyer's name or Liftoff's; else all that are mapped."
        ),
    ] = None,
    test_mode: Annotated[bool, typer.Option("--test-mode", help="For Liftoff's test harness.")] = False,
    accept_failed_checks: Annotated[
        bool,
        typer.Option("--accept-failed-checks", help="Plan days whose audit failed, too; kept in the plan."),
    ] = False,
    exclude_failed_days: Annotated[
        bool, typer.Option("--exclude-failed-days", help="Leave out days whose audit failed.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; kept in the ledger: no personal data in it.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Freeze, price and count what would be sent, and why the rest would not; nothing leaves."""
    from etl.errors import UsageError
    from etl.jobs.planning.reading import describe_plan
    from etl.jobs.planning.request import PlanRequest
    from etl.jobs.planning.story import make_plan
    from etl.settings import load_settings

    if accept_failed_checks and exclude_failed_days:
        raise UsageError("Either accept what failed or leave it out: give one of the two options.")
    request = PlanRequest(
        app_id,
        first,
        last,
        events=tuple(event or ()),
        mode="test" if test_mode else "production",
        failed_days="accept" if accept_failed_checks else "exclude" if exclude_failed_days else "refuse",
        reason=reason,
    )
    settings = load_settings(config)
    with show_progress() as tell:
        report = make_plan(settings, request, progress=tell)
    hint = [f"Nothing was sent. To send it: pushlift backfill send {report.plan.id} --yes"]
    show(summarize(report), chain(describe_plan(report), hint), as_json=as_json)


@app.command("send")
def send(
    plan_id: PlanId,
    yes: Yes = False,
    rate: Annotated[
        float | None, typer.Option(help="Postbacks a second, below the configured rate.", min=0.001)
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is approved; kept.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Approve a plan and send it, or go on sending; a dry run that shows the price unless --yes.

    Safe to interrupt and to repeat; several at once share one plan and one rate. Exits with 1 where anything
    is unknown or still to be sent.
    """
    from etl.jobs.delivery.assembly import Delivery
    from etl.jobs.delivery.story import describe_delivery, run_delivery
    from etl.jobs.planning.reading import describe_plan, read_plan_report
    from etl.jobs.steering import Word, approve
    from etl.ledger.upgrade import open_current_ledger
    from etl.settings import load_secrets, load_settings

    settings = load_settings(config)
    if not yes:
        report = read_plan_report(open_current_ledger(settings.storage.ledger), plan_id)
        show(
            summarize(report), chain(describe_plan(report), ["Nothing was sent; add --yes."]), as_json=as_json
        )
        return
    approve(settings, plan_id, Word(reason))
    with stop_on_signal() as should_stop, show_progress() as tell:
        delivery = Delivery(settings, load_secrets(), rate, tell, should_stop)
        delivered = run_delivery(delivery, plan_id)
    show(asdict(delivered), describe_delivery(delivered), as_json=as_json)
    raise typer.Exit(delivered.exit_code)


@app.command("list")
def list_all(config: Config = None, as_json: AsJson = False) -> None:
    """List the plans, oldest first."""
    from etl.jobs.steering import list_plan_rows
    from etl.settings import load_settings

    rows = list_plan_rows(load_settings(config))
    columns = ("plan", "app", "mode", "state", "rows", "created", "by", "reason")
    lines = make_table(columns, [tuple(row.values()) for row in rows]) if rows else ["There is no plan yet."]
    show({"plans": rows}, lines, as_json=as_json)


@app.command("status")
def status(plan_id: PlanId, config: Config = None, as_json: AsJson = False) -> None:
    """Show a plan: what it holds, how far it is, by code, who decided what, and the shared rate."""
    from etl.jobs.steering import describe_status, read_status
    from etl.settings import load_settings

    found = read_status(load_settings(config), plan_id)
    show(asdict(found), describe_status(found), as_json=as_json)


@app.command("reconcile")
def reconcile(
    plan_id: Annotated[str | None, typer.Argument(metavar="[PLAN]", help="All plans unless given.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Bring outcomes into the lake's table `postbacks`, and let old personal values leave the ledger."""
    from etl.jobs.reconciling import (
        describe_reconciliation,
        forget_personal_values,
        reconcile_all,
        reconcile_plan,
    )
    from etl.settings import load_settings

    settings = load_settings(config)
    found = [reconcile_plan(settings, plan_id)] if plan_id else reconcile_all(settings)
    forgotten = forget_personal_values(settings)
    lines = [line for each in found for line in describe_reconciliation(each)] or [
        "No plan was approved yet."
    ]
    if forgotten:
        lines.append(f"  {forgotten:,} settled rows lost their personal values.")
    show({"plans": [asdict(each) for each in found], "forgotten": forgotten}, lines, as_json=as_json)


def summarize(report: "PlanReport") -> dict[str, object]:
    """Give a plan's report as a program reads it."""
    return asdict(report)


backfill_steering.register(app)
