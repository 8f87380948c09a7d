"""What a person decides about plans, as the task of `steer_postbacks` carries it out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from etl.airflow.configuration import load_task_settings
from etl.errors import UsageError
from etl.jobs.steering import ACTIONS, Word, decide_unknown, start_all, steer, stop_all
from etl.settings import Settings

LOG: Final = logging.getLogger(__name__)


def carry_out(params: Mapping[str, Any], who: str | None) -> None:
    """Carry out what the form says, and log what came of it; raises UsageError for what cannot be."""
    LOG.info("%s", decide(load_task_settings(), params, Word(params["reason"], who)))


def decide(settings: Settings, params: Mapping[str, Any], word: Word) -> str:
    """Carry out what the form says; gives a sentence on what came of it."""
    action, is_test = params["action"], bool(params["test_mode"])
    if action == "stop":
        return f"Nothing leaves in {stop_all(settings, word, is_test=is_test)} any more."
    if action == "start":
        mode, was_stopped = start_all(settings, word, is_test=is_test)
        return f"The stop of {mode} is lifted." if was_stopped else f"Nothing in {mode} was stopped."
    plan_id = (params["plan_id"] or "").strip()
    if not plan_id:
        raise UsageError(f"Name the plan to {action} in plan_id.")
    if action in ACTIONS:
        return f"Plan {plan_id} is {steer(settings, action, plan_id, word).state}."
    count = decide_unknown(settings, plan_id, word, resend=action == "resend_unknown")
    done = (
        "are queued again; run backfill_postbacks with its id"
        if action == "resend_unknown"
        else "are dropped"
    )
    return f"{count:,} postbacks of plan {plan_id} {done}."
