"""What a person decides about plans of postbacks while they are sent.

| action | what follows |
|---|---|
| pause | nothing of the plan is sent that was not already on its way; `deliver` of its run fails |
| resume | the plan may go on: clear `deliver` of its run with what follows, or run `backfill_postbacks` |
| cancel | what of the plan is still queued never leaves; what was sent stays |
| resend_unknown | what was asked and never answered is queued again: Liftoff may count some of it twice |
| drop_unknown | it is never sent: Liftoff may lack some of it |
| stop | nothing leaves in the mode any more, whoever sends it |
| start | the stop is lifted |

Each is kept in the ledger with who decided it and why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from etl.airflow.retries import retry_arguments

ACTIONS = ["pause", "resume", "cancel", "resend_unknown", "drop_unknown", "stop", "start"]


@dag(
    dag_id="steer_postbacks",
    doc_md=__doc__,
    schedule=None,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(minutes=10), **retry_arguments()},
    params={
        "action": Param("pause", enum=ACTIONS, title="What to do"),
        "plan_id": Param(
            None, type=["string", "null"], title="Plan", description="For all but stop and start."
        ),
        "test_mode": Param(
            default=False, type="boolean", title="Test mode", description="For stop and start."
        ),
        "reason": Param(
            type="string", minLength=1, title="Reason", description="Kept, so no personal data in it."
        ),
    },
    tags=["pushlift", "liftoff"],
)
def steer_postbacks() -> None:
    """Declare the one task."""

    @task
    def steer(**context: Any) -> None:
        """Carry the decision out, in the name of whoever triggered the run."""
        from etl.airflow.backfill_form import name_user
        from etl.airflow.steering_step import carry_out

        carry_out(context["params"], name_user(context["dag_run"]))

    steer()


steer_postbacks()
