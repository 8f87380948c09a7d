"""A rehearsal of the ingest on a real Airflow: sample exports, two kinds of runs, and a look at the lake."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import typer

from etl.airflow.api import AirflowApi
from etl.airflow.local import LocalAirflow, await_truth, run_local_airflow
from etl.airflow.runs import QUIET, RUN_SECONDS, trigger_run
from etl.errors import OperatorError
from etl.lake.reading import Lake
from etl.sample import Shape, Truth, generate_landing
from etl.stores import open_store

DAG_ID: Final = "ingest_push_events"
DAG_PATH: Final = f"/api/v2/dags/{DAG_ID}"
SAMPLE_MESSAGES: Final = 500
LANDED_DATE: Final = date(2025, 3, 1)


def write_sample(folder: Path, messages: int = SAMPLE_MESSAGES) -> tuple[Path, Truth]:
    """Write sample exports and a configuration for them; gives its path, and what the exports hold."""
    truth = generate_landing(
        folder / "landing", messages, days=1, start=LANDED_DATE, shape=Shape.MIXED, processes=1
    )
    config = folder / "pushlift.toml"
    config.write_text('[storage]\nlanding = "landing"\nlake = "lake"\n', encoding="utf-8")
    return config, truth


def rehearse() -> None:
    """Start an Airflow, ingest sample exports through it, and see that the lake holds them.

    A run by hand ingests them; a backfill of their last hours with `reprocess` then reads them again and
    changes no count. Everything is in a temporary folder. Raises OperatorError where anything is not as it
    should be.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pushlift-airflow-") as folder:
        config, truth = write_sample(Path(folder))
        with run_local_airflow(Path(folder) / "home", config, is_paused=False, more=QUIET) as airflow:
            typer.echo(f"Airflow is healthy at {airflow.address} after {time.monotonic() - started:.0f} s.")
            run_by_hand(airflow)
            check_lake(config.parent / "lake", truth, loads=truth.objects)
            typer.echo(f"A run by hand published {truth.events} events ({time.monotonic() - started:.0f} s).")
            run_backfill(airflow)
            check_lake(config.parent / "lake", truth, loads=2 * truth.objects)
            typer.echo(
                f"A backfill read them again and changed nothing ({time.monotonic() - started:.0f} s)."
            )
    typer.echo(f"All is stopped after {time.monotonic() - started:.0f} s.")


def run_by_hand(airflow: LocalAirflow) -> None:
    """Trigger a run as the button does, and wait for its success."""
    trigger_run(airflow, DAG_ID).await_state("success")


def run_backfill(airflow: LocalAirflow) -> None:
    """Reprocess the hours in which the exports landed by Airflow's own backfill, and wait for its success."""
    api = airflow.log_in()
    last_hour = datetime(LANDED_DATE.year, LANDED_DATE.month, LANDED_DATE.day, 23, tzinfo=UTC)
    request = {
        "dag_id": DAG_ID,
        "from_date": (last_hour - timedelta(hours=1)).isoformat(),
        "to_date": last_hour.isoformat(),
        "dag_run_conf": {"reprocess": True},
    }
    asked = api.call("POST", "/api/v2/backfills", request)
    if not asked.is_ok:
        raise OperatorError(f"Airflow refused a backfill: {asked.status} {asked.body}")
    await_truth(airflow, lambda: has_succeeded(api, runs=3), RUN_SECONDS)


def has_succeeded(api: AirflowApi, runs: int) -> bool:
    """Tell whether so many runs have succeeded; raises OperatorError when one has failed."""
    states = [run["state"] for run in api.call("GET", f"{DAG_PATH}/dagRuns").body.get("dag_runs", [])]
    if "failed" in states:
        raise OperatorError(f"A run of {DAG_ID} failed.")
    return states.count("success") >= runs


def check_lake(lake: Path, truth: Truth, loads: int) -> None:
    """Raise OperatorError unless the lake holds the events, so many loads, and no scratch."""
    tables = Lake(open_store(str(lake)))
    found = {
        "events": tables.events.dataset().count_rows(),
        "loads": tables.loads.dataset().count_rows(),
        "scratch": len(list((lake / "_scratch").glob("*"))),
    }
    wanted = {"events": truth.events, "loads": loads, "scratch": 0}
    if found != wanted:
        raise OperatorError(f"The lake is not as it should be: {found} instead of {wanted}.")
