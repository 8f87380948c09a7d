"""The sandbox's page: what arrived at the stand-in Liftoff, made of values alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl.reports.rendering import render


@dataclass(frozen=True, slots=True)
class TallyFigures:
    """The counts of one interface in one mode."""

    title: str
    received: int
    accepted: int
    occurrences: int
    accepted_twice: int
    unanswered: int
    answered: tuple[tuple[str, int], ...] = ()
    faults: tuple[tuple[str, int], ...] = ()
    broken: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ArrivalLine:
    """A request among the latest, its ids masked."""

    at: datetime
    what: str
    is_test: bool
    platform: str
    ids: tuple[str, ...]
    fingerprint: str
    status: int
    is_accepted: bool
    fault: str | None
    broken: tuple[str, ...]

    @property
    def state(self) -> str:
        """The colour of the answer."""
        if self.fault:
            return "advisory"
        return "passed" if self.is_accepted else "failed"


@dataclass(frozen=True, slots=True)
class SandboxFigures:
    """All that the page shows; the latest arrival comes first."""

    tallies: tuple[TallyFigures, ...]
    event_names: tuple[tuple[str, int], ...]
    hidden_names: int
    recent: tuple[ArrivalLine, ...]
    conduct: tuple[tuple[str, str], ...]
    refresh_seconds: int

    @property
    def shown_tallies(self) -> tuple[TallyFigures, ...]:
        """The first, and of the others those with something to count."""
        return (*self.tallies[:1], *(tally for tally in self.tallies[1:] if tally.received))

    @property
    def received(self) -> int:
        """How many requests arrived at both interfaces."""
        return sum(tally.received for tally in self.tallies)

    @property
    def accepted_twice(self) -> int:
        """How many occurrences were accepted more than once, which should be none."""
        return sum(tally.accepted_twice for tally in self.tallies)


def render_sandbox_page(figures: SandboxFigures) -> str:
    """Render the page."""
    return render("sandbox.html.j2", figures=figures)
