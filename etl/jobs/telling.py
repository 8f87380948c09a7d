"""What Liftoff was told, or would be, of one event: the gates as they stand, and every attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from etl.errors import ConfigurationError, LedgerError
from etl.jobs.policies import build_policy
from etl.lake.tables import EVENTS
from etl.ledger.history import Attempt, Postback, find_postbacks, list_attempts
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.gates import SENTENCES, judge_events
from etl.liftoff.postbacks import map_events
from etl.settings import Settings

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

    `gate` is the code that refuses it, None where none of those does that look at a row alone; `unmapped`
    says why its app is not sent at all.
    """

    gate: str | None
    unmapped: str | None
    told: tuple[Told, ...]


def tell_of(settings: Settings, row: Mapping[str, Any], now: datetime | None = None) -> Telling:
    """Tell of a row of `events`; a ledger that cannot be opened tells of no attempt."""
    gate, unmapped = _judge(settings, row, now or datetime.now(UTC))
    return Telling(gate, unmapped, tuple(_read_told(settings, str(row["occurrence_id"]))))


def describe_telling(telling: Telling) -> Iterator[str]:
    """Describe it in lines for people."""
    yield "to Liftoff"
    if telling.unmapped is not None:
        yield f"  not sent: {telling.unmapped}"
    elif telling.gate is None:
        yield "  no gate refuses this row today"
    else:
        yield f"  refused today by {telling.gate}: {SENTENCES[telling.gate]}"
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


def _judge(settings: Settings, row: Mapping[str, Any], now: datetime) -> tuple[str | None, str | None]:
    try:
        policy = build_policy(settings, str(row["app_id"]), "production")
    except ConfigurationError as error:
        return None, error.message
    values = {**row, "extra": list(dict(row["extra"] or {}).items())}
    rows = pa.Table.from_pylist([values], EVENTS.schema)
    rows = rows.append_column("is_first_event", pa.nulls(1, pa.bool_()))
    mapped = map_events(rows, policy, _NO_KEY)
    code: str | None = judge_events(rows, mapped, policy, int(now.timestamp() * 1000))[0].as_py()
    return code, None


def _read_told(settings: Settings, occurrence_id: str) -> Iterator[Told]:
    try:
        ledger = open_current_ledger(settings.storage.ledger)
        for row in find_postbacks(ledger, occurrence_id):
            yield Told(row, tuple(list_attempts(ledger, row.plan_id, row.position)))
    except LedgerError:
        return
