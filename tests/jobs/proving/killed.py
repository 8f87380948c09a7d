"""Sweeps and verifications that are killed, each at a step of its choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from etl.jobs.proving import evidence, story
from etl.jobs.sweep import erasing
from etl.jobs.sweep.story import sweep
from etl.lake import publish
from etl.settings import Secrets, Settings
from tests.jobs.killers import die_after, run_to_death
from tests.jobs.proving.offices import Office

SWEEP_STEPS: Final[dict[str, Callable[[], None]]] = {
    "erasure recorded": lambda: die_after(publish, "record_publish"),
    "erasure finished": lambda: die_after(publish, "finish_publish"),
    "requests recorded as erased": lambda: die_after(erasing, "record_erasure"),
    "sealed": lambda: die_after(evidence, "seal_records"),
    "written": lambda: die_after(evidence, "create_object"),
    "marked as written": lambda: die_after(evidence, "mark_written"),
}
VERIFY_STEPS: Final[dict[str, Callable[[], None]]] = {
    "read": lambda: die_after(story, "judge_readings"),
    "recorded": lambda: die_after(story, "record_verified"),
    "noted": lambda: die_after(story, "write_fact"),
}


def sweep_and_die(settings: Settings, step: str, secrets: Secrets) -> None:
    """Sweep, and be killed after a step."""
    SWEEP_STEPS[step]()
    sweep(settings, secrets)


def verify_and_die(settings: Settings, step: str, secrets: Secrets) -> None:
    """Verify, and be killed after a step."""
    VERIFY_STEPS[step]()
    story.verify(settings, secrets)


def kill_sweep(office: Office, step: str) -> None:
    """Sweep in a process that is killed after a step."""
    run_to_death(sweep_and_die, step, office.world.settings, step, office.secrets)


def kill_verification(office: Office, step: str) -> None:
    """Verify in a process that is killed after a step."""
    run_to_death(verify_and_die, step, office.world.settings, step, office.secrets)
