"""The threads that send: each with a connection of its own, one postback at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Protocol, Self

from etl.ledger.claims import Claimed
from etl.liftoff.answers import Answer

STALE: Final = "stale_intent"


@dataclass(frozen=True, slots=True)
class Errand:
    """A postback whose intent is recorded: its attempt `number`.

    It is due at `due_at`, and not to be sent after `expires_at`: both are the monotonic clock's.
    """

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


class Transport(Protocol):
    """What sends a URL: `etl.liftoff.client.Client`, or a test's stand-in for the network."""

    def send(self, url: str) -> Answer:
        """Send and tell what came of it."""

    def cut(self) -> None:
        """Break off what is being sent, from another thread."""

    def close(self) -> None:
        """Close the connection."""


class Crew:
    """Threads that run errands; `open_transport` opens each its own transport.

    A request that takes longer than `longest_seconds` as a whole can be cut off; timeouts are about a byte.
    Errands that a standstill made late leave one after the other, `least_gap` seconds apart, not at once.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - how many, by what, how patiently, how closely, by which clock
        self,
        size: int,
        open_transport: Callable[[], Transport],
        longest_seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        least_gap: float = 0.0,
    ) -> None:
        """Start nothing yet."""
        self.size = size
        self._least_gap = least_gap
        self._last_turn = float("-inf")
        self._turns = threading.Lock()
        self._open = open_transport
        self._longest_seconds = longest_seconds
        self._busy: dict[int, tuple[Transport, float]] = {}
        self._clock = clock
        self._sleep = sleep
        self._errands: SimpleQueue[Errand | None] = SimpleQueue()
        self._done: SimpleQueue[Done] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(size)]

    def __enter__(self) -> Self:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the threads end; what is in flight ends with its timeout."""
        for _ in self._threads:
            self._errands.put(None)

    def send(self, errand: Errand) -> None:
        """Hand an errand over."""
        self._errands.put(errand)

    def collect(self, wait_seconds: float) -> list[Done]:
        """Collect what is done, waiting so long for the first."""
        found: list[Done] = []
        try:
            found.append(
                self._done.get(timeout=wait_seconds) if wait_seconds > 0 else self._done.get_nowait()
            )
            while True:
                found.append(self._done.get_nowait())
        except Empty:
            return found

    def cut_overdue(self) -> None:
        """Break off the requests that take too long."""
        began_before = self._clock() - self._longest_seconds
        for thread, (transport, began) in list(self._busy.items()):
            if began < began_before and self._busy.get(thread) == (transport, began):
                transport.cut()

    def _work(self) -> None:
        transport = self._open()
        try:
            while (errand := self._errands.get()) is not None:
                self._done.put(Done(errand, self._run(transport, errand)))
        finally:
            transport.close()

    def _run(self, transport: Transport, errand: Errand) -> Answer:
        wait = self._find_turn(errand.due_at) - self._clock()
        if wait > 0:
            self._sleep(wait)
        if self._clock() > errand.expires_at:
            return Answer("unsent", detail=STALE)
        self._busy[threading.get_ident()] = (transport, self._clock())
        try:
            return transport.send(errand.url)
        except Exception:  # noqa: BLE001 - whatever a transport raises, its text may hold the URL
            return Answer("unanswered", detail="failed")
        finally:
            del self._busy[threading.get_ident()]

    def _find_turn(self, due_at: float) -> float:
        """Find when an errand leaves: when it is due, and not too close behind the one before."""
        with self._turns:
            self._last_turn = max(due_at, self._clock(), self._last_turn + self._least_gap)
            return self._last_turn
