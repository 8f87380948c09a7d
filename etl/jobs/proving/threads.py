"""Reading places side by side, in a thread a core: decompressing, scanning and hashing wait for no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from etl.jobs.proving.people import Sought
from etl.jobs.proving.places import Place
from etl.jobs.proving.searching import Reading, search_messages, search_object
from etl.jobs.workers import count_workers
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Searchers:
    """Threads that search for people, each with a scanner of its own, and in memory what one place takes."""

    sought: Sought
    _pool: ThreadPoolExecutor
    _own: threading.local = field(repr=False)

    def begin(self, search: Callable[[TextScanner], list[Reading]]) -> Future[list[Reading]]:
        """Begin a search beside all others."""
        return self._pool.submit(lambda: search(self._own.scanner))

    def search(self, places: Sequence[Place]) -> Iterator[tuple[Place, list[Reading]]]:
        """Search places, and give what was read of each, in their order.

        What one of them raises is raised in its place.
        """
        yield from zip(places, self._pool.map(self._search, places), strict=True)

    def _search(self, place: Place) -> list[Reading]:
        scanner: TextScanner = self._own.scanner
        reading = search_object(scanner, place)
        if reading is None:
            return []
        return [reading, *(search_messages(scanner, self.sought, place) if reading.found else ())]


@contextmanager
def open_searchers(wanted: Wanted, sought: Sought, threads: int = 0) -> Iterator[Searchers]:
    """Open as many threads, or where that is 0 as many as this process may use cores.

    What is not begun by the end is not done.
    """
    own = threading.local()

    def begin() -> None:
        # It remembers which tokens it has seen, so no two threads share one.
        own.scanner = TextScanner(wanted)

    with ThreadPoolExecutor(count_workers(threads), "verify", begin) as pool:
        try:
            yield Searchers(sought, pool, own)
        finally:
            pool.shutdown(cancel_futures=True)
