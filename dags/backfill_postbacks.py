"""Postbacks of an app's days are planned, priced, approved, sent to Liftoff, and reconciled.

| task | what it does |
|---|---|
| plan | freezes what would be sent and counts what would not, and why; logs the price |
| decide | ends a dry run here; asks for approval unless the plan is small, or approved already |
| approve | waits for a person, who sees the price; takes no worker meanwhile |
| confirm | approves exactly the plan that was seen, in that person's name |
| deliver | one task a worker: sends at the rate that all share, to the end; safe to clear and repeat |
| reconcile | brings outcomes into the lake's table `postbacks`; cancels a plan that was rejected |
| report | prints how the plan stands; fails unless all of it is delivered or refused |

**A dry run unless told otherwise.** It makes the plan and shows its price. To send that very plan, run again
with its id in `plan_id` and without `dry_run`.

**Pause, resume, cancel**: the DAG `steer_postbacks`, or `pushlift backfill`. A paused plan fails `deliver`;
after resuming it, clear `deliver` with all that follows. What was asked and never answered is never sent
again by itself: `steer_postbacks` decides.

Plans of fewer postbacks than `liftoff.approval_from` need nobody's approval. Nobody's answer within a week
fails `approve`; the plan waits on.

Secrets: the Airflow connection `liftoff` (type Liftoff), or the one that `PUSHLIFT_LIFTOFF_CONNECTION` names,
else the environment. Metrics: `pushlift.postbacks.delivered`, `refused`, `retried`, `unknown`, `excluded`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, Param, TriggerRule, dag, task

from etl.airflow.approving import ANSWER, PlanApproval
from etl.airflow.retries import retry_arguments

if TYPE_CHECKING:
    from etl.airflow.backfill_form import Planned, Way
    from etl.airflow.backfill_steps import Share

POSTBACKS = Asset("pushlift://postbacks")
DAY: dict[str, Any] = {"type": ["string", "null"], "format": "date"}
TEXT: dict[str, Any] = {"type": ["string", "null"]}


@dag(
    dag_id="backfill_postbacks",
    doc_md=__doc__,
    schedule=None,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=6), **retry_arguments()},
    params={
        "app_id": Param(None, title="App", description="AppsFlyer's id of the app.", **TEXT),
        "first_day": Param(None, title="First day", description="In UTC.", **DAY),
        "last_day": Param(None, title="Last day", description="In UTC, included.", **DAY),
        "events": Param(
            None,
            type=["array", "null"],
            items={"type": "string"},
            title="Events",
            description="AppsFlyer's names or Liftoff's, one a line; all that are mapped unless given.",
        ),
        "rate": Param(
            None,
            type=["number", "null"],
            exclusiveMinimum=0,
            title="Postbacks a second",
            description="Only below the configured rate.",
        ),
        "workers": Param(1, type="integer", minimum=1, maximum=16, title="Tasks that send at once"),
        "test_mode": Param(default=False, type="boolean", title="For Liftoff's test harness"),
        "failed_days": Param(
            "refuse",
            enum=["refuse", "exclude", "accept"],
            title="Days whose audit failed",
            description="No plan; a plan without them; or a plan as if nothing were, which the plan keeps.",
        ),
        "dry_run": Param(
            default=True, type="boolean", title="Dry run", description="Plan and price it only."
        ),
        "reason": Param(
            None, title="Reason", description="Why it is sent; kept, so no personal data in it.", **TEXT
        ),
        "plan_id": Param(
            None,
            title="Plan",
            description="Send, or go on sending, a plan that was made already; app and days are its own.",
            **TEXT,
        ),
    },
    tags=["pushlift", "liftoff"],
)
def backfill_postbacks() -> None:
    """Declare the tasks and their order."""

    @task
    def plan(**context: Any) -> Planned:
        """Freeze and price what would be sent; nothing leaves."""
        from etl.airflow.backfill_form import name_user
        from etl.airflow.backfill_steps import plan_backfill

        return plan_backfill(context["params"], name_user(context["dag_run"]))

    @task.branch
    def decide(planned: Planned, **context: Any) -> Way | None:
        """End a dry run; ask for approval unless the plan is small, or approved already."""
        from etl.airflow.backfill_steps import decide_way

        return decide_way(planned, context["params"])

    # A person's answer is not tried again, and has a time of its own.
    approve = PlanApproval(
        task_id="approve",
        doc_md="Wait for a person's word on the plan and its price.",
        subject="Send {{ ti.xcom_pull('plan')['postbacks'] }} postbacks of"
        " {{ ti.xcom_pull('plan')['app_id'] }} to Liftoff ({{ ti.xcom_pull('plan')['mode'] }},"
        " {{ ti.xcom_pull('plan')['lasts'] }})?",
        body="Reason: {{ params.reason }}\n\n```\n{{ ti.xcom_pull('plan')['price'] }}\n```",
        response_timeout=timedelta(days=7),
        execution_timeout=None,
        retries=0,
    )

    # After a branch that went round the approval, too; not after a rejection, which skips it.
    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def confirm(planned: Planned, **context: Any) -> list[Share]:
        """Approve exactly the plan that was seen."""
        from etl.airflow.backfill_form import name_user
        from etl.airflow.backfill_steps import confirm_plan

        answer = context["ti"].xcom_pull("approve", key=ANSWER)
        return confirm_plan(planned, answer, context["params"], name_user(context["dag_run"]))

    # Millions at some ten a second are days.
    @task(
        execution_timeout=timedelta(days=30),
        multiple_outputs=False,
        doc_md="Send what nobody else does, until nothing is left.",
    )
    def deliver(share: Share) -> dict[str, Any]:
        """Send what nobody else does, until nothing is left."""
        from etl.airflow.backfill_steps import deliver_share

        return deliver_share(share)

    # Whatever became of the delivery, the lake is told of it.
    @task(outlets=[POSTBACKS], multiple_outputs=False, trigger_rule=TriggerRule.ALL_DONE)
    def reconcile(planned: Planned | None, **context: Any) -> dict[str, Any]:
        """Bring outcomes into the lake's table of postbacks."""
        from airflow.sdk.exceptions import AirflowSkipException

        from etl.airflow.backfill_steps import reconcile_backfill

        if planned is None:
            raise AirflowSkipException("There is no plan.")
        answer = context["ti"].xcom_pull("approve", key=ANSWER)
        return reconcile_backfill(planned, answer, context["outlet_events"][POSTBACKS])

    @task
    def report(planned: Planned, **context: Any) -> None:
        """Print how the plan stands; fail unless all of it is delivered or refused."""
        from etl.airflow.backfill_steps import report_backfill

        report_backfill(planned, is_dry_run=bool(context["params"]["dry_run"]))

    # Airflow types what tasks exchange as XComArg.
    planned = plan()
    confirmed = confirm(planned)  # type: ignore[arg-type]
    decided = decide(planned)  # type: ignore[arg-type]
    decided >> [approve, confirmed]
    approve >> confirmed
    delivered = deliver.expand(share=confirmed)
    reconciled = reconcile(planned)  # type: ignore[arg-type]
    delivered >> reconciled >> report(planned)  # type: ignore[arg-type]


backfill_postbacks()
