"""The steps of continuous delivery as Airflow's tasks call them: what is new is planned and sent."""

from __future__ import annotations

import logging
from typing import Any, Final

from etl.airflow.backfill_form import Planned
from etl.airflow.backfill_steps import Share, complain, deliver_share, describe_planned
from etl.airflow.configuration import load_task_settings
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import PostbacksUnsettled
from etl.jobs.steering import Word, approve, describe_status, read_status

LOG: Final = logging.getLogger(__name__)


def list_apps() -> list[str]:
    """List the apps whose new events are sent; none unless the configuration says so of one."""
    from etl.jobs.continuous import list_continuous  # noqa: PLC0415 - seconds, for this step alone

    found = list_continuous(load_task_settings())
    LOG.info("Continuous delivery is on for: %s.", ", ".join(found) or "no app")
    return found


def plan_new_events(app_id: str) -> Planned | None:
    """Plan what is new of an app; None where nothing is. `asks` says that it is too much to go unasked."""
    from etl.jobs.continuous import plan_news  # noqa: PLC0415 - as above
    from etl.jobs.planning.reading import describe_plan  # noqa: PLC0415 - as above

    settings = load_task_settings()
    report = plan_news(settings, app_id, secrets=load_task_secrets())
    if report is None:
        LOG.info("Nothing new has been published of %s.", app_id)
        return None
    LOG.info("%s", "\n".join(describe_plan(report)))
    return describe_planned(report, settings.liftoff.continuous_limit + 1)


def deliver_new_events(planned: Planned) -> dict[str, Any]:
    """Approve a plan in the configuration's name, and send it; PostbacksUnsettled where it is too large."""
    if planned["asks"]:
        plan_id = planned["plan_id"]
        raise PostbacksUnsettled(
            f"Plan {plan_id} has {planned['postbacks']:,} postbacks, above liftoff.continuous_limit: look"
            f" at it, and run backfill_postbacks with plan_id = {plan_id}, or cancel it. Later plans go on"
            " without it."
        )
    word = Word("apps.….continuous is on", "the configuration")
    approve(load_task_settings(), planned["plan_id"], word, planned["plan_hash"])
    share = Share(plan_id=planned["plan_id"], app_id=planned["app_id"], mode=planned["mode"], per_second=None)
    return deliver_share(share)


def report_new_events(planned: Planned) -> None:
    """Log how a plan stands; raises PostbacksUnsettled unless it came to its end."""
    status = read_status(load_task_settings(), planned["plan_id"])
    LOG.info("%s", "\n".join(describe_status(status)))
    complaint = complain(planned["plan_id"], status.report.plan.state, status.counts, is_dry_run=False)
    if complaint:
        raise PostbacksUnsettled(complaint)
