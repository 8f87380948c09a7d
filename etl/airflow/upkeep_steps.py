"""The steps of upkeep as Airflow's tasks call them."""

from __future__ import annotations

import logging
from typing import Final

from etl.airflow.configuration import load_task_settings

LOG: Final = logging.getLogger(__name__)


def maintain(*, is_dry_run: bool) -> None:
    """Maintain the lake, and log what went or would go."""
    from etl.jobs.maintain import describe_upkeep, maintain_lake  # noqa: PLC0415 - seconds, for this step

    report = maintain_lake(load_task_settings(), is_dry_run=is_dry_run)
    LOG.info("%s", "\n".join(describe_upkeep(report)))


def forget(*, is_dry_run: bool) -> None:
    """Let personal values of rows that were settled long ago leave the ledger; a dry run does nothing."""
    from etl.jobs.reconciling import forget_personal_values  # noqa: PLC0415 - as above

    if is_dry_run:
        LOG.info("A dry run: no value leaves the ledger.")
        return
    LOG.info("%d settled rows lost their personal values.", forget_personal_values(load_task_settings()))
