"""A delivery inside a task: it ends in time when Airflow asks it to, and counts for Airflow's metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from etl.errors import PostbacksUnsettled, SendingInterrupted
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.counting import Tally
from etl.jobs.delivery.story import DeliveryReport, describe_delivery, run_delivery

LOG: Final = logging.getLogger(__name__)

COUNTED: Final = ("delivered", "refused", "retried", "unknown", "excluded")
# Nothing is wrong: more may be sent on the next day.
DAILY_CAP: Final = "daily_cap"
LOOK_SECONDS: Final = 2.0
CAP_LOOKS: Final = 150
DONE: Final = ("plan_cancelled", "plan_finished")
# What a person did or must do, in a sentence; anything else that ended a delivery early is named by its code.
ENDINGS: Final = {
    "plan_paused": "the plan is paused; resume it, and clear this task",
    "stopped": "everything is stopped; lift the stop (`pushlift backfill start`), and clear this task",
}

Increase = Callable[[str, int, dict[str, str]], None]


@dataclass(slots=True)
class Meter:
    """Counters for Airflow's metrics, `pushlift.postbacks.delivered` and its like, by app and mode.

    It is told the same tally over and over, and hands on what was added.
    """

    app_id: str
    mode: str
    increase: Increase
    _tally: Tally | None = None
    _told: dict[str, int] = field(default_factory=dict)

    def note(self, tally: Tally) -> None:
        """Count what came since the last time."""
        self._tally = tally
        for name in COUNTED:
            count = getattr(tally, name)
            if more := count - self._told.get(name, 0):
                self._told[name] = count
                self.increase(f"pushlift.postbacks.{name}", more, {"app_id": self.app_id, "mode": self.mode})

    def finish(self) -> None:
        """Count what came after the last word."""
        if self._tally is not None:
            self.note(self._tally)


def increase_metric(name: str, count: int, tags: dict[str, str]) -> None:
    """Count by Airflow's own metrics, wherever they go."""
    from airflow.sdk.observability import stats  # noqa: PLC0415 - the command line has no Airflow

    stats.incr(name, count, tags=tags)


def deliver_plan(
    delivery: Delivery, plan_id: str, sleep: Callable[[float], None] = time.sleep
) -> DeliveryReport:
    """Send a plan to its end, over the daily cap's midnights too.

    Raises SendingInterrupted, on which Airflow tries again, where the task was asked to end,
    PostbacksUnsettled where a person paused or stopped it, and else as `run_delivery` does.
    """
    while True:
        report = run_delivery(delivery, plan_id)
        LOG.info("%s", "\n".join(describe_delivery(report)))
        if report.stopped != DAILY_CAP:
            break
        _wait_for_more(delivery, sleep)
    if report.stopped == "interrupted":
        raise SendingInterrupted("The task was asked to end; what is not sent is still queued.")
    if report.stopped not in (None, *DONE):
        why = ENDINGS.get(report.stopped, report.stopped)
        raise PostbacksUnsettled(f"Not all of plan {plan_id} is sent: {why}.")
    return report


def _wait_for_more(delivery: Delivery, sleep: Callable[[float], None]) -> None:
    """Wait some minutes for the UTC day to end, which the ledger tells; looks whether the task is to end."""
    LOG.info("The day's cap is reached; it goes on after midnight UTC.")
    for _ in range(CAP_LOOKS):
        if not delivery.should_stop():
            sleep(LOOK_SECONDS)
