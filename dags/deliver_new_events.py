"""New events become postbacks after each ingest, for apps that the configuration delivers continuously.

| task | what it does |
|---|---|
| find_apps | names the apps with `continuous = true`; without one, all that follows is skipped |
| plan | one task an app: plans the last `liftoff.continuous_days` days, and approves up to `liftoff.continuous_rows` |
| deliver | one task an app: sends what is queued |
| reconcile | one task an app: outcomes go to the lake, and are held against the plan |
| report | prints what became of every postback; fails where any is unknown or not settled |

Off unless an app enables it. What was delivered, planned or refused before is not planned again, so the days may
overlap; a late event of an earlier day is sent by `backfill_postbacks`.

**A plan with more rows than `liftoff.continuous_rows`** waits for a person, as one that a person paused does: the run
ends red and names it, and until it is sent, resumed or cancelled (`steer_postbacks`) nothing more is planned of that
app. Gates, rate, retries and stops are those of `backfill_postbacks`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, TriggerRule, dag, task

from etl.airflow.retries import retry_arguments
from etl.airflow.sending_tasks import DELIVER_POOL

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

    # A mapped task does not take its doc from the function.
    @task(doc_md="Plan an app's last days, and approve what is no larger than configured.", multiple_outputs=False)
    def plan(app_id: str) -> AppPlan:
        """Plan an app's last days, and approve what is no larger than configured."""
        from etl.airflow.continuous_steps import plan_app

        return plan_app(app_id)

    @task(pool=DELIVER_POOL, doc_md="Send what is queued of an app's plan.", multiple_outputs=False)
    def deliver(planned: AppPlan) -> AppPlan:
        """Send what is queued of an app's plan."""
        from etl.airflow.continuous_steps import deliver_app

        return deliver_app(planned)

    @task(
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        doc_md="Write an app's outcomes to the lake, whatever became of the delivery.",
        multiple_outputs=False,
    )
    def reconcile(planned: AppPlan) -> Outcome:
        """Write an app's outcomes to the lake, whatever became of the delivery."""
        from etl.airflow.continuous_steps import reconcile_app

        return reconcile_app(planned)

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report(outcomes: list[Outcome] | None) -> None:
        """Print what became of every postback; fail where any is unknown or not settled."""
        from etl.airflow.continuous_steps import report_outcomes

        report_outcomes(outcomes)

    # Airflow types what tasks exchange as XComArg.
    plans = plan.expand(app_id=find_apps())
    reconciled = reconcile.expand(planned=plans)
    deliver.expand(planned=plans) >> reconciled
    report(reconciled)  # type: ignore[arg-type]


deliver_new_events()
