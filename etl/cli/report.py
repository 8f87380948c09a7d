"""`pushlift report`."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import Apps, AsJson, Config, parse_day
from etl.cli.output import show


def report(
    apps: Apps = None,
    from_day: Annotated[
        date | None,
        typer.Option("--from", metavar="DAY", parser=parse_day, help="From this day of the app's on."),
    ] = None,
    to_day: Annotated[
        date | None,
        typer.Option("--to", metavar="DAY", parser=parse_day, help="Up to and with this day of the app's."),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", metavar="DIR", help="Where the pages go; of the same days they are replaced."
        ),
    ] = Path("reports"),
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page an app that needs no server: volume, funnel to Liftoff, revenue, lateness, checks.

    By default of every app in the lake, with an index, and of the last 30 days (`reports.days`) up to the
    last complete one. Days are the app's. It holds figures and names, no value of a row.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from etl.jobs.reporting.story import ReportRequest, describe_report, gather_figures, write_report
    from etl.settings import load_settings
    from etl.stores import open_store

    settings, asked = load_settings(config), ReportRequest(tuple(apps or ()), from_day, to_day)
    figures = gather_figures(settings, asked, datetime.now(UTC))
    written = write_report(figures, open_store(str(output.absolute())), has_index=len(asked.apps) != 1)
    show(asdict(written), describe_report(written), as_json=as_json)
