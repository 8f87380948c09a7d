"""`make airflow`: `python -m etl.airflow [--once]`."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from etl.airflow.local import LocalAirflow, run_local_airflow
from etl.airflow.rehearsal import rehearse, write_sample
from etl.errors import PushliftError
from etl.settings import find_config

HOME = Path(".airflow")
DEMO_MESSAGES = 5_000
USUAL_PORT = 8080


def main(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Rehearse on sample exports in a temporary folder.")
    ] = False,
) -> None:
    """Run a local Airflow with the DAGs in place until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if once:
            rehearse()
        else:
            serve()
    except PushliftError as error:
        typer.echo(f"pushlift: {error.message}", err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.")


def serve() -> None:
    """Serve what is configured, its DAGs paused; without a configuration sample exports, ingested at once."""
    config = find_config()
    is_demo = not config.exists()
    if is_demo:
        config = HOME / "demo" / "pushlift.toml"
        if not config.exists():
            write_sample(config.parent, DEMO_MESSAGES)
    typer.echo(f"Starting Airflow in {HOME}/ for {config} …")
    with run_local_airflow(HOME, config, is_paused=not is_demo, preferred_port=USUAL_PORT) as airflow:
        typer.echo("\n".join(describe_airflow(airflow, is_demo=is_demo)))
        waiting = threading.Event()
        while not waiting.wait(1):
            airflow.check_processes()


def describe_airflow(airflow: LocalAirflow, *, is_demo: bool) -> list[str]:
    """Say where it is, how to get in, and what happens next."""
    return [
        f"Airflow is ready: {airflow.address}",
        f"  login     admin / {airflow.password}",
        f"  DAGs      {'run now, on sample exports' if is_demo else 'wait for you to switch them on'}",
        f"  logs      {airflow.home}/*.log",
        "  Ctrl-C stops it.",
    ]


if __name__ == "__main__":
    typer.run(main)
