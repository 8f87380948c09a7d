"""What Liftoff was told, or would be, of one event: the gates as they stand, and every attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from etl.errors import ConfigurationError, LedgerError
from etl.jobs.keys import require_keys
from etl.jobs.policies import build_policy
from etl.lake.tables import EVENTS
from etl.ledger.history import Attempt, Postback, find_postbacks, list_attempts
from etl.ledger.suppressions import list_suppressed
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.gates import ORDER, SENTENCES, judge_events
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.postbacks import map_events
from etl.quality.gate import judge_dates
from etl.settings import Settings
from etl.stores import open_store
from etl.subjects import list_subjects

# Explaining shows no user id, so that any key will do.
_NO_KEY = b"explain"


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a plan for an occurrence, and its attempts, oldest first."""

    postback: Postback
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """What the gates say of an event today, and what was told of its occurrence.

    `gate` is the code of the first that refuses it; None where none does of those that look at the row, its
    day and its person. `unmapped` says why its app is not sent at all, `doubt` why nobody can say whether the
    person opted out.
    """

    gate: str | None
    unmapped: str | None
    told: tuple[Told, ...]
    doubt: str | None = None


def tell_of(settings: Settings, row: Mapping[str, Any], now: datetime | None = None) -> Telling:
    """Tell of a row of `events`; a ledger that cannot be opened tells of no attempt and of nobody."""
    told = tuple(_read_told(settings, str(row["occurrence_id"])))
    try:
        policy = build_policy(settings, str(row["app_id"]), "production")
    except ConfigurationError as error:
        return Telling(None, error.message, told)
    rows = _tabulate(row)
    codes = [_judge_row(rows, policy, now or datetime.now(UTC)), _judge_day(settings, row)]
    doubt = None
    try:
        codes.append(_judge_person(settings, rows, policy.app_id))
    except ConfigurationError as error:
        doubt = error.message
    gate = min(filter(None, codes), key=lambda code: ORDER[code], default=None)
    return Telling(gate, None, told, doubt)


def describe_telling(telling: Telling) -> Iterator[str]:
    """Describe it in lines for people."""
    yield "to Liftoff"
    if telling.unmapped is not None:
        yield f"  not sent: {telling.unmapped}"
    elif telling.gate is None:
        yield "  no gate refuses this row today"
    else:
        yield f"  refused today by {telling.gate}: {SENTENCES[telling.gate]}"
    if telling.doubt is not None:
        yield f"  whether the person opted out cannot be told: {telling.doubt}"
    for each in telling.told:
        row = each.postback
        why = "" if row.code is None else f", {row.code}: {SENTENCES.get(row.code, 'see backfill status')}"
        yield f"  plan {row.plan_id} ({row.mode}): {row.event_name} is {row.state}{why}"
        yield from (f"    {_describe_attempt(attempt)}" for attempt in each.attempts)


def _describe_attempt(attempt: Attempt) -> str:
    if attempt.outcome is None:
        return f"attempt {attempt.number} at {attempt.intent_at:%Y-%m-%d %H:%M:%S}: no answer yet"
    status = "" if attempt.status is None else f", status {attempt.status}"
    took = "" if attempt.milliseconds is None else f", {attempt.milliseconds} ms"
    return (
        f"attempt {attempt.number} at {attempt.intent_at:%Y-%m-%d %H:%M:%S}: {attempt.outcome}{status}{took}"
    )


def _tabulate(row: Mapping[str, Any]) -> pa.Table:
    values = {**row, "extra": list(dict(row["extra"] or {}).items())}
    rows = pa.Table.from_pylist([values], EVENTS.schema)
    return rows.append_column("is_first_event", pa.nulls(1, pa.bool_()))


def _judge_row(rows: pa.Table, policy: SendingPolicy, now: datetime) -> str | None:
    mapped = map_events(rows, policy, _NO_KEY)
    code: str | None = judge_events(rows, mapped, policy, int(now.timestamp() * 1000))[0].as_py()
    return code


def _judge_day(settings: Settings, row: Mapping[str, Any]) -> str | None:
    """Judge the row's day by its audits and by what is held."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    try:
        ledger = open_current_ledger(settings.storage.ledger)
        verdict = judge_dates(lake, ledger, str(row["app_id"]), row["event_date"], row["event_date"])
    except LedgerError:
        return None
    return next(("held_quality" if day.batch_ids else "failed_quality" for day in verdict.refused), None)


def _judge_person(settings: Settings, rows: pa.Table, app_id: str) -> str | None:
    """Say whether the person opted out; raises ConfigurationError where only the hash key could tell."""
    try:
        ledger = open_current_ledger(settings.storage.ledger)
        suppressed = list_suppressed(ledger, app_id)
    except LedgerError:
        return None
    if not suppressed:
        return None
    subjects = list_subjects(require_keys(ledger).subjects, rows)[0].as_py()
    return None if suppressed.isdisjoint((subjects or "").split()) else "suppressed"


def _read_told(settings: Settings, occurrence_id: str) -> Iterator[Told]:
    try:
        ledger = open_current_ledger(settings.storage.ledger)
        for row in find_postbacks(ledger, occurrence_id):
            yield Told(row, tuple(list_attempts(ledger, row.plan_id, row.position)))
    except LedgerError:
        return
