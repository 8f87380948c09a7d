"""A person's word on a plan: Airflow's own question, whose answer a rejection leaves behind, too."""

from __future__ import annotations

from typing import Any, Final

from airflow.providers.standard.operators.hitl import ApprovalOperator

ANSWER: Final = "answer"


class PlanApproval(ApprovalOperator):
    """Asks for approval; hands on what was answered and by whom, under the key `answer`.

    Airflow's operator hands nothing on when it rejects, for it ends by skipping what follows.
    """

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:  # noqa: ANN401 - as Airflow has it
        """Keep the answer, then go on or skip."""
        if "error" not in event:
            answer = {
                "chosen_options": list(event["chosen_options"]),
                "responded_by_user": event.get("responded_by_user"),
            }
            context["ti"].xcom_push(ANSWER, answer)
        return super().execute_complete(context, event)
