"""Past events become postbacks to Liftoff: planned, priced, approved, delivered, reconciled.

| task | what it does |
|---|---|
| plan | chooses occurrences, puts each through every gate, and freezes what would be sent, with its price |
| choose | stops after a dry run, or where nothing is to be sent; else decides whether a person is asked |
| approve | asks a person; the price is in the question |
| begin | records who approved, and shares the plan out |
| deliver | one task a worker: sends at the rate that all share; what was in doubt stays unknown |
| reconcile | whatever became of the delivery: outcomes go to the lake, and are held against the plan |
| report | prints what became of every postback; fails where any is unknown or not settled |

**A run sends nothing unless `dry_run` is switched off.** A dry run ends with the price, in the log of `plan`;
its plan stays, and `steer_postbacks` sends it.

**Pause, resume, cancel** with the DAG `steer_postbacks`, or `pushlift backfill`. A paused or stopped delivery
ends its tasks, and the run ends red with what is left; nothing is lost, and nothing is sent twice. **Ending
the run**, or the machine, stops the delivery as a pause would; requests then in flight may become `unknown`,
are listed, and are not sent again unless a person says so.

**Refused credentials**, a redirect or a failed canary stop all sending. That is not tried again: mend the
cause, then resume.

Credentials: the connection `liftoff`, or what `PUSHLIFT_LIFTOFF_CONNECTION` names; else the environment's.
`PUSHLIFT_DELIVER_POOL` names a pool for `deliver`. Configuration and notifiers: as for `ingest_push_events`.
Metrics: `pushlift.postbacks.<mode>.<delivered|refused|unknown|excluded|attempts>`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, task

from etl.airflow.retries import retry_arguments
from etl.airflow.sending_tasks import declare_sending

if TYPE_CHECKING:
    from etl.airflow.backfill_steps import Priced

DAY: dict[str, Any] = {"type": "string", "format": "date"}


@dag(
    dag_id="backfill_postbacks",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    max_active_runs=4,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    params={
        "app": Param(
            type="string",
            minLength=1,
            title="App",
            description="AppsFlyer's app id; the configuration must have its liftoff_app_id.",
        ),
        "from": Param(title="From", description="The first UTC day of the events.", **DAY),
        "to": Param(title="To", description="The last UTC day, itself included.", **DAY),
        "events": Param(
            default=[],
            type="array",
            items={"type": "string"},
            title="Events",
            description="Only these events, by AppsFlyer's names; one a line. None: all that are mapped.",
        ),
        "rate": Param(
            default=None,
            type=["number", "null"],
            exclusiveMinimum=0,
            title="Postbacks a second",
            description="Slower than configured, if at all.",
        ),
        "workers": Param(
            default=1,
            type="integer",
            minimum=1,
            maximum=16,
            title="Workers",
            description="Tasks that deliver; they share the rate.",
        ),
        "test_mode": Param(
            default=False,
            type="boolean",
            title="Test mode",
            description="Send with test_mode=1, at the rate for tests; nothing of it counts as delivered.",
        ),
        "dry_run": Param(
            default=True, type="boolean", title="Dry run", description="Only say what would be sent."
        ),
        "accept_failed_checks": Param(
            default=False,
            type="boolean",
            title="Accept failed checks",
            description="Plan days that have held rows, or whose audit failed.",
        ),
        "reason": Param(
            type="string",
            minLength=1,
            title="Reason",
            description="Kept with the plan for good; no personal data.",
        ),
    },
    tags=["pushlift", "liftoff"],
)
def backfill_postbacks() -> None:
    """Declare the tasks and their order."""

    @task(multiple_outputs=False)
    def plan(**context: Any) -> Priced:
        """Freeze what would be sent, and say what it would cost; nothing leaves."""
        from etl.airflow.backfill_steps import plan_postbacks

        return plan_postbacks(context)

    declare_sending(plan(), task_id="plan")


backfill_postbacks()
