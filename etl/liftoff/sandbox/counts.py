"""What the sandbox has seen: counts, an occurrence at a time, and no value of anybody's.

An occurrence is a fingerprint: the SHA-256 of its sorted parameters. Counts of two million take some 400 MB.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

import orjson

from etl.liftoff.sandbox.rules import Broken

RECENT: Final = 50
MOST_NAMES: Final = 200
OTHERS: Final = "(others)"
POSTBACKS: Final = "postbacks"
OPT_OUTS: Final = "opt_outs"
PRODUCTION: Final = "production"
TEST: Final = "test"


def fingerprint(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Give the fingerprint of a request's parameters, `test_mode` left out, in whatever order they came."""
    kept = sorted(pair for pair in pairs if pair[0] != "test_mode")
    return sha256(orjson.dumps(kept)).digest()


class Seen(NamedTuple):
    """How often an occurrence came, was accepted and met a fault."""

    received: int = 0
    accepted: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the page shows it: what names nobody, ids as their lengths, and what it was answered."""

    at: datetime
    api: str
    mode: str
    event_name: str
    platform: str
    ids: tuple[str, ...]
    fingerprint: str
    status: int
    is_accepted: bool
    fault: str | None
    broken: tuple[Broken, ...]


@dataclass(slots=True)
class Tally:
    """The counts of one interface in one mode."""

    received: int = 0
    accepted: int = 0
    unanswered: int = 0
    accepted_occurrences: int = 0
    accepted_twice: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    occurrences: dict[bytes, Seen] = field(default_factory=dict)
    # Few different counts are shared by all occurrences.
    _shared: dict[Seen, Seen] = field(default_factory=dict)

    def note(
        self, digests: Iterable[bytes], broken: Iterable[Broken], *, is_accepted: bool, fault: str | None
    ) -> None:
        """Count a request that was read, each occurrence in it and each rule that it breaks."""
        self.received += 1
        self.broken.update(f"{each.parameter}: {each.rule}" for each in broken)
        self.accepted += is_accepted
        if fault:
            self.faults[fault] += 1
        for digest in digests:
            self._note_occurrence(digest, is_accepted=is_accepted, is_faulty=fault is not None)

    def note_answer(self, status: int | None) -> None:
        """Count what was answered; None is nothing, or not all of it."""
        if status is None:
            self.unanswered += 1
        else:
            self.answered[str(status)] += 1

    def _note_occurrence(self, digest: bytes, *, is_accepted: bool, is_faulty: bool) -> None:
        before = self.occurrences.get(digest, Seen())
        after = Seen(before.received + 1, before.accepted + is_accepted, before.faults + is_faulty)
        self.occurrences[digest] = self._shared.setdefault(after, after)
        self.accepted_occurrences += is_accepted and before.accepted == 0
        self.accepted_twice += is_accepted and before.accepted == 1

    def describe(self) -> dict[str, object]:
        """Say the counts as JSON has them."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "unanswered": self.unanswered,
            "received_occurrences": len(self.occurrences),
            "accepted_occurrences": self.accepted_occurrences,
            "accepted_twice": self.accepted_twice,
            "answered": dict(sorted(self.answered.items())),
            "faults": dict(sorted(self.faults.items())),
            "broken": dict(sorted(self.broken.items())),
        }


@dataclass(slots=True)
class Book:
    """All counts since the start, or since they were forgotten."""

    tallies: dict[tuple[str, str], Tally] = field(
        default_factory=lambda: {
            (api, mode): Tally() for api in (POSTBACKS, OPT_OUTS) for mode in (PRODUCTION, TEST)
        }
    )
    event_names: Counter[str] = field(default_factory=Counter)
    recent: deque[Arrival] = field(default_factory=lambda: deque(maxlen=RECENT))

    def name_event(self, name: str) -> None:
        """Count an event by its name; of names there is no end, so most are counted together."""
        known = name in self.event_names or len(self.event_names) < MOST_NAMES
        self.event_names[name if known else OTHERS] += 1

    def describe(self) -> dict[str, object]:
        """Say everything but the occurrences; the counts of postbacks in both modes stand at the top."""
        modes = {
            api: {mode: self.tallies[api, mode].describe() for mode in (PRODUCTION, TEST)}
            for api in (POSTBACKS, OPT_OUTS)
        }
        total = _add_up(list(modes[POSTBACKS].values()))
        return {**total, **modes[POSTBACKS], OPT_OUTS: modes[OPT_OUTS], "event_names": dict(self.event_names)}

    def list_occurrences(self) -> Iterator[dict[str, object]]:
        """List each occurrence's counts, as they are when this is asked."""
        snapshot = [(key, list(tally.occurrences.items())) for key, tally in self.tallies.items()]
        return (
            {"api": api, "mode": mode, "fingerprint": digest.hex(), **seen._asdict()}
            for (api, mode), occurrences in snapshot
            for digest, seen in occurrences
        )


def _add_up(parts: list[dict[str, object]]) -> dict[str, object]:
    """Add counts, and counts by something, of the same form."""
    total: dict[str, object] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, int):
                before = total.get(name, 0)
                total[name] = value + (before if isinstance(before, int) else 0)
            elif isinstance(value, dict):
                counted = Counter(total.get(name, {}))  # type: ignore[call-overload]
                counted.update(value)
                total[name] = dict(sorted(counted.items()))
    return total
