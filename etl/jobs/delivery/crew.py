"""Those who send: what they are asked for, what they tell, and what an engine needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from etl.liftoff.answers import Answer

if TYPE_CHECKING:
    # A process that only sends has no use for the ledger.
    from etl.ledger.claims import Claimed

STALE: Final = "stale_intent"


class Due(Protocol):
    """A URL to be sent at `due_at`, and not after `expires_at`: both are the monotonic clock's."""

    @property
    def url(self) -> str:
        """Complete and encoded."""

    @property
    def due_at(self) -> float:
        """When its slot begins."""

    @property
    def expires_at(self) -> float:
        """When others may take its sender for lost."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A postback whose intent is recorded: its attempt `number`, `Due`."""

    row: Claimed
    number: int
    url: str
    due_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an errand."""

    errand: Errand
    answer: Answer


class Paces(NamedTuple):
    """What members must know of the rate: how far apart slots are, those of others among them, in seconds.

    `slots` are those that are ours since the last time, whether an errand has them or not: so many may leave.
    """

    gap: float
    slots: tuple[float, ...] = ()


class Transport(Protocol):
    """What sends a URL: `etl.liftoff.client.Client`, or a test's stand-in for the network."""

    def send(self, url: str) -> Answer:
        """Send and tell what came of it."""

    def cut(self) -> None:
        """Break off what is being sent, from another thread."""

    def close(self) -> None:
        """Close the connection."""


class Crew(Protocol):
    """Members that send errands, one each at a time; a context that they work in."""

    @property
    def size(self) -> int:
        """How many errands may be under way."""

    @property
    def is_lost(self) -> bool:
        """Whether members are gone that will send nothing any more."""

    def send(self, errands: Sequence[Errand], paces: Paces) -> None:
        """Hand errands over."""

    def collect(self, wait_seconds: float) -> list[Done]:
        """Collect what is done, waiting so long for the first."""

    def cut_overdue(self) -> None:
        """Break off the requests that take too long as a whole."""

    def __enter__(self) -> Self:
        """Begin to work."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Work no more."""
