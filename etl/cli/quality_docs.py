"""`pushlift quality docs`: Great Expectations' own pages about what the lake holds."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import Apps, AsJson, Config, parse_day
from etl.cli.output import show


def docs(
    target: Annotated[Path, typer.Argument(help="Folder for the pages.")],
    first: Annotated[date, typer.Option("--from", metavar="DAY", parser=parse_day, help="First UTC day.")],
    last: Annotated[date, typer.Option("--to", metavar="DAY", parser=parse_day, help="Last UTC day.")],
    apps: Apps = None,
    expectations: Annotated[
        Path | None, typer.Option(help="Folder of suites; by default those that ingest judges by.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Judge days of the lake by the suites, and write Data Docs; they hold counts, no value of a row."""
    from etl.lake.reading import open_lake
    from etl.quality.docs import Days, render_docs
    from etl.quality.suites import load_suites
    from etl.settings import load_settings

    settings = load_settings(config)
    suites = load_suites(expectations or settings.quality.expectations)
    page = render_docs(open_lake(settings).store, suites, target, Days(tuple(apps or ()), first, last))
    show({"page": str(page)}, [f"Open {page}"], as_json=as_json)
