"""Judge a run against the lake's own past: volume, silence, drift of fields and of clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from etl.quality.batches import AppBatch
from etl.quality.checks import Check
from etl.quality.clock_drift import judge_clocks
from etl.quality.drift import View, judge_fields
from etl.quality.history_rules import HistoryRules
from etl.quality.past import read_past
from etl.quality.profile import Profile, merge_profiles, profile_rows, profiles_table
from etl.quality.silence import judge_silence
from etl.quality.volume import judge_volume
from etl.stores import Store

__all__ = [
    "HistoryRules",
    "Profile",
    "judge_histories",
    "judge_silence",
    "merge_profiles",
    "profile_rows",
    "profiles_table",
]

# A run of fewer rows has no shares of its own.
_LEAST_RUN_ROWS = 100


def judge_histories(
    lake: Store, batches: Sequence[AppBatch], profile: Profile, rules: HistoryRules, now: datetime
) -> list[Check]:
    """Judge the batches of some apps against the weeks before `now`, the start of the run.

    `profile` is what the run saw. The past is read once for all apps. Raises StorageError where the lake
    cannot be read.
    """
    if not batches:
        return []
    past = read_past(lake, now - rules.span, _LEAST_RUN_ROWS)
    checks = []
    for batch in batches:
        view = View(batch.app_id, profile.of_app(batch.app_id), past, rules)
        checks += judge_fields(view)
        checks += judge_clocks(view)
        checks += judge_volume(lake, batch, rules, now, past.latest(batch.app_id))
    return checks
