"""`pushlift quality docs`: Great Expectations' own pages about what the lake holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import Apps, AsJson, Config
from etl.cli.output import show


def docs(
    target: Annotated[Path, typer.Argument(help="Folder for the pages.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First UTC day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last UTC day, YYYY-MM-DD.")],
    apps: Apps = None,
    expectations: Annotated[
        Path | None, typer.Option(help="Folder of suites; by default those that come with pushlift.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Judge days of the lake by the suites, and write Data Docs; they hold counts, no value of a row."""
    from etl.lake.reading import open_lake
    from etl.quality.docs import Days, render_docs
    from etl.quality.suites import load_suites

    days = Days(tuple(apps or ()), _read_day("--from", first), _read_day("--to", last))
    page = render_docs(open_lake(config).events.store, load_suites(expectations), target, days)
    show({"page": str(page)}, [f"Open {page}"], as_json=as_json)


def _read_day(option: str, text: str) -> date:
    from etl.errors import UsageError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; write a day as YYYY-MM-DD.") from None
