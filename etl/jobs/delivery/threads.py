"""Threads that send: each with a connection of its own, one URL at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from etl.jobs.delivery.crew import STALE, Done, Due, Errand, Transport
from etl.liftoff.answers import Answer

Item = TypeVar("Item", bound=Due)


class Threads(Generic[Item]):
    """Threads that send what is due; `open_transport` opens each its own transport.

    A request that takes longer than `longest_seconds` as a whole can be cut off; timeouts are about a byte.
    What a standstill made late leaves one after the other, `gap` seconds apart, not at once.
    """

    def __init__(
        self,
        size: int,
        open_transport: Callable[[], Transport],
        longest_seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start nothing yet."""
        self.size = size
        self._gap = 0.0
        self._last_turn = float("-inf")
        self._turns = threading.Lock()
        self._open = open_transport
        self._longest_seconds = longest_seconds
        self._busy: dict[int, tuple[Transport, float]] = {}
        self._clock = clock
        self._sleep = sleep
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Item, Answer]] = SimpleQueue()
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
            self._waiting.put(None)

    def put(self, items: Sequence[Item], gap: float) -> None:
        """Hand over what is to be sent."""
        self._gap = gap
        for item in items:
            self._waiting.put(item)

    def take(self, wait_seconds: float) -> list[tuple[Item, Answer]]:
        """Take what is done, waiting so long for the first."""
        found: list[tuple[Item, Answer]] = []
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
            while (item := self._waiting.get()) is not None:
                self._done.put((item, self._run(transport, item)))
        finally:
            transport.close()

    def _run(self, transport: Transport, item: Item) -> Answer:
        wait = self._find_turn(item.due_at) - self._clock()
        if wait > 0:
            self._sleep(wait)
        if self._clock() > item.expires_at:
            return Answer("unsent", detail=STALE)
        self._busy[threading.get_ident()] = (transport, self._clock())
        try:
            return transport.send(item.url)
        except Exception:  # noqa: BLE001 - whatever a transport raises, its text may hold the URL
            return Answer("unanswered", detail="failed")
        finally:
            del self._busy[threading.get_ident()]

    def _find_turn(self, due_at: float) -> float:
        """Find when an errand leaves: when it is due, and not too close behind the one before."""
        with self._turns:
            self._last_turn = max(due_at, self._clock(), self._last_turn + self._gap)
            return self._last_turn


class ThreadCrew(Threads[Errand]):
    """A crew of threads in the engine's own process."""

    is_lost = False

    def send(self, errands: Sequence[Errand], gap: float) -> None:
        """Hand errands over."""
        self.put(errands, gap)

    def collect(self, wait_seconds: float) -> list[Done]:
        """Collect what is done, waiting so long for the first."""
        return [Done(errand, answer) for errand, answer in self.take(wait_seconds)]
