"""`pushlift lake`: what is published, copies of it, and upkeep."""

from dataclasses import asdict
from typing import Annotated

import typer

from etl.cli.options import Apps, AsJson, Config, FromDay, ToDay, Yes
from etl.cli.output import make_table, show
from etl.cli.progress import show_progress, stop_on_interrupt

app = typer.Typer(help="What is published, copies of it, and upkeep.", no_args_is_help=True)


@app.command("info")
def info(config: Config = None, as_json: AsJson = False) -> None:
    """Tell each table's version and size, and each app's days."""
    from etl.lake.info import describe_apps, describe_tables
    from etl.lake.reading import open_lake
    from etl.settings import load_settings

    store = open_lake(load_settings(config)).store
    tables, apps = describe_tables(store), describe_apps(store)
    names = ("table", "version", "files", "rows", "bytes", "partitions")
    lines = list(make_table(names, [tuple(asdict(each).values()) for each in tables]))
    if apps:
        names = ("app", "first day", "last day", "rows", "files", "bytes")
        lines += ["", *make_table(names, [tuple(asdict(each).values()) for each in apps])]
    show({"lake": store.uri, "tables": tables, "apps": apps}, [store.uri, *lines], as_json=as_json)


@app.command("export")
def export(
    target: Annotated[str, typer.Argument(help="A folder or URI: new, empty, or an export to replace.")],
    apps: Apps = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy events to plain Parquet, in folders app_id=…/event_date=…; erasure will reach it."""
    from etl.jobs.exporting import ExportSelection, describe_export, export_lake
    from etl.settings import load_settings

    settings = load_settings(config)
    selection = ExportSelection(tuple(apps or ()), from_day, to_day)
    with stop_on_interrupt("the export is not whole; run the same again"), show_progress() as tell:
        report = export_lake(settings, target, selection, progress=tell)
    show(asdict(report), describe_export(report), as_json=as_json)


@app.command("maintain")
def maintain(
    older_than: Annotated[
        float | None, typer.Option("--older-than", metavar="HOURS", min=0, help="Spare what is younger; 24.")
    ] = None,
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Remove what killed runs left and old history, compact small tables; a dry run unless --yes."""
    from etl.jobs.maintain import DEFAULT_HOURS, describe_upkeep, maintain_lake
    from etl.settings import load_settings

    hours = DEFAULT_HOURS if older_than is None else older_than
    with stop_on_interrupt("what is done is done, and no row is lost; run the same again"):
        report = maintain_lake(load_settings(config), older_than_hours=hours, is_dry_run=not yes)
    hint = [] if yes else ["Nothing was changed; add --yes to do it."]
    show(asdict(report), [*describe_upkeep(report), *hint], as_json=as_json)
