"""The sandbox's page, of what the desk has counted."""

from __future__ import annotations

from etl.liftoff.sandbox.counts import OPT_OUTS, POSTBACKS, PRODUCTION, TEST, Arrival, Tally
from etl.liftoff.sandbox.desk import Desk
from etl.reports.sandbox import ArrivalLine, SandboxFigures, TallyFigures, render_sandbox_page

_TITLES = {
    (POSTBACKS, PRODUCTION): "Postbacks",
    (POSTBACKS, TEST): "Postbacks in test mode",
    (OPT_OUTS, PRODUCTION): "Opt-outs",
    (OPT_OUTS, TEST): "Opt-outs in test mode",
}
_SHOWN_NAMES = 30


def draw_page(desk: Desk, refresh_seconds: int) -> str:
    """Draw the page as it is now."""
    book = desk.book
    return render_sandbox_page(
        SandboxFigures(
            tallies=tuple(_figure(_TITLES[key], tally) for key, tally in book.tallies.items()),
            event_names=tuple(book.event_names.most_common(_SHOWN_NAMES)),
            hidden_names=max(0, len(book.event_names) - _SHOWN_NAMES),
            recent=tuple(_show(each) for each in reversed(book.recent)),
            conduct=tuple((name, str(value)) for name, value in desk.conduct.describe().items()),
            refresh_seconds=refresh_seconds,
        )
    )


def _figure(title: str, tally: Tally) -> TallyFigures:
    return TallyFigures(
        title=title,
        received=tally.received,
        accepted=tally.accepted,
        occurrences=len(tally.occurrences),
        accepted_twice=tally.accepted_twice,
        unanswered=tally.unanswered,
        answered=tuple(sorted(tally.answered.items())),
        faults=tuple(sorted(tally.faults.items())),
        broken=tuple(tally.broken.most_common()),
    )


def _show(arrival: Arrival) -> ArrivalLine:
    return ArrivalLine(
        at=arrival.at,
        what=arrival.event_name or ("opt-out" if arrival.api == OPT_OUTS else "no event name"),
        is_test=arrival.mode == TEST,
        platform=arrival.platform,
        ids=arrival.ids,
        fingerprint=arrival.fingerprint,
        status=arrival.status,
        is_accepted=arrival.is_accepted,
        fault=arrival.fault,
        broken=tuple(f"{each.parameter}: {each.rule}" for each in arrival.broken),
    )
