"""The step of apps' pages as Airflow's task calls it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Final

from etl.airflow.configuration import load_task_settings

LOG: Final = logging.getLogger(__name__)


def write_pages(now: datetime | None = None) -> None:
    """Write the pages of all apps into the lake's store, and log where they are."""
    from etl.jobs.reporting.story import describe_report, make_scheduled  # noqa: PLC0415 - seconds, for this step

    written = make_scheduled(load_task_settings(), now or datetime.now(UTC))
    if written is None:
        LOG.info("The lake has no events yet, so no page was written.")
        return
    LOG.info("%s", "\n".join(describe_report(written)))
