"""`pushlift ingest`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import AsJson, Config, Since, Until, Yes
from etl.cli.output import show
from etl.cli.progress import show_progress, stop_on_interrupt
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.jobs.ingest import IngestOptions
    from etl.settings import Settings

Reprocess = Annotated[
    bool,
    typer.Option("--reprocess", help="Read finished objects again, and replace what they had published."),
]


def ingest(
    since: Since = None,
    until: Until = None,
    reprocess: Reprocess = False,
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Publish what landed and is not finished; safe to repeat and to interrupt.

    With --reprocess, --since or --until choose what is replaced; replacing everything needs --yes.
    """
    from etl.jobs.discovery import Window
    from etl.jobs.ingest import IngestOptions
    from etl.jobs.ingest import ingest as run_ingest
    from etl.jobs.reports import describe_report
    from etl.settings import load_settings

    if since and until and since >= until:
        raise UsageError(
            f"No instant is at or after {since.isoformat()} and before {until.isoformat()};"
            " give --until a later one than --since."
        )
    settings = load_settings(config)
    options = IngestOptions(Window(since, until), is_reprocess=reprocess)
    if reprocess and not (since or until or yes):
        refuse_unbounded(settings, options)
    consequence = "readers see nothing of an unfinished run, and the next one goes on from here"
    with stop_on_interrupt(consequence), show_progress() as tell:
        report = run_ingest(settings, options, progress=tell)
    show(asdict(report), describe_report(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


def refuse_unbounded(settings: "Settings", options: "IngestOptions") -> None:
    """Say what replacing everything would mean, and ask for a choice."""
    from etl.jobs.ingest import discover

    run = discover(settings, options)
    objects = run.objects if run else ()
    size = sum(each.landed.size for each in objects) / 1e6
    raise UsageError(
        f"This would read all {len(objects):,} landed objects ({size:,.1f} MB) again and replace every event"
        " that they had published. Choose some with --since or --until, or add --yes to replace all."
    )
