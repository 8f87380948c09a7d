"""`pushlift quarantine`: what could not be published, and why."""

from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.logs import note_reveal
from etl.cli.options import Apps, AsJson, Config, Loads, Reasons, Reveal, Since, Until, Yes
from etl.cli.output import make_printable, make_table, show
from etl.cli.progress import show_progress, stop_on_interrupt

if TYPE_CHECKING:
    from datetime import datetime

    from etl.jobs.quarantine import QuarantineFilter

app = typer.Typer(help="Messages that could not be published, and why.", no_args_is_help=True)


@app.command("list")
def list_(
    reasons: Reasons = None,
    apps: Apps = None,
    since: Since = None,
    until: Until = None,
    loads: Loads = None,
    limit: Annotated[int, typer.Option(help="Lines to show; the JSON holds all.", min=0)] = 50,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Count by reason, app, day of landing and object; content is never shown."""
    from etl.jobs.quarantine import describe_groups, list_quarantined
    from etl.lake.reading import open_lake

    groups = list_quarantined(open_lake(config), _choose(reasons, apps, since, until, loads))
    rows = [
        (each.reason, each.app_id, each.landed_date, each.messages, each.example, each.source_uri)
        for each in groups[:limit]
    ]
    table = make_table(("reason", "app", "landed", "messages", "example id", "object"), rows) if rows else ()
    rest = [f"… and {len(groups) - limit:,} lines more; see --limit"] if len(groups) > limit else []
    result = {"messages": sum(each.messages for each in groups), "groups": groups}
    show(result, chain(describe_groups(groups), table, rest), as_json=as_json)


@app.command("show")
def show_(
    quarantine_id: Annotated[str, typer.Argument(metavar="ID", help="As `quarantine list` names it.")],
    reveal: Reveal = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one message: its reason, where it landed, and its bytes with personal data masked."""
    from etl.jobs.quarantine import show_quarantined
    from etl.lake.reading import open_lake

    row = show_quarantined(open_lake(config), quarantine_id, is_revealed=reveal)
    if reveal:
        note_reveal("quarantined message", quarantine_id)
    lines = (
        f"{name:<16} {make_printable(str(value))}"
        for name, value in row.items()
        if value not in (None, "", {})
    )
    show(row, lines, as_json=as_json)


@app.command("reprocess")
def reprocess(
    reasons: Reasons = None,
    apps: Apps = None,
    since: Since = None,
    until: Until = None,
    loads: Loads = None,
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Ingest again the landed objects that these messages came from; a dry run unless --yes."""
    from etl.jobs.quarantine import describe_plan, plan_reprocess, reprocess_quarantined
    from etl.jobs.reports import describe_report
    from etl.settings import load_settings

    settings = load_settings(config)
    plan = plan_reprocess(settings, _choose(reasons, apps, since, until, loads))
    planned = {"messages": plan.messages, "objects": plan.objects, "bytes": plan.bytes, "gone": plan.gone}
    if not yes or not plan.objects:
        hint = (
            ["Nothing was changed; add --yes to do it."]
            if plan.objects
            else ["There is nothing to read again."]
        )
        show(
            {"is_dry_run": True, "plan": planned, "report": None},
            chain(describe_plan(plan, is_done=False), hint),
            as_json=as_json,
        )
        return
    with (
        stop_on_interrupt("nothing was replaced unless the publish had begun, which the next run completes"),
        show_progress() as tell,
    ):
        report = reprocess_quarantined(settings, plan, tell)
    show(
        {"is_dry_run": False, "plan": planned, "report": report},
        chain(describe_plan(plan, is_done=True), describe_report(report)),
        as_json=as_json,
    )
    raise typer.Exit(report.exit_code)


def _choose(
    reasons: list[str] | None,
    apps: list[str] | None,
    since: "datetime | None",
    until: "datetime | None",
    loads: list[str] | None,
) -> "QuarantineFilter":
    from etl.jobs.quarantine import QuarantineFilter

    return QuarantineFilter(tuple(reasons or ()), tuple(apps or ()), since, until, tuple(loads or ()))
