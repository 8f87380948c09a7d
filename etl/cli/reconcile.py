"""`pushlift reconcile`: what AppsFlyer itself says, against the lake."""

import csv
import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import AsJson, Config, Yes, parse_day
from etl.cli.output import make_table, show
from etl.cli.progress import stop_on_interrupt

if TYPE_CHECKING:
    from etl.jobs.pulls.story import PullReport

app = typer.Typer(
    name="reconcile", help="What AppsFlyer itself says, against the lake.", no_args_is_help=True
)


@app.callback()
def describe() -> None:
    """What AppsFlyer itself says, against the lake."""


class Output(StrEnum):
    """How the result is shown."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("pull")
def pull(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE…]", help="Files or folders of the Pull folder; else all in it."),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="NAME", help="Which report they are; else by their names."),
    ] = None,
    app_id: Annotated[
        str | None, typer.Option("--app", metavar="APP_ID", help="Of a file that has no App ID column.")
    ] = None,
    from_day: Annotated[
        date | None,
        typer.Option("--from", metavar="DAY", parser=parse_day, help="First day that they were made for."),
    ] = None,
    to_day: Annotated[
        date | None,
        typer.Option("--to", metavar="DAY", parser=parse_day, help="Last day that they were made for."),
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="The zone of their times, as exported.")
    ] = "UTC",
    ingest_missing: Annotated[
        bool, typer.Option("--ingest-missing", help="Ingest what Push missed; a dry run unless --yes.")
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Write lines and event ids to details/ of the Pull folder.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", help="How hours are shown.")] = Output.TABLE,
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Compare raw-data files of the Pull API with the lake, by hour, and ingest what Push missed."""
    from etl.jobs.pulls.finding import PullRequest
    from etl.jobs.pulls.story import PullOptions, reconcile_pull
    from etl.settings import load_settings

    request = PullRequest(tuple(files or ()), report, app_id, timezone, from_day, to_day)
    options = PullOptions(is_filling=ingest_missing and yes, has_details=details)
    with stop_on_interrupt("readers see nothing of an unfinished run; run the same again"):
        found = reconcile_pull(load_settings(config), request, options)
    if output is Output.CSV and not as_json:
        write_hours(found)
    else:
        show_report(found, is_filling=ingest_missing, as_json=as_json or output is Output.JSON)
    raise typer.Exit(found.exit_code)


def write_hours(report: "PullReport") -> None:
    """Write the hours as CSV."""
    from etl.jobs.pulls.describing import COLUMNS, list_hours

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(list_hours(report))


def show_report(report: "PullReport", *, is_filling: bool, as_json: bool) -> None:
    """Show each file, and the hours in which something is missing or different; as JSON all hours."""
    from etl.jobs.pulls.describing import COLUMNS, describe_pull, list_hours

    hours = list_hours(report)
    files = [
        {name: value for name, value in asdict(each).items() if name != "counts"}
        | {name: getattr(each, name) for name in ("equal", "differing", "missing_in_push", "missing_in_pull")}
        | {name: value for name, value in asdict(each.counts).items() if name != "hours"}
        for each in report.files
    ]
    lines = list(describe_pull(report, is_filling=is_filling))
    odd = [hour for hour in hours if any(hour[-3:])]
    if odd:
        lines += ["", *make_table(COLUMNS, odd)]
    rows = [dict(zip(COLUMNS, hour, strict=True)) for hour in hours]
    show({"files": files, "hours": rows}, lines, as_json=as_json)
