"""A plan of postbacks is sent, paused, resumed or cancelled, by its id.

| action | what it does |
|---|---|
| send | delivers a plan that a dry run made; a person is asked as in `backfill_postbacks` |
| pause | within a second no more of the plan is sent; its delivery ends with what is left |
| resume | lets a paused plan go on, and delivers what is left of it |
| cancel | what is queued is never sent; what was delivered, or is in doubt, stays as it is |

What follows on `steer` is what follows on `plan` in `backfill_postbacks`; after a pause or a cancellation
nothing does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, task

from etl.airflow.retries import retry_arguments
from etl.airflow.sending_tasks import declare_sending

if TYPE_CHECKING:
    from etl.airflow.backfill_steps import Priced


@dag(
    dag_id="steer_postbacks",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    params={
        "plan": Param(
            type="string",
            minLength=1,
            title="Plan",
            description="Its id, as `plan` logged it, or `pushlift backfill status`.",
        ),
        "action": Param(
            type="string",
            enum=["send", "pause", "resume", "cancel"],
            title="Action",
            description="See above.",
        ),
        "workers": Param(
            default=1,
            type="integer",
            minimum=1,
            maximum=16,
            title="Workers",
            description="Tasks that deliver, where any is to.",
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
def steer_postbacks() -> None:
    """Declare the tasks and their order."""

    @task(multiple_outputs=False)
    def steer(**context: Any) -> Priced:
        """Do what is asked for; sending and resuming go on in the tasks that follow."""
        from etl.airflow.backfill_steps import steer_plan

        return steer_plan(context)

    declare_sending(steer(), task_id="steer")


steer_postbacks()
