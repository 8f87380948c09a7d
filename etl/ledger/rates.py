"""The rates at which postbacks leave: production's and tests', shared by all who share the ledger."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.decisions import Decision, record_decision
from etl.ledger.dialects import insert_into
from etl.ledger.postback_tables import rates
from etl.ledger.slots import Rate, Reservation, block, go_on, lift_break, schedule, slow, trip

_NAMES: Final = tuple(field.name for field in fields(Rate))
_SELECT: Final = select(*[rates.c[name] for name in _NAMES]).where(rates.c.name == bindparam("of_rate"))
_LOCK: Final = _SELECT.with_for_update()
_WRITE: Final = (
    update(rates)
    .values({name: bindparam(f"new_{name}") for name in _NAMES if name != "name"})
    .where(rates.c.name == bindparam("of_rate"))
)


def reserve(
    ledger: Ledger, name: str, per_second: float, count: int, daily_cap: int | None = None
) -> Reservation:
    """Reserve up to `count` slots, each for one attempt, at `per_second` times the rate's factor.

    Fewer are given where the horizon or the day's cap ends before. The slots count from the moment of the
    answer's making: a caller adds them to a monotonic clock that it has read before it asked.
    """
    with begin_write(ledger) as connection:
        rate = _lock_rate(ledger, connection, name)
        renewed, reservation = schedule(rate, ledger.clock(connection), per_second, count, daily_cap)
        _write(connection, rate, renewed)
    return reservation


def hand_back(ledger: Ledger, name: str, count: int) -> None:
    """Take reserved slots that were not used off the day's count; their time is lost."""
    _change(ledger, name, lambda rate, _: replace(rate, sent=max(0, rate.sent - count)))


def slow_down(ledger: Ledger, name: str) -> float:
    """Halve the rate for everybody, after an answer 429; return the factor. It recovers as time passes."""
    return _change(ledger, name, slow).factor


def block_until(ledger: Ledger, name: str, seconds: float, reason: str) -> None:
    """Give nobody a slot for so many seconds (`Retry-After`, a circuit breaker); a longer block stays."""
    _change(ledger, name, lambda rate, now: block(rate, now, seconds, reason))


def trip_breaker(ledger: Ledger, name: str) -> None:
    """Give nobody a slot for a while, after many failures in a row; then one at a time, to probe."""
    _change(ledger, name, trip)


def recover(ledger: Ledger, name: str) -> None:
    """Note a probe's success: everybody goes on."""
    _change(ledger, name, lambda rate, _: replace(lift_break(rate), failures=0))


def stop(ledger: Ledger, name: str, who: str, reason: str) -> None:
    """Let nothing leave at this rate, whoever sends: no slots and no intents until the stop is lifted."""
    with begin_write(ledger) as connection:
        rate = _lock_rate(ledger, connection, name)
        if rate.stopped_at is None:
            now = ledger.clock(connection)
            stopped = replace(rate, stopped_at=now, stopped_by=who, stop_reason=reason)
            _write(connection, rate, stopped)
            record_decision(ledger, connection, Decision(name, "stop", who, reason))


def lift_stop(ledger: Ledger, name: str, who: str, reason: str | None = None) -> bool:
    """Lift a stop, and with it blocks and failures; False where there was none."""
    with begin_write(ledger) as connection:
        rate = _lock_rate(ledger, connection, name)
        if rate.stopped_at is None:
            return False
        _write(connection, rate, go_on(rate))
        record_decision(ledger, connection, Decision(name, "lift_stop", who, reason))
    return True


def read_rate(ledger: Ledger, name: str) -> Rate | None:
    """Read a rate as it stands, or None where nobody has used it."""
    with begin_read(ledger) as connection:
        row = connection.execute(_SELECT, {"of_rate": name}).one_or_none()
    return None if row is None else Rate(*row)


def _change(ledger: Ledger, name: str, change: Callable[[Rate, datetime], Rate]) -> Rate:
    with begin_write(ledger) as connection:
        rate = _lock_rate(ledger, connection, name)
        changed = change(rate, ledger.clock(connection))
        _write(connection, rate, changed)
    return changed


def _lock_rate(ledger: Ledger, connection: Connection, name: str) -> Rate:
    """Read a rate, which is begun if need be, and keep it from changing until the transaction ends."""
    row = connection.execute(_LOCK, {"of_rate": name}).one_or_none()
    if row is None:
        now = ledger.clock(connection)
        new = {"name": name, "reserved_at": now, "next_at": now, "factor": 1.0, "failures": 0}
        statement = insert_into(connection, rates).values(**new, day=now.date(), sent=0)
        connection.execute(statement.on_conflict_do_nothing())
        row = connection.execute(_LOCK, {"of_rate": name}).one()
    return Rate(*row)


def _write(connection: Connection, rate: Rate, changed: Rate) -> None:
    if changed != rate:
        values = {f"new_{name}": getattr(changed, name) for name in _NAMES if name != "name"}
        connection.execute(_WRITE, values | {"of_rate": rate.name})
