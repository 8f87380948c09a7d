"""New events are told to Liftoff after each ingest, app by app, where the configuration says so.

| task | what it does |
|---|---|
| list_apps | names the apps with `continuous = true`; off unless one has it |
| plan | freezes what was published since the last look; skipped where nothing was |
| deliver | sends it in the configuration's name; refuses a plan above `liftoff.continuous_limit` |
| reconcile | brings outcomes into the lake's table `postbacks` |
| report | prints how the plan stands; fails unless all of it is delivered or refused |

It looks `liftoff.continuous_days` back: later events, and those from before it was switched on, are
`backfill_postbacks`' matter. Days whose audit failed, or that have held rows, stop their app until they are
settled; then all that came meanwhile is planned. A plan that is too large waits for a person, who sends it by
`backfill_postbacks` with its id.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, TriggerRule, dag, task, task_group

from etl.airflow.retries import retry_arguments

if TYPE_CHECKING:
    from etl.airflow.backfill_form import Planned

EVENTS = Asset("pushlift://events")
POSTBACKS = Asset("pushlift://postbacks")


@dag(
    dag_id="deliver_new_postbacks",
    doc_md=__doc__,
    schedule=[EVENTS],
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    tags=["pushlift", "liftoff"],
)
def deliver_new_postbacks() -> None:  # noqa: C901 - a function a task
    """Declare the tasks and their order."""

    @task
    def list_apps() -> list[str]:
        """Name the apps whose new events are sent."""
        from etl.airflow import continuous_steps

        return continuous_steps.list_apps()

    # What a mapped task does is told by its doc, which it does not take from the function.
    @task(doc_md="Freeze what was published since the last look.")
    def plan(app_id: str) -> Planned:
        """Freeze what was published since the last look."""
        from airflow.sdk.exceptions import AirflowSkipException

        from etl.airflow.continuous_steps import plan_new_events

        planned = plan_new_events(app_id)
        if planned is None:
            raise AirflowSkipException("Nothing new has been published.")
        return planned

    @task(
        execution_timeout=timedelta(days=7),
        multiple_outputs=False,
        doc_md="Send it in the configuration's name.",
    )
    def deliver(planned: Planned) -> dict[str, Any]:
        """Send it in the configuration's name."""
        from etl.airflow.continuous_steps import deliver_new_events

        return deliver_new_events(planned)

    # Whatever became of the delivery, the lake is told of it.
    @task(
        outlets=[POSTBACKS],
        multiple_outputs=False,
        trigger_rule=TriggerRule.ALL_DONE,
        doc_md="Bring outcomes into the lake's table of postbacks.",
    )
    def reconcile(planned: Planned | None, **context: Any) -> dict[str, Any]:
        """Bring outcomes into the lake's table of postbacks."""
        from airflow.sdk.exceptions import AirflowSkipException

        from etl.airflow.backfill_steps import reconcile_backfill

        if planned is None:
            raise AirflowSkipException("There is no plan.")
        return reconcile_backfill(planned, None, context["outlet_events"][POSTBACKS])

    @task(doc_md="Print how the plan stands; fail unless it came to its end.")
    def report(planned: Planned) -> None:
        """Print how the plan stands; fail unless all of it is delivered or refused."""
        from etl.airflow.continuous_steps import report_new_events

        report_new_events(planned)

    # Airflow types what tasks exchange as XComArg.
    @task_group
    def app(app_id: str) -> None:
        """Plan and send what is new of an app; each app goes its own way."""
        planned = plan(app_id)
        delivered = deliver(planned)  # type: ignore[arg-type]
        reconciled = reconcile(planned)  # type: ignore[arg-type]
        delivered >> reconciled >> report(planned)  # type: ignore[arg-type]

    app.expand(app_id=list_apps())


deliver_new_postbacks()
