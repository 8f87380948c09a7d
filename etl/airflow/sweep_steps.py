"""The steps of a sweep as Airflow's tasks call them; what is logged and handed on is counts and codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from etl.airflow.configuration import load_task_settings
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import (
    DeadlineNear,
    ErasureUnproven,
    EvidenceBroken,
    HeldBackError,
    PushliftError,
    SendingStopped,
)

if TYPE_CHECKING:
    from etl.jobs.proving.story import VerifyReport
    from etl.jobs.sweep.story import Deadline, SweepReport

LOG: Final = logging.getLogger(__name__)


def sweep_lists(*, is_dry_run: bool) -> dict[str, Any]:
    """Sweep, and log what came of it; gives that, and the counts of requests.

    Raises, after all else is done: SendingStopped where Liftoff stopped it, HeldBackError where a list could
    not be read, Liftoff did not take an id, or one waits for a person.
    """
    from etl.jobs.sweep.describing import describe_sweep  # noqa: PLC0415 - seconds, for this step alone
    from etl.jobs.sweep.story import sweep  # noqa: PLC0415 - the same

    report = sweep(load_task_settings(), load_task_secrets(), is_dry_run=is_dry_run)
    said = "\n".join(describe_sweep(report))
    LOG.info("%s", said)
    refuse(report)
    return {"said": said, "requests": dict(report.requests)}


def refuse(report: SweepReport) -> None:
    """Raise where a person must do something."""
    if report.is_dry_run:
        return
    if report.submission.stopped is not None:
        raise SendingStopped(
            f"Opt-outs were stopped: {report.submission.describe_stop()} What is due stays so."
        )
    unread = [each.name for each in report.lists if each.refusal is not None]
    if unread:
        raise HeldBackError(
            f"{len(unread)} lists cannot be read and stay in the inbox: {', '.join(unread)}. See the log."
        )
    if count := report.submission.unaccepted:
        raise HeldBackError(
            f"Liftoff did not take {count} ids; the log says why. Mend that, and drop their list again."
        )
    if waiting := report.requests.get("waiting", 0):
        raise HeldBackError(
            f"{waiting} ids have more installs than a person has and wait: pushlift opt-outs confirm or lift."
        )


def watch_deadlines(context: Mapping[str, Any], now: datetime | None = None) -> None:
    """Tell people of requests that come due soon, and raise DeadlineNear then."""
    from etl.airflow.notifying import tell  # noqa: PLC0415 - as above
    from etl.jobs.sweep.story import read_deadlines  # noqa: PLC0415 - as above

    settings = load_task_settings()
    found = read_deadlines(settings, now or datetime.now(UTC))
    message = describe_near(found, settings.opt_outs.alert_days)
    if message is None:
        LOG.info("%d requests are open; none of them comes due soon.", len(found))
        return
    tell(context, message)
    raise DeadlineNear(message)


def verify_erasures(context: Mapping[str, Any], *, is_wanted: bool) -> None:
    """Read every store for people who were erased, and log what came of it; a dry run reads nothing.

    Raises EvidenceBroken or ErasureUnproven, of which people are told.
    """
    if not is_wanted:
        LOG.info("Nothing is verified: a dry run, or the param `verify` is off.")
        return
    from etl.airflow.notifying import tell  # noqa: PLC0415 - as above
    from etl.cli.progress import log_tenths  # noqa: PLC0415 - as above
    from etl.jobs.proving.story import describe_verification, verify  # noqa: PLC0415 - as above

    report = verify(load_task_settings(), load_task_secrets(), progress=log_tenths())
    LOG.info("%s", "\n".join(describe_verification(report)))
    error = judge_verification(report)
    if error is not None:
        tell(context, error.message)
        raise error


def judge_verification(report: VerifyReport) -> PushliftError | None:
    """Say what is wrong after a verification; None where nothing is."""
    if report.evidence.fault is not None:
        return EvidenceBroken(f"{report.evidence.fault} pushlift opt-outs verify tells it again.")
    if report.is_proven:
        return None
    return ErasureUnproven(
        f"Erasures are not proven: somebody who was erased was found in {len(report.found)} objects or"
        f" columns, and {len(report.unread)} objects could not be read. The log names them, and so does"
        " pushlift opt-outs verify."
    )


def describe_near(found: Sequence[Deadline], alert_days: float) -> str | None:
    """Say how many requests come due within so many days; None where none does."""
    near = [each for each in found if each.days_left <= alert_days]
    if not near:
        return None
    over = sum(each.days_left < 0 for each in near)
    return (
        f"{len(near)} opt-out requests come due within {alert_days:g} days, {over} of them are over;"
        f" the nearest in {near[0].days_left:.1f} days. pushlift opt-outs status shows what of each is due."
    )
