"""Drift of clocks: doubts that are new in a zone, a zone that was changed, UTC that is really local."""

from __future__ import annotations

from collections.abc import Iterator

from etl.quality.checks import Check
from etl.quality.drift import View
from etl.quality.history_rules import CLOCK, LOCAL, ZONE
from etl.quality.profile import CLOCK as CLOCK_FIGURE
from etl.quality.profile import LAG
from etl.quality.profile import ZONE as ZONE_FIGURE
from etl.quality.robust import high_share, low_share

_LEAST_ZONE = 0.2
_LEAST_DOUBTED = 20
_NEW_DOUBT = 0.03
_TIMES_AS_MANY = 5
# Events come minutes after they happened: the freshest of a run never wander half an hour by themselves.
_NEAR_MINUTES = 20


def judge_clocks(view: View) -> list[Check]:
    """Judge zones and doubts about times."""
    prefixes = list(view.prefixes())
    judged = sum(1 for prefix, _ in prefixes for _ in view.came(prefix, ZONE_FIGURE))
    found = {
        CLOCK: [check for prefix, _ in prefixes for check in _find_doubts(view, prefix)],
        ZONE: [check for prefix, rows in prefixes for check in _find_new_zones(view, prefix, rows)],
        LOCAL: [check for prefix, _ in prefixes for check in _find_shifts(view, prefix)],
    }
    return [
        check
        for rule, checks in found.items()
        for check in view.rules.settle(rule, view.app_id, judged, checks)
    ]


def _find_doubts(view: View, prefix: str) -> Iterator[Check]:
    for figure, (rows, present) in view.came(prefix, CLOCK_FIGURE):
        zone = view.past.figures.get(figure._replace(kind=ZONE_FIGURE, name=figure.value, value=""))
        if zone is None or zone.present < view.rules.least_rows:
            continue
        seen = view.past.figures.get(figure)
        before = seen.present if seen else 0
        least = max(_NEW_DOUBT, _TIMES_AS_MANY * high_share(before, zone.present))
        was_told = seen is not None and low_share(seen.latest_present, seen.latest_rows) > _NEW_DOUBT
        if present >= _LEAST_DOUBTED and low_share(present, rows) > least and not was_told:
            yield view.rules.fail(
                CLOCK,
                view.app_id,
                subject=f"{figure.name} in {figure.value}",
                observed=100 * present / rows,
                threshold=f"{before} in {zone.present} rows",
                detail=f"Times below {prefix!r} are in doubt that were not; look at the app's zone in"
                " AppsFlyer.",
            )


def _find_new_zones(view: View, prefix: str, rows: int) -> Iterator[Check]:
    known = {figure.name: seen for figure, seen in view.seen(prefix, ZONE_FIGURE)}
    for figure, (_, present) in view.came(prefix, ZONE_FIGURE):
        if known and figure.name not in known and low_share(present, rows) > _LEAST_ZONE:
            usual = max(known, key=lambda zone: known[zone].present)
            yield view.rules.fail(
                ZONE,
                view.app_id,
                subject=figure.name,
                observed=100 * present / rows,
                threshold=f"mostly {usual}",
                detail=f"Below {prefix!r} rows came in {usual} until"
                f" {known[usual].last_seen:%Y-%m-%d %H:%M} UTC; the days of dashboards are cut elsewhere.",
            )


def _find_shifts(view: View, prefix: str) -> Iterator[Check]:
    """Find zones whose freshest events came later, or sooner, by the zone's offset.

    The past is the median over runs, so that a late run moves nothing. Told once, by the run that follows a
    sound one.
    """
    for figure, (rows, lag) in view.came(prefix, LAG):
        seen = view.past.figures.get(figure)
        offset = int(figure.value or 0)
        if not offset or seen is None or seen.rows < view.rules.least_rows or rows < _LEAST_DOUBTED:
            continue
        shift = lag - seen.usual
        was_told = abs(seen.latest_present - seen.usual + offset) <= _NEAR_MINUTES
        if abs(shift + offset) <= _NEAR_MINUTES and not was_told:
            yield view.rules.fail(
                LOCAL,
                view.app_id,
                subject=figure.name,
                observed=shift,
                threshold=f"the freshest come after about {seen.usual:.0f} minutes",
                detail=f"Below {prefix!r} events come {shift:.0f} minutes later than before, which is the"
                " offset of their zone: what is sent as UTC seems to be local time.",
            )
