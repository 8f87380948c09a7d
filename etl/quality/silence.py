"""Silence: an app that sends all the time and has sent nothing for long, told from the Delta log alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.tables import EVENTS, find_table
from etl.quality.checks import Check
from etl.quality.history_rules import SILENCE, HistoryRules
from etl.stores import Store

_LEAST_LOADS = 10


def judge_silence(lake: Store, rules: HistoryRules, now: datetime) -> list[Check]:
    """Judge each app of the lake; works when nothing landed, and opens no data file.

    An app that fell silent before the span of the past has been told long ago, and is told no more.
    """
    delta = find_table(lake, EVENTS)
    if delta is None:
        return []
    actions = pa.table(delta.get_add_actions(flatten=True))
    if "max.event_time" not in actions.column_names:
        return []
    found: list[Check] = []
    for app_id in sorted(pc.unique(actions["partition.app_id"]).to_pylist()):
        mine = actions.filter(pc.equal(actions["partition.app_id"], app_id))
        found += _judge_app(app_id, mine, rules, now)
    return found


def _judge_app(app_id: str, actions: pa.Table, rules: HistoryRules, now: datetime) -> Iterator[Check]:
    ends = sorted(
        {each for each in actions["max.event_time"].to_pylist() if each is not None and each <= now}
    )
    recent = [each for each in ends if each >= now - rules.span]
    if len(recent) < _LEAST_LOADS:
        return
    quiet = now - recent[-1]
    allowed = max(timedelta(hours=rules.silence_hours), rules.silence_gaps * _longest_pause(recent))
    if quiet <= allowed:
        yield from rules.settle(SILENCE, app_id, len(recent), [])
        return
    yield rules.fail(
        SILENCE,
        app_id,
        subject="",
        observed=round(quiet / timedelta(hours=1), 2),
        threshold=f"at most {allowed / timedelta(hours=1):.0f} hours",
        detail=f"Its last event is of {recent[-1]:%Y-%m-%d %H:%M} UTC; look at its endpoint in AppsFlyer.",
    )


def _longest_pause(ends: Sequence[datetime]) -> timedelta:
    return max((later - sooner for sooner, later in pairwise(ends)), default=timedelta())
