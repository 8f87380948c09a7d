"""`pushlift quality`: what was held back and why, and what may be relied on."""

from dataclasses import asdict
from datetime import date
from itertools import chain
from typing import Annotated

import typer

from etl.cli import quality_docs, quality_report
from etl.cli.options import AsJson, Config, Yes, parse_day
from etl.cli.output import show
from etl.cli.progress import stop_on_interrupt

app = typer.Typer(help="What was held back and why, and what may be relied on.", no_args_is_help=True)
app.command("docs")(quality_docs.docs)
app.command("report")(quality_report.report)


@app.command("held")
def held(config: Config = None, as_json: AsJson = False) -> None:
    """List what waits for a decision: batch, app, run, days, rows and failed checks."""
    from etl.jobs.holding import describe_held, list_held
    from etl.settings import load_settings

    batches = list_held(load_settings(config))
    rows = [asdict(batch) | {"rows": batch.rows, "dates": batch.dates} for batch in batches]
    show({"batches": rows}, describe_held(batches), as_json=as_json)


@app.command("release")
def release(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="As `quality held` names it.")],
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="TEXT",
            help="Why the failed checks are accepted. Kept for good in the lake: no personal data in it.",
        ),
    ],
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Publish a held batch as it is, and record who accepted what; a dry run unless --yes."""
    from etl.jobs.holding import describe_release, plan_release, release_batch
    from etl.settings import load_settings

    settings = load_settings(config)
    if not yes:
        report, hint = plan_release(settings, batch, reason), ["Nothing was changed; add --yes to do it."]
    else:
        with stop_on_interrupt("the batch is held still, or the next run completes its release"):
            report, hint = release_batch(settings, batch, reason), []
    show(asdict(report), chain(describe_release(report), hint), as_json=as_json)


@app.command("status")
def status(config: Config = None, as_json: AsJson = False) -> None:
    """Tell each app's last verdict, and what of it is held."""
    from etl.jobs.quality_status import describe_status, read_status
    from etl.settings import load_settings

    found = read_status(load_settings(config))
    show({"apps": found}, describe_status(found), as_json=as_json)


@app.command("gate")
def gate(
    app_id: Annotated[str, typer.Option("--app", metavar="APP_ID")],
    first: Annotated[date, typer.Option("--from", metavar="DAY", parser=parse_day)],
    last: Annotated[date, typer.Option("--to", metavar="DAY", parser=parse_day)],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an app's days may be relied on; exits with 1 where a plan would be refused."""
    from etl.ledger.upgrade import open_current_ledger
    from etl.quality.gate import describe_gate, judge_dates
    from etl.settings import load_settings
    from etl.stores import open_store

    settings = load_settings(config)
    lake = open_store(settings.storage.lake, settings.storage.options)
    ledger = open_current_ledger(settings.storage.ledger)
    verdict = judge_dates(lake, ledger, app_id, first, last)
    show(asdict(verdict) | {"is_open": verdict.is_open}, describe_gate(verdict), as_json=as_json)
    raise typer.Exit(0 if verdict.is_open else 1)


@app.command("watch")
def watch(config: Config = None, as_json: AsJson = False) -> None:
    """Tell which apps have fallen silent, and record what changed; exits with 1 where silence is required."""
    from etl.jobs.watching import describe_watch, remember_silence, watch_silence
    from etl.settings import load_settings

    settings = load_settings(config)
    report = watch_silence(settings)
    remember_silence(settings, report)
    show(asdict(report), describe_watch(report), as_json=as_json)
    raise typer.Exit(report.exit_code)
