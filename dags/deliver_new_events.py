"""New events become postbacks after each ingest, for apps that the configuration delivers continuously.

| task | what it does |
|---|---|
| find_apps | names the apps with `continuous = true`; without one, all that follows is skipped |
| plan | one task an app: plans its last days, and approves up to `liftoff.continuous_rows` rows |
| deliver | one task an app: sends what is queued |
| reconcile | one task an app: outcomes go to the lake, and are held against the plan |
| report | prints what became of every postback; fails where any is unknown or not settled |

Off unless an app enables it. It takes what came into the lake in the last `liftoff.continuous_days` days, of
events as young; what another plan delivered, or is in doubt about, is not sent again. Late events of earlier
days are for `backfill_postbacks`. Days whose audit failed, or that have held rows, are left out until that is
settled.

**A plan with more rows than `liftoff.continuous_rows`** waits for a person, as one that a person paused does:
the run ends red and names it, and until it is sent, resumed or cancelled (`steer_postbacks`) nothing more is
planned of that app. Gates, rate, retries and stops are those of `backfill_postbacks`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, TriggerRule, dag, task, task_group

from etl.airflow.retries import retry_arguments
from etl.airflow.sending_tasks import DELIVER_POOL, DELIVERY_TIMEOUT

if TYPE_CHECKING:
    from etl.airflow.backfill_steps import Outcome
    from etl.airflow.continuous_steps import AppPlan

EVENTS = Asset("pushlift://events")


@dag(
    dag_id="deliver_new_events",
    doc_md=__doc__,
    schedule=[EVENTS],
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    tags=["pushlift", "liftoff"],
)
def deliver_new_events() -> None:
    """Declare the tasks and their order."""

    @task
    def find_apps() -> list[str]:
        """Name the apps whose new events are delivered as they come."""
        from etl.airflow.continuous_steps import find_continuous_apps

        return find_continuous_apps()

    # Each app's tasks are a chain of their own, so that one that cannot be planned keeps no other from it.
    @task_group
    def app(app_id: str) -> Any:
        """Plan, deliver and reconcile one app's new events."""

        @task(multiple_outputs=False)
        def plan(app_id: str) -> AppPlan:
            """Plan an app's last days, and approve what is no larger than configured."""
            from etl.airflow.continuous_steps import plan_app

            return plan_app(app_id)

        @task(pool=DELIVER_POOL, execution_timeout=DELIVERY_TIMEOUT)
        def deliver(planned: AppPlan) -> dict[str, int]:
            """Send what is queued of an app's plans."""
            from etl.airflow.continuous_steps import deliver_app

            return deliver_app(planned)

        @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, multiple_outputs=False)
        def reconcile(planned: AppPlan) -> list[Outcome]:
            """Write an app's outcomes to the lake, whatever became of the delivery."""
            from etl.airflow.continuous_steps import reconcile_app

            return reconcile_app(planned)

        planned = plan(app_id)
        reconciled = reconcile(planned)  # type: ignore[arg-type]
        deliver(planned) >> reconciled  # type: ignore[arg-type]
        return reconciled

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report(outcomes: list[list[Outcome]] | None) -> None:
        """Print what became of every postback; fail where any is unknown or not settled."""
        from etl.airflow.continuous_steps import report_apps

        report_apps(outcomes)

    report(app.expand(app_id=find_apps()))


deliver_new_events()
