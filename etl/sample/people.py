"""Who did what when: for a block of messages, the numbers that everything else is written from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.sample.catalogue import (
    ACQUISITION_SOURCES,
    APPS,
    EVENT_MIX,
    IN_APP_EVENTS,
    PRICES_PER_APP,
    RETARGETING_SOURCES,
    ZONES,
)
from etl.sample.chance import Numbers, draw_below, draw_words
from etl.sample.clocks import DAY_MS, HOUR_MS, MINUTE_MS
from etl.sample.plan import Addresses, Flags, Plan, resolve_addresses
from etl.sample.roles import (
    CAN_BE_LATE_AT,
    EVENT_AT,
    FIRST_IN_APP,
    IS_NEWCOMER_AT,
    KIND_AT,
    LEADER_AT,
    WINDOW,
    Kind,
)

_LATE_ONE_IN = 100
_LATE_HOURS = 72
_OLDEST_INSTALL_DAYS = 64
_NEWEST_INSTALL_DAYS = 4  # before the first day, so that no late event is older than its install
_JITTER = 1 << 20
_RETARGETED = np.array([kind in {2, 3, 5, 6} for kind in Kind])
_INSTALLED_ANEW = np.array([kind in {1, 3, 6} for kind in Kind])
_HAS_MONEY = np.array([event.has_money for event in IN_APP_EVENTS])
_MIX = np.array(EVENT_MIX)
_SOURCES = np.array(ACQUISITION_SOURCES)
_RETARGETING = np.array(RETARGETING_SOURCES)
_ZONES = np.array([ZONES.index(app.zone) for app in APPS])
_EARLIER_ZONES = np.array([ZONES.index(app.earlier_zone) for app in APPS])

NORMAL_IDS, ZERO_IDS, WITHHELD_IDS = 0, 1, 2
# One entry a sixteenth of the people: limited ad tracking zeroes the id,
# App Tracking Transparency withholds it.
_ID_VARIANTS = np.array(((1, 2) + (0,) * 14, (1, 2, 2) + (0,) * 13, (1, 1, 2, 2, 2, 2, 2) + (0,) * 9))


@dataclass(frozen=True, slots=True)
class Acts:
    """A block of messages as columns of numbers; times are milliseconds since the epoch."""

    app: Numbers
    person: Numbers
    number: Numbers  # of the original message, over all objects
    kind: Numbers
    event: Numbers
    has_money: Flags
    price: Numbers
    source: Numbers
    ids: Numbers
    zone: Numbers
    event_ms: Numbers
    install_ms: Numbers
    first_install_ms: Numbers
    touch_ms: Numbers
    arrival_ms: Numbers
    is_late: Flags
    is_duplicate: Flags


def imagine_acts(plan: Plan, number: int, positions: Numbers) -> Acts:
    """Decide everything about the messages at these positions of an object."""
    told = resolve_addresses(plan, number, positions)
    in_window = told.positions % WINDOW
    leaders = told.positions - in_window + LEADER_AT[in_window]
    own, led = plan.starts[told.objects] + told.positions, plan.starts[told.objects] + leaders
    app = _choose_apps(plan, number, led)
    kind = _choose_kinds(plan, number, told, in_window)
    is_newcomer = IS_NEWCOMER_AT[in_window]
    person = _choose_people(plan, led, is_newcomer) * len(APPS) + app
    sent_ms, led_ms = (
        _time_messages(plan, told.objects, told.positions),
        _time_messages(plan, told.objects, leaders),
    )
    lateness_ms = _choose_lateness(plan, own, CAN_BE_LATE_AT[in_window])
    first_install_ms = np.where(is_newcomer, led_ms, _install_before(plan, person))
    install_ms = np.where(_INSTALLED_ANEW[kind], led_ms, first_install_ms)
    event = _choose_events(plan, own, in_window)
    return Acts(
        app=app,
        person=person,
        number=own,
        kind=kind,
        event=event,
        has_money=_HAS_MONEY[event] & (kind >= FIRST_IN_APP),
        price=app * PRICES_PER_APP + _draw(plan, "price", own, PRICES_PER_APP),
        source=_choose_sources(plan, app, person, _RETARGETED[kind]),
        ids=_ID_VARIANTS[app, _draw(plan, "ids", person, _ID_VARIANTS.shape[1])],
        zone=np.where(sent_ms < plan.start_ms + plan.span_ms // 4, _EARLIER_ZONES[app], _ZONES[app]),
        event_ms=sent_ms - lateness_ms,
        install_ms=install_ms,
        first_install_ms=first_install_ms,
        touch_ms=_time_touches(plan, person, np.where(_RETARGETED[kind], led_ms, install_ms)),
        arrival_ms=_time_messages(plan, np.full(len(positions), number), positions),
        is_late=lateness_ms > 0,
        is_duplicate=told.is_duplicate,
    )


def _draw(plan: Plan, stream: str, numbers: Numbers, limit: int) -> Numbers:
    return draw_below(draw_words(plan.seed, stream, numbers), limit)


def _choose_apps(plan: Plan, number: int, led: Numbers) -> Numbers:
    app = plan.feed_of(number).app
    return _draw(plan, "app", led, len(APPS)) if app is None else np.full(len(led), app, np.int64)


def _choose_kinds(plan: Plan, number: int, told: Addresses, in_window: Numbers) -> Numbers:
    kinds = np.where(told.is_secondary, int(Kind.SECONDARY_IN_APP), KIND_AT[in_window])
    if plan.feed_of(number).is_v1:  # V1 knew no reinstalls
        kinds = np.where(kinds == Kind.REINSTALL, int(Kind.IN_APP), kinds)
    return kinds


def _choose_people(plan: Plan, led: Numbers, is_newcomer: NDArray[np.bool_]) -> Numbers:
    return np.where(is_newcomer, plan.pool + led, _draw(plan, "person", led, plan.pool))


def _choose_events(plan: Plan, own: Numbers, in_window: Numbers) -> Numbers:
    scheduled = EVENT_AT[in_window]
    return np.where(scheduled < 0, _MIX[_draw(plan, "event", own, len(_MIX))], scheduled)


def _choose_sources(plan: Plan, app: Numbers, person: Numbers, is_retargeted: Flags) -> Numbers:
    chance = _draw(plan, "source", person, _SOURCES.shape[1])
    return np.where(is_retargeted, _RETARGETING[chance % len(_RETARGETING)], _SOURCES[app, chance])


def _choose_lateness(plan: Plan, own: Numbers, can_be_late: Flags) -> Numbers:
    """Say how late each event is sent: nearly always at once, sometimes hours or days later."""
    words = draw_words(plan.seed, "late", own)
    is_late = can_be_late & (draw_below(words, _LATE_ONE_IN) == 0)
    lateness = HOUR_MS + _draw(plan, "lateness", own, (_LATE_HOURS - 1) * HOUR_MS)
    return np.where(is_late, lateness, 0)


def _install_before(plan: Plan, person: Numbers) -> Numbers:
    days = _OLDEST_INSTALL_DAYS - _NEWEST_INSTALL_DAYS
    return plan.start_ms - _NEWEST_INSTALL_DAYS * DAY_MS - _draw(plan, "install", person, days * DAY_MS)


def _time_touches(plan: Plan, person: Numbers, conversions_ms: Numbers) -> Numbers:
    return conversions_ms - MINUTE_MS - _draw(plan, "touch", person, 3 * HOUR_MS)


def _time_messages(plan: Plan, objects: Numbers, positions: Numbers) -> Numbers:
    """Spread an object's messages over its span, in order, no two at the same instant while there is room."""
    rounds = objects // len(plan.feeds)
    begins = plan.start_ms + plan.span_ms * rounds // plan.rounds
    lengths = plan.start_ms + plan.span_ms * (rounds + 1) // plan.rounds - begins
    counts = plan.starts[objects + 1] - plan.starts[objects]
    jitter = _draw(plan, "jitter", plan.starts[objects] + positions, _JITTER) / _JITTER
    within: Numbers = ((positions + jitter) * lengths / counts).astype(np.int64)
    return begins + within
