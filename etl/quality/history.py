"""Stand-in until the history comes: profiles count rows, and nothing is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from etl.lake.tables import PROFILES
from etl.quality.auditing import AppBatch
from etl.quality.checks import Check
from etl.stores import Store


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """What is judged by history: which rules are required, and how long an app may be silent."""

    required: frozenset[str] = frozenset()
    silence_hours: float = 24


@dataclass(frozen=True, slots=True)
class Profile:
    """How many rows of an app came from each landed prefix."""

    app_id: str
    rows: Mapping[str, int]


def profile_rows(table: pa.Table, app_id: str, prefix_of: Mapping[str, str]) -> Profile:
    """Profile rows of one app; `prefix_of` gives the landed prefix of each `source_uri`."""
    counts = Counter(prefix_of[uri] for uri in table["source_uri"].to_pylist())
    return Profile(app_id, dict(counts))


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Merge the profiles of one app."""
    found = list(profiles)
    total: Counter[str] = Counter()
    for each in found:
        total.update(each.rows)
    return Profile(found[0].app_id, dict(total))


def profiles_table(profile: Profile, run_id: str, at: datetime) -> pa.Table:
    """Make the rows of `profiles`."""
    rows = [
        {"run_id": run_id, "profiled_at": at, "app_id": profile.app_id, "prefix": prefix, "kind": "rows"}
        | {"name": "", "value": "", "rows": count, "present": count}
        for prefix, count in sorted(profile.rows.items())
    ]
    return pa.Table.from_pylist(rows, PROFILES.schema)


def judge_history(
    lake: Store, batch: AppBatch, profile: Profile | None, rules: HistoryRules, now: datetime
) -> list[Check]:
    """Judge an app's batch by the weeks before."""
    del lake, batch, profile, rules, now
    return []


def judge_silence(lake: Store, rules: HistoryRules, now: datetime) -> list[Check]:
    """Judge which apps have fallen silent."""
    del lake, rules, now
    return []
