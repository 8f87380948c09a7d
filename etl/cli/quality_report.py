"""`pushlift quality report`."""

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import Apps, AsJson, Config, FromDay, ToDay
from etl.cli.output import show


def report(
    apps: Apps = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page to write; what is there is replaced.")
    ] = Path("quality.html"),
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page that needs no server: verdicts, held batches, volume, quarantine, drift, loads.

    By default of the last 28 days (UTC), today included. It holds figures and names, no value of a row.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from etl.jobs.quality_figures import gather_figures
    from etl.jobs.quality_page import choose_period, describe_page, list_waiting, write_page
    from etl.lake.reading import open_lake
    from etl.settings import load_settings

    settings, now = load_settings(config), datetime.now(UTC)
    period = choose_period(from_day, to_day, now)
    chosen, held = tuple(apps or ()), list_waiting(settings)
    figures = gather_figures(open_lake(settings), period, now, apps=chosen, held=held)
    written = write_page(figures, output)
    show(asdict(written), describe_page(written), as_json=as_json)
