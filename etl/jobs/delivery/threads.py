"""Threads that send: each with a connection of its own, one URL at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from etl.jobs.delivery.crew import STALE, Done, Due, Errand, Paces, Transport
from etl.jobs.delivery.turns import Turns
from etl.liftoff.answers import Answer

Item = TypeVar("Item", bound=Due)

LEAST_SLEEP_SECONDS: Final = 0.001
LONGEST_SLEEP_SECONDS: Final = 0.02
"""What is handed over meanwhile is seen after this."""


class Threads(Generic[Item]):
    """Threads that send what is due; `open_transport` opens each its own transport.

    One more lets errands go when it is their turn: were each thread to wait for its own slot, all that wake
    would contend for the interpreter at once. A request that takes longer than `longest_seconds` as a whole
    can be cut off; timeouts are about a byte.
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
        self._open = open_transport
        self._longest_seconds = longest_seconds
        self._busy: dict[int, tuple[Transport, float]] = {}
        self._clock = clock
        self._sleep = sleep
        self._handed: SimpleQueue[tuple[Sequence[Item], Paces] | None] = SimpleQueue()
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._left: SimpleQueue[float] = SimpleQueue()
        self._done: SimpleQueue[tuple[Item, Answer]] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._let_go, daemon=True),
            *(threading.Thread(target=self._work, daemon=True) for _ in range(size)),
        ]

    def __enter__(self) -> Self:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the threads end; what is in flight ends with its timeout."""
        self._handed.put(None)

    def put(self, items: Sequence[Item], paces: Paces) -> None:
        """Hand over what is to be sent."""
        self._handed.put((items, paces))

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

    def _let_go(self) -> None:
        turns: Turns[Item] = Turns()
        while self._take_over(turns):
            while not self._left.empty():
                turns.note(self._left.get())
            found, wait = turns.find(self._clock())
            for item in found:
                self._waiting.put(item)
            if turns:
                self._sleep(min(max(wait, LEAST_SLEEP_SECONDS), LONGEST_SLEEP_SECONDS))
        for _ in range(self.size):
            self._waiting.put(None)

    def _take_over(self, turns: Turns[Item]) -> bool:
        """Take over what was handed over, and wait for it where nothing else is to do; False at the end."""
        while not turns or not self._handed.empty():
            handed = self._handed.get()
            if handed is None:
                return False
            turns.add(*handed)
        return True

    def _work(self) -> None:
        transport = self._open()
        try:
            while (item := self._waiting.get()) is not None:
                self._done.put((item, self._run(transport, item)))
        finally:
            transport.close()

    def _run(self, transport: Transport, item: Item) -> Answer:
        began = self._clock()
        self._left.put(began)
        if began > item.expires_at:
            return Answer("unsent", detail=STALE)
        self._busy[threading.get_ident()] = (transport, began)
        try:
            return transport.send(item.url)
        except Exception:  # noqa: BLE001 - whatever a transport raises, its text may hold the URL
            return Answer("unanswered", detail="failed")
        finally:
            del self._busy[threading.get_ident()]


class ThreadCrew(Threads[Errand]):
    """A crew of threads in the engine's own process."""

    is_lost = False

    def send(self, errands: Sequence[Errand], paces: Paces) -> None:
        """Hand errands over."""
        self.put(errands, paces)

    def collect(self, wait_seconds: float) -> list[Done]:
        """Collect what is done, waiting so long for the first."""
        return [Done(errand, answer) for errand, answer in self.take(wait_seconds)]
