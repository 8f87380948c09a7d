"""The tasks from a priced plan to its report, which two DAGs have.

Imported by DAG files, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import TriggerRule, task

if TYPE_CHECKING:
    from etl.airflow.backfill_steps import Outcome, Priced, Share

# The delivery of a plan may last days: two million postbacks at 15 a second are a day and a half.
DELIVERY_TIMEOUT: Final = timedelta(days=7)
APPROVAL_TIMEOUT: Final = timedelta(days=7)
DELIVER_POOL: Final = os.environ.get("PUSHLIFT_DELIVER_POOL", "default_pool")
PRICE: Final = "{{{{ ti.xcom_pull(task_ids='{task}')['price'] }}}}"
SUBJECT: Final = "{{{{ ti.xcom_pull(task_ids='{task}')['subject'] }}}}"
APPROVAL_DOC: Final = """Ask a person whether the plan may be sent.

The price is in the question. **Approve** starts the delivery. **Reject** cancels the plan. Who answered is
kept in the ledger. Nobody is asked where the plan has fewer rows than `liftoff.approval_from`. Without an
answer within a week the run fails, and the plan stays: send it with `steer_postbacks`.
"""


def declare_sending(priced: Any, task_id: str) -> None:
    """Declare what follows on the task that prices a plan."""

    @task.branch
    def choose(priced: Priced) -> str | None:
        """Stop where nothing is to be sent; else ask a person, or go on where none must be asked."""
        from etl.airflow.backfill_steps import choose_way

        return choose_way(priced)

    approve = ApprovalOperator(
        task_id="approve",
        subject=SUBJECT.format(task=task_id),
        body=PRICE.format(task=task_id),
        response_timeout=APPROVAL_TIMEOUT,
        # The time limit of a task would end the waiting, and a try would ask again.
        execution_timeout=None,
        retries=0,
        doc_md=APPROVAL_DOC,
    )

    @task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def begin(priced: Priced, **context: Any) -> list[Share]:
        """Record in the ledger who approved, and share the plan out to its workers."""
        from etl.airflow.backfill_steps import begin_sending

        return begin_sending(priced, read_answer(context))

    # A mapped task does not take its doc from the function.
    @task(
        pool=DELIVER_POOL,
        execution_timeout=DELIVERY_TIMEOUT,
        doc_md="Send what is queued of the plan, at the rate that all workers share.",
    )
    def deliver(share: Share) -> dict[str, int]:
        """Send what is queued of the plan, at the rate that all workers share."""
        from etl.airflow.backfill_steps import deliver_share

        return deliver_share(share)

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, multiple_outputs=False)
    def reconcile(priced: Priced, **context: Any) -> Outcome | None:
        """Whatever became of the delivery, write outcomes to the lake and hold them against the plan."""
        from etl.airflow.backfill_steps import reconcile_plan

        return reconcile_plan(priced, read_answer(context))

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report(outcome: Outcome | None) -> None:
        """Print what became of every postback; fail where any is unknown, or not settled."""
        from etl.airflow.backfill_steps import report_outcome

        report_outcome(outcome)

    shares = begin(priced)
    reconciled = reconcile(priced)
    choose(priced) >> [approve, shares]
    approve >> shares
    deliver.expand(share=shares) >> reconciled
    report(reconciled)  # type: ignore[arg-type]


def read_answer(context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Read what a person answered, if one was asked."""
    answer: Mapping[str, Any] | None = context["ti"].xcom_pull(task_ids="approve")
    return answer
