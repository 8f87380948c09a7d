"""When the next attempts may be made: the arithmetic of a shared rate, without a clock or a database.

Slots are scheduled one after the other: a slot begins where the last one ended, or now if that is past, so
that time which nobody used is nobody's credit. The clock may jump. A jump is told from the passing of time by
how far ahead slots were reserved when the last were: whoever finds the clock set back, or much later than the
last slot, waits as long as those slots may still be in use, which is little more than `HORIZON_SECONDS`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

HORIZON_SECONDS: Final = 1.0
"""No slot is given out that begins further ahead than this."""

LATE_SECONDS: Final = 0.1
"""A clock that is later than this after the last slot may have jumped."""

LEAST_FACTOR: Final = 0.05

SLOWING_SECONDS: Final = 1.0
"""Answers 429 within this time count as one: they were asked for at the same speed."""

RECOVERY_SECONDS: Final = 5.0
RECOVERY_STEP: Final = 0.05

LONGEST_BLOCK_SECONDS: Final = 6 * 3600.0
"""A partner who asks for more is asked again after this."""

FIRST_BREAK_SECONDS: Final = 5.0
LONGEST_BREAK_SECONDS: Final = 300.0
PROBE_SECONDS: Final = 10.0
"""So long all others wait for what the probe shows; then another probes."""

BREAK: Final = "circuit_breaker"
PROBE: Final = "probe"

RateReason = Literal["ahead", "blocked", "stopped", "daily_cap", "probe"]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as it stands; `factor` is the share of the configured rate that is used.

    `failures` is how often in a row the circuit breaker was tripped; while it was, slots are probes.
    """

    name: str
    reserved_at: datetime
    next_at: datetime
    factor: float = 1.0
    slowed_at: datetime | None = None
    recovered_at: datetime | None = None
    blocked_at: datetime | None = None
    blocked_until: datetime | None = None
    block_reason: str | None = None
    failures: int = 0
    day: date = date.min
    sent: int = 0
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Slots, as seconds from now, ascending; or none, why, and after how many seconds to ask again.

    A stop has no end: whoever is `stopped` asks again after a while, or gives up. With the reason `probe`
    there is one slot, to see whether the partner is back.
    """

    slots: tuple[float, ...] = ()
    reason: RateReason | None = None
    wait_seconds: float = 0.0
    detail: str | None = None


def schedule(
    rate: Rate, now: datetime, per_second: float, count: int, daily_cap: int | None = None
) -> tuple[Rate, Reservation]:
    """Decide which slots may be had now, and what the rate is afterwards."""
    rate = recover_step(begin_day(rebase(rate, now), now), now)
    refusal = find_refusal(rate, now, daily_cap)
    if refusal is not None:
        return rate, refusal
    gap = 1.0 / (per_second * rate.factor)
    start = find_start(rate, now)
    if start > HORIZON_SECONDS:
        return rate, Reservation(reason="ahead", wait_seconds=start - HORIZON_SECONDS)
    if rate.failures:
        rate, count = block(rate, now, start + PROBE_SECONDS, PROBE), 1
    left = count if daily_cap is None else min(count, daily_cap - rate.sent)
    given = min(left, 1 + int((HORIZON_SECONDS - start) / gap))
    slots = tuple(start + gap * index for index in range(given))
    next_at = now + timedelta(seconds=start + gap * given)
    renewed = replace(rate, reserved_at=now, next_at=next_at, sent=rate.sent + given)
    return renewed, Reservation(slots, reason="probe" if rate.failures else None)


def find_start(rate: Rate, now: datetime) -> float:
    """Find in how many seconds the next slot begins."""
    ahead = max(0.0, (rate.next_at - rate.reserved_at).total_seconds())
    passed = (now - rate.reserved_at).total_seconds()
    if passed < 0:
        return ahead
    if passed > ahead + LATE_SECONDS:
        return min(ahead, HORIZON_SECONDS)
    return max(0.0, ahead - passed)


def find_refusal(rate: Rate, now: datetime, daily_cap: int | None) -> Reservation | None:
    """Find why nobody may have a slot now, or None."""
    if rate.stopped_at is not None:
        return Reservation(reason="stopped", wait_seconds=HORIZON_SECONDS, detail=rate.stop_reason)
    if rate.blocked_until is not None and now < rate.blocked_until:
        wait_seconds = (rate.blocked_until - now).total_seconds()
        return Reservation(reason="blocked", wait_seconds=wait_seconds, detail=rate.block_reason)
    if daily_cap is not None and rate.sent >= daily_cap:
        return Reservation(reason="daily_cap", wait_seconds=find_midnight(now))
    return None


def find_midnight(now: datetime) -> float:
    """Tell in how many seconds the UTC day ends."""
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return (tomorrow - now).total_seconds()


def rebase(rate: Rate, now: datetime) -> Rate:
    """Let what began in the future begin now, because the clock was set back."""
    if rate.blocked_at is not None and rate.blocked_until is not None and now < rate.blocked_at:
        length = rate.blocked_until - rate.blocked_at
        rate = replace(rate, blocked_at=now, blocked_until=now + length)
    if rate.slowed_at is not None and now < rate.slowed_at:
        rate = replace(rate, slowed_at=now)
    if rate.recovered_at is not None and now < rate.recovered_at:
        rate = replace(rate, recovered_at=now)
    return rate


def begin_day(rate: Rate, now: datetime) -> Rate:
    """Count anew on a new UTC day; a clock that was set back over midnight does not begin one."""
    today = now.date()
    if rate.day in {today, today + timedelta(days=1)}:
        return rate
    return replace(rate, day=today, sent=0)


def recover_step(rate: Rate, now: datetime) -> Rate:
    """Give back some of the rate for the time since it was slowed down, or since the last such step."""
    since = rate.recovered_at or rate.slowed_at
    if rate.factor >= 1.0 or since is None:
        return rate
    steps = int((now - since).total_seconds() / RECOVERY_SECONDS)
    if steps <= 0:
        return rate
    return replace(rate, factor=min(1.0, rate.factor + RECOVERY_STEP * steps), recovered_at=now)


def slow(rate: Rate, now: datetime) -> Rate:
    """Halve the rate, once for all answers that were asked for at the same speed."""
    rate = rebase(rate, now)
    if rate.slowed_at is not None and (now - rate.slowed_at).total_seconds() < SLOWING_SECONDS:
        return rate
    return replace(rate, factor=max(LEAST_FACTOR, rate.factor / 2), slowed_at=now, recovered_at=None)


def block(rate: Rate, now: datetime, seconds: float, reason: str) -> Rate:
    """Give nobody a slot for so long; a block that lasts longer stays."""
    rate = rebase(rate, now)
    until = now + timedelta(seconds=min(seconds, LONGEST_BLOCK_SECONDS))
    if rate.blocked_until is not None and rate.blocked_until >= until:
        return rate
    return replace(rate, blocked_at=now, blocked_until=until, block_reason=reason)


def trip(rate: Rate, now: datetime) -> Rate:
    """Break, each time for twice as long; who finds it broken has only failed late."""
    rate = rebase(rate, now)
    is_broken = rate.block_reason == BREAK and rate.blocked_until is not None and now < rate.blocked_until
    if is_broken:
        return rate
    seconds = min(FIRST_BREAK_SECONDS * 2.0 ** min(rate.failures, 30), LONGEST_BREAK_SECONDS)
    return replace(block(lift_break(rate), now, seconds, BREAK), failures=rate.failures + 1)


def lift_break(rate: Rate) -> Rate:
    """Lift the breaker's block, or a probe's; one that the partner asked for stays."""
    if rate.block_reason not in {BREAK, PROBE}:
        return rate
    return replace(rate, blocked_at=None, blocked_until=None, block_reason=None)


def go_on(rate: Rate) -> Rate:
    """Lift a stop, and what failures before it have brought about."""
    lifted = replace(rate, stopped_at=None, stopped_by=None, stop_reason=None, failures=0)
    return replace(lifted, blocked_at=None, blocked_until=None, block_reason=None)
