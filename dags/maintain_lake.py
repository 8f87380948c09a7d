"""The lake's and the ledger's upkeep: what killed runs left goes, small files become few, history expires.

| task | what it does |
|---|---|
| maintain | takes away what is nobody's, compacts, lets go what is past its retention or was replaced |
| forget | lets personal values of postbacks that were settled long enough ago leave the ledger |

**Every night.** What an erasure replaced becomes physically gone here, `retention.replaced_hours` (a week)
after it. Safe during a run, and when repeated. With `dry_run` it only says what would go.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, TriggerRule, dag, task

from etl.airflow.retries import retry_arguments


@dag(
    dag_id="maintain_lake",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("30 3 * * *", timezone="UTC"),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    params={
        "dry_run": Param(
            default=False, type="boolean", title="Dry run", description="Say what would go only."
        )
    },
    tags=["pushlift", "privacy"],
)
def maintain_lake() -> None:
    """Declare the tasks and their order."""

    @task
    def maintain(**context: Any) -> None:
        """Take away what is nobody's, compact, and let history expire."""
        from etl.airflow.upkeep_steps import maintain

        maintain(is_dry_run=bool(context["params"]["dry_run"]))

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def forget(**context: Any) -> None:
        """Let old personal values leave the ledger."""
        from etl.airflow.upkeep_steps import forget

        forget(is_dry_run=bool(context["params"]["dry_run"]))

    maintain() >> forget()


maintain_lake()
