"""The command line.

Each subject has a module here that imports nothing heavy at its top: what a command needs is imported
in its body, so that `pushlift --help` answers at once. A module with one command offers a function,
registered by `app.command("name")(function)`; one with several offers its own `typer.Typer`, registered
by `app.add_typer(module.app, name="name")`. Every command takes `options.Config` and `options.AsJson`, and
shows its result by `output.show`.
"""

from collections.abc import Callable

import typer

from etl.cli import (
    backfill,
    check,
    demo,
    explain,
    ingest,
    lake,
    ledger,
    opt_outs,
    quality,
    quarantine,
    reconcile,
    report,
    sandbox,
    sql,
    version,
)
from etl.cli.logs import configure_logs
from etl.errors import PushliftError


def build_app() -> typer.Typer:
    """Return the command line with every command registered."""
    app = typer.Typer(
        name="pushlift",
        help="AppsFlyer Push API exports to Parquet, Liftoff postbacks and GDPR opt-outs.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(describe)
    app.command("ingest")(ingest.ingest)
    app.add_typer(quarantine.app, name="quarantine")
    app.add_typer(quality.app, name="quality")
    app.add_typer(backfill.app, name="backfill")
    app.add_typer(opt_outs.app, name="opt-outs")
    app.add_typer(reconcile.app, name="reconcile")
    app.command("report")(report.report)
    app.command("explain")(explain.explain)
    app.command("sql")(sql.sql)
    app.add_typer(lake.app, name="lake")
    app.add_typer(ledger.app, name="ledger")
    app.command("sandbox")(sandbox.sandbox)
    app.command("demo")(demo.demo)
    app.command("check")(check.check)
    app.command("version")(version.version)
    return app


def describe() -> None:
    """AppsFlyer Push API exports to Parquet, Liftoff postbacks and GDPR opt-outs."""
    configure_logs()


def main(build: Callable[[], typer.Typer] = build_app) -> None:
    """Run the command line, and show an error as its sentence.

    Exits with 0 done, 1 a run failed or held something back, 2 wrong use or configuration.
    """
    try:
        build()()
    except PushliftError as error:
        typer.echo(f"pushlift: {error.message}", err=True)
        raise SystemExit(error.exit_code) from None
