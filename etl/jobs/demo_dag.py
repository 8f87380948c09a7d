"""The demo's jobs in an Airflow of its own: the DAGs run, a person's approval goes through its REST API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from etl.jobs.demo_postbacks import Sent, Wish
from etl.jobs.ingest import Progress
from etl.jobs.reports import IngestReport
from etl.lake.reading import ask_lake
from etl.lake.tables import EVENTS, find_table
from etl.settings import Secrets, Settings
from etl.stores import open_store

if TYPE_CHECKING:
    from etl.airflow.local import LocalAirflow

INGEST: Final = "ingest_push_events"
BACKFILL: Final = "backfill_postbacks"
SWEEP: Final = "sweep_opt_outs"
_COUNTS: Final = """
    select run_id, count(*), sum(size), sum(messages), sum(published), sum(duplicates), sum(quarantined)
    from loads group by run_id order by max(loaded_at) desc limit 1
"""


def has_airflow() -> bool:
    """Tell whether Airflow is installed."""
    return find_spec("airflow") is not None


class AirflowStage:
    """Triggers the DAGs in a running Airflow, and answers what they ask."""

    def __init__(self, airflow: LocalAirflow) -> None:
        """Take the Airflow."""
        self._airflow = airflow

    def ingest(self, settings: Settings, progress: Progress | None) -> IngestReport:
        """Run the DAG of ingest; the lake tells what came of it."""
        from etl.airflow.runs import trigger_run

        tell = progress or _tell_nobody
        tell("ingest", 0, 1)
        trigger_run(self._airflow, INGEST).await_state("success")
        tell("ingest", 1, 1)
        return read_last_report(settings)

    def backfill(self, settings: Settings, secrets: Secrets, wish: Wish) -> Sent:
        """Run the DAG of backfills, read the price that it asks about, and approve it."""
        from etl.airflow.runs import APPROVE, trigger_run

        del settings, secrets  # the tasks have their own, from the environment
        conf = {
            "app_id": wish.app_id,
            "first_day": wish.first.isoformat(),
            "last_day": wish.last.isoformat(),
            "dry_run": False,
            "reason": wish.reason,
        }
        run = trigger_run(self._airflow, BACKFILL, conf)
        question = run.await_question("approve")
        run.answer("approve", APPROVE)
        run.await_state("success")
        plan_id = str(run.read_result("plan")["plan_id"])
        user = (run.read_result("approve") or {}).get("responded_by_user", {}).get("name", "somebody")
        approval = f"Approved by {user} through Airflow's REST API: {question['subject']}"
        return Sent(plan_id, str(question["body"]).replace("```\n", "").replace("\n```", ""), approval)

    def sweep(self, settings: Settings, secrets: Secrets) -> str:
        """Run the DAG of sweeps."""
        from etl.airflow.runs import trigger_run

        del settings, secrets
        run = trigger_run(self._airflow, SWEEP)
        run.await_state("success")
        return str(run.read_result("sweep")["said"])


@contextmanager
def run_stage(config: Path, variables: dict[str, str], progress: Progress | None) -> Iterator[AirflowStage]:
    """Run an Airflow beside the configuration, with these variables in its tasks' environment."""
    from etl.airflow.local import run_local_airflow
    from etl.airflow.runs import QUIET

    tell = progress or _tell_nobody
    tell("start Airflow", 0, 1)
    home = config.parent / "airflow"
    with run_local_airflow(home, config, is_paused=False, more={**QUIET, **variables}) as airflow:
        tell("start Airflow", 1, 1)
        yield AirflowStage(airflow)


def read_last_report(settings: Settings) -> IngestReport:
    """Make the report of the last run from what the lake holds of it."""
    run_id, objects, size, messages, published, duplicates, quarantined = ask_lake(settings, _COUNTS)[1][0]
    reasons = ask_lake(settings, _count("reason", "quarantine", run_id))[1]
    apps = ask_lake(settings, _count("app_id", "events", run_id))[1]
    return IngestReport(
        run_id=str(run_id),
        objects=int(str(objects)),
        bytes=int(str(size)),
        messages=int(str(messages)),
        published=int(str(published)),
        duplicates=int(str(duplicates)),
        quarantined=int(str(quarantined)),
        events_version=_find_version(settings),
        reasons={str(reason): int(str(count)) for reason, count in reasons},
        apps={str(app): int(str(count)) for app, count in apps},
    )


def _find_version(settings: Settings) -> int | None:
    lake = open_store(settings.storage.lake, settings.storage.options)
    events = find_table(lake, EVENTS)
    return None if events is None else events.version()


def _count(column: str, table: str, run_id: object) -> str:
    return (
        f"select {column}, count(*) from {table} "  # noqa: S608 - names of our own
        f"where starts_with(load_id, '{run_id}') group by all order by all"
    )


def _tell_nobody(_step: str, _done: int, _total: int) -> None:
    pass
