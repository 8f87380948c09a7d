"""Landed Push API exports become rows of `events`.

| task | what it does |
|---|---|
| discover | finishes what a killed run left, lists what landed and is not read yet, shares it out |
| normalize | one task a chunk: bytes to typed rows in scratch; what is no message is set aside |
| settle | removes duplicates, within the run and against the lake, and writes drafts that no reader sees |
| audit | judges each app's drafts; logs every failed check, and fails where an app is held back |
| publish | makes what is not held back visible in one commit under a lock, and emits the assets |
| report | prints what became of every message; fails where something was held or could not be read |
| watch | looks, every hour, which apps have fallen silent |
| drop_scratch | deletes what the run spilled |

**Every hour** all that is unfinished is taken, however late. **A backfill** (`airflow backfill create`,
or Airflow's form) takes what landed in each of its hours. **A run by hand** takes what `since` and `until`
enclose, else all that is unfinished. `reprocess` reads finished objects, too, and replaces the events that
they hold; without it, running again changes nothing.

**A failed audit** holds back the rows of the apps that it names; all others are published. It is not tried
again: mend the cause and run with `reprocess`, or release what is held (`pushlift quality`).

`pushlift://events` has one event a publish, with counts, and each app's verdict. `pushlift://events/partitions`
has one for each partition that was touched, with the key `app_id/YYYY-MM-DD`.

People are told of held rows and of silence by the notifiers that `PUSHLIFT_NOTIFIERS` names: a JSON array of
`{"notifier": "import.path.OfANotifier", "arguments": {"text": "{{ message }}"}}`.

Configuration: the file that `PUSHLIFT_CONFIG` names, else the Airflow Variable `pushlift_config`.
A task that normalizes takes a core and up to 1 GB: `PUSHLIFT_NORMALIZE_POOL` names a pool to limit them.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, CronDataIntervalTimetable, Param, TriggerRule, dag, task

from etl.airflow.notifying import tell_audit_failed
from etl.airflow.retries import retry_arguments

if TYPE_CHECKING:
    from etl.airflow.ingest_steps import Chunk, Counts

EVENTS = Asset("pushlift://events")
PARTITIONS = Asset("pushlift://events/partitions")
INSTANT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}


# A partitioned timetable would stamp its hour on the asset's events, and an event with a key starts no DAG
# that is scheduled on the plain asset.
@dag(
    dag_id="ingest_push_events",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    params={
        "since": Param(
            None,
            title="Landed since",
            description="The first instant to take; UTC without an offset.",
            **INSTANT,
        ),
        "until": Param(None, title="Landed until", description="The first instant not to take.", **INSTANT),
        "reprocess": Param(
            default=False,
            type="boolean",
            title="Reprocess",
            description="Read finished objects again, and replace what they published.",
        ),
    },
    tags=["pushlift", "appsflyer"],
)
def ingest_push_events() -> None:  # noqa: C901 - a function a task
    """Declare the tasks and their order."""

    @task
    def discover(**context: Any) -> list[Chunk]:
        """Find what landed and is not finished, and share it out."""
        from etl.airflow.ingest_steps import discover_chunks
        from etl.airflow.requests import describe_dag_run, read_request

        return discover_chunks(read_request(context["params"], describe_dag_run(context["dag_run"])))

    # A mapped task does not take its doc from the function.
    @task(
        pool=os.environ.get("PUSHLIFT_NORMALIZE_POOL", "default_pool"),
        doc_md="Turn a chunk of landed objects into typed rows, in scratch.",
    )
    def normalize(chunk: Chunk) -> Counts:
        """Turn a chunk of landed objects into typed rows, in scratch."""
        from etl.airflow.ingest_steps import normalize_chunk

        return normalize_chunk(chunk)

    @task
    def settle(normalized: list[Counts]) -> Counts:
        """Remove duplicates, and write what is new as drafts."""
        from etl.airflow.ingest_steps import settle_chunks

        return settle_chunks(normalized)

    @task(on_failure_callback=tell_audit_failed)
    def audit(settled: Counts) -> None:
        """Judge each app's drafts, and hold back an app of which a required check fails."""
        from etl.airflow.ingest_steps import audit_settled

        audit_settled(settled["run_id"])

    # After an audit that failed, too: its verdict says which apps go on. Without a verdict nothing does.
    @task(
        outlets=[EVENTS, PARTITIONS],
        max_active_tis_per_dag=1,
        multiple_outputs=False,
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    )
    def publish(settled: Counts, **context: Any) -> dict[str, Any]:
        """Make visible what is not held back, and tell the assets' consumers."""
        from etl.airflow.ingest_steps import announce, publish_settled, summarize

        report = publish_settled(settled["run_id"])
        announce(context["outlet_events"][EVENTS], context["outlet_events"][PARTITIONS], report)
        return summarize(report)

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report(counts: dict[str, Any] | None) -> None:
        """Print what became of every message; fail where something was held or could not be read."""
        from etl.airflow.ingest_steps import report_run

        report_run(counts)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def watch(**context: Any) -> None:
        """Look which apps have fallen silent, whether or not anything landed."""
        from etl.airflow.ingest_steps import watch_silence

        watch_silence(context)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def drop_scratch(chunks: list[Chunk] | None) -> None:
        """Delete what the run spilled."""
        from etl.airflow import ingest_steps

        ingest_steps.drop_scratch(chunks)

    # Airflow types what tasks exchange as XComArg.
    chunks = discover()
    normalized = normalize.expand(chunk=chunks)
    settled = settle(normalized)  # type: ignore[arg-type]
    audited = audit(settled)  # type: ignore[arg-type]
    published = publish(settled)  # type: ignore[arg-type]
    audited >> published
    report(published)  # type: ignore[arg-type]
    published >> [watch(), drop_scratch(chunks)]  # type: ignore[arg-type]


ingest_push_events()
