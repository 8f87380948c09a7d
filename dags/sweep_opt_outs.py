"""Opt-out lists are taken in, their people suppressed at once, erased, and submitted to Liftoff.

| task | what it does |
|---|---|
| sweep | takes in the inbox' lists, suppresses, erases, submits what is due; logs counts, tells of failure |
| watch_deadlines | tells people of requests that come due within `opt_outs.alert_days`, and fails then |
| verify | reads every store for people who were erased, checks the evidence; fails if one is found |

**Every night**, and by hand at any time. With `dry_run` it only says what would become of each list. What
Liftoff did not answer is due for the next sweep; refused credentials stop a sweep with nothing lost. An id of
more installs than a person has waits for somebody: `pushlift opt-outs confirm`.

Nobody who was suppressed is sent or ingested again from that moment. Erasure reaches the lake's tables, held
rows, registered exports and the ledger, and landed objects with `opt_outs.landing = "rewrite"`. `verify`
reads all of it, which takes as long as there is to read: turn it off by the param of that name where a night
is too short.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, TriggerRule, dag, task

from etl.airflow.notifying import tell_sweep_failed
from etl.airflow.retries import retry_arguments


@dag(
    dag_id="sweep_opt_outs",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=12), **retry_arguments()},
    params={
        "dry_run": Param(
            default=False, type="boolean", title="Dry run", description="Say what would happen only."
        ),
        "verify": Param(
            default=True,
            type="boolean",
            title="Verify",
            description="Read every store for people who were erased, after the sweep.",
        ),
    },
    tags=["pushlift", "liftoff", "privacy"],
)
def sweep_opt_outs() -> None:
    """Declare the tasks and their order."""

    @task(multiple_outputs=False, on_failure_callback=tell_sweep_failed)
    def sweep(**context: Any) -> dict[str, Any]:
        """Take in lists, suppress their people, submit what is due."""
        from etl.airflow.sweep_steps import sweep_lists

        return sweep_lists(is_dry_run=bool(context["params"]["dry_run"]))

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def watch_deadlines(**context: Any) -> None:
        """Tell people of requests that come due soon; fail then."""
        from etl.airflow import sweep_steps

        sweep_steps.watch_deadlines(context)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def verify(**context: Any) -> None:
        """Read every store for people who were erased; fail if one is found, or the evidence is broken."""
        from etl.airflow import sweep_steps

        params = context["params"]
        sweep_steps.verify_erasures(context, is_wanted=bool(params["verify"]) and not params["dry_run"])

    # Each for itself: a late deadline is no reason not to verify, nor a slow verification one not to tell.
    sweep() >> [watch_deadlines(), verify()]


sweep_opt_outs()
