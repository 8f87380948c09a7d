"""What the message at each position is: a schedule of 50 positions that every object repeats.

A schedule, not chance, so that which messages repeat others is known by construction. Chance chooses
people, times, sources, events and prices.
"""

from enum import IntEnum

import numpy as np

from etl.sample.chance import Numbers

WINDOW = 50


class Kind(IntEnum):
    """What a message tells of."""

    INSTALL = 0
    REINSTALL = 1
    RE_ENGAGEMENT = 2
    RE_ATTRIBUTION = 3
    IN_APP = 4
    RE_ENGAGEMENT_IN_APP = 5
    RE_ATTRIBUTION_IN_APP = 6
    # The acquisition source's half of a retargeting pair.
    SECONDARY_IN_APP = 7


TOPICS = (
    "install",
    "reinstall",
    "re_engagement",
    "re_attribution",
    "install_in_app_event",
    "re_engagement_in_app_event",
    "re_attribution_in_app_event",
    "install_in_app_event",
)
FIRST_IN_APP = int(Kind.IN_APP)
EVENT_NAMES = ("install", "reinstall", "re-engagement", "re-attribution")

TEST_AT = 5
PAIR_AT = 23
SECONDARY_AT = 24
JUNK_AT = 33
TWIN_AT = 37
TWINNED_AT = 12  # a registration: money in V1 stands elsewhere, so twins tell of none
RESEND_AT = 49

# position → kind, where it is not an ordinary in-app event
_KINDS = {
    3: Kind.INSTALL,
    8: Kind.REINSTALL,
    11: Kind.INSTALL,
    17: Kind.INSTALL,
    19: Kind.RE_ENGAGEMENT,
    20: Kind.RE_ENGAGEMENT_IN_APP,
    PAIR_AT: Kind.RE_ENGAGEMENT_IN_APP,
    27: Kind.RE_ATTRIBUTION,
    28: Kind.RE_ATTRIBUTION_IN_APP,
    41: Kind.INSTALL,
}
# position → the earlier position with the same person
_LEADERS = {4: 3, 12: 11, 30: 11, 20: 19, 28: 27, 43: 41}
_NEWCOMERS = {3, 11, 17, 41}
# position → the in-app event that must stand there (a number of the catalogue)
_EVENTS = {4: 0, 12: 1, 30: 6, PAIR_AT: 6, 43: 6}


def _tabulate(values: dict[int, int], default: int) -> Numbers:
    return np.array([values.get(n, default) for n in range(WINDOW)], np.int64)


def _nearest_original() -> Numbers:
    echoes = {TEST_AT, SECONDARY_AT, TWIN_AT, RESEND_AT}
    nearest = {n: n for n in range(WINDOW) if n not in echoes}
    return _tabulate(nearest | {n: n - 1 for n in echoes}, 0)


KIND_AT = _tabulate({position: int(kind) for position, kind in _KINDS.items()}, int(Kind.IN_APP))
LEADER_AT = _tabulate({n: _LEADERS.get(n, n) for n in range(WINDOW)}, 0)
IS_NEWCOMER_AT = np.array([int(LEADER_AT[n]) in _NEWCOMERS for n in range(WINDOW)])
EVENT_AT = _tabulate(_EVENTS, -1)
ORIGINAL_AT = _nearest_original()
# Stories stay in order; only what nothing else refers to can be late.
CAN_BE_LATE_AT = np.array(
    [
        n not in _KINDS and n not in _LEADERS and n not in {SECONDARY_AT, TWIN_AT, RESEND_AT}
        for n in range(WINDOW)
    ]
)
