"""The faults that are answered on demand: which, how often, and by whose dice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate
from random import Random
from types import MappingProxyType
from typing import Any, Final

from etl.errors import UsageError


class Fault(StrEnum):
    """What is done instead of an honest answer.

    The first five are not accepted. `slow` and `half` are; of `reset` and `nothing` a coin decides, once the
    request was read, and nobody but the sandbox knows.
    """

    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429_retry_after"
    ERROR = "500"
    UNAVAILABLE = "503"
    SAYS_ERROR = "200_error"
    SLOW = "slow"
    HALF = "half"
    RESET = "reset"
    NOTHING = "nothing"


REFUSING: Final = frozenset(
    {Fault.TOO_MANY, Fault.TOO_MANY_RETRY_AFTER, Fault.ERROR, Fault.UNAVAILABLE, Fault.SAYS_ERROR}
)
TOSSED: Final = frozenset({Fault.RESET, Fault.NOTHING})


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the sandbox behaves: the share of requests that meets each fault, and each fault's manners.

    `nothing_seconds` is how long a request is held without an answer, unless the client leaves before.
    `limit` and `test_limit` are requests a second beyond which it answers 429; None is no limit.
    """

    shares: Mapping[Fault, float] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0
    slow_seconds: float = 5.0
    nothing_seconds: float = 60.0
    retry_after_seconds: int = 1
    limit: int | None = None
    test_limit: int | None = None

    def describe(self) -> dict[str, object]:
        """Say it as the object that changes it."""
        shares: dict[str, object] = {str(fault): share for fault, share in self.shares.items()}
        return shares | {name: getattr(self, name) for name in _MANNERS}


_MANNERS: Final = ("seed", "slow_seconds", "nothing_seconds", "retry_after_seconds", "limit", "test_limit")
_WHOLE: Final = frozenset({"seed", "retry_after_seconds", "limit", "test_limit"})
_OPTIONAL: Final = frozenset({"limit", "test_limit"})
_LONGEST_SECONDS: Final = 3600.0


def parse_conduct(given: Mapping[str, object], before: Conduct) -> Conduct:
    """Change a conduct: shares are replaced as a whole, manners that are not named stay.

    Raises UsageError for a fault or a manner that there is not, and for a value that makes no sense.
    """
    shares = {
        Fault(name): _parse_number(name, value, 1.0) for name, value in given.items() if name in set(Fault)
    }
    if sum(shares.values()) > 1 + 1e-9:
        raise UsageError("The shares of faults make more than 1; lower some.")
    manners: dict[str, Any] = {
        name: _parse_manner(name, value) for name, value in given.items() if name in _MANNERS
    }
    if unknown := given.keys() - set(Fault) - set(_MANNERS):
        raise UsageError(
            f"{', '.join(sorted(unknown))}: no fault and no manner;"
            f" there are {', '.join((*Fault, *_MANNERS))}."
        )
    return replace(before, shares=MappingProxyType(shares), **manners)


def _parse_manner(name: str, value: object) -> float | None:
    if value is None and name in _OPTIONAL:
        return None
    if name == "seed":
        return _parse_whole(name, value)
    if name in _OPTIONAL:
        return max(1, _parse_whole(name, value))
    return _parse_whole(name, value) if name in _WHOLE else _parse_number(name, value, _LONGEST_SECONDS)


def _parse_whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{name} is a whole number from 0 on.")
    return value


def _parse_number(name: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise UsageError(f"{name} is a number from 0 to {most:g}.")
    return float(value)


class Dice:
    """Chooses faults by a seed: the same requests in the same order meet the same faults."""

    def __init__(self, conduct: Conduct) -> None:
        """Lay out the shares; the dice begin with the seed."""
        self._random = Random(conduct.seed)  # noqa: S311 - seeded, not secret
        self.lay_out(conduct)

    def lay_out(self, conduct: Conduct) -> None:
        """Take other shares and throw on where the dice are."""
        self._edges = list(zip(accumulate(conduct.shares.values()), conduct.shares, strict=True))

    def choose(self) -> Fault | None:
        """Choose what befalls the next request; None is an honest answer."""
        thrown = self._random.random()
        return next((fault for edge, fault in self._edges if thrown < edge), None)

    def toss(self) -> bool:
        """Toss a coin."""
        return self._random.random() < 0.5  # noqa: PLR2004 - both sides are alike

    def cut(self, length: int) -> int:
        """Choose where something of this length breaks off, never before its first byte or after its last."""
        return self._random.randrange(1, length)
