"""Reading places side by side, in a thread a core: decompressing, scanning and hashing wait for no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from etl.jobs.proving.people import Sought
from etl.jobs.proving.places import Place
from etl.jobs.proving.searching import Reading, search_messages, search_object
from etl.jobs.workers import count_workers
from etl.proving.texts import TextScanner
from etl.proving.wanted import Wanted


def search_places(
    wanted: Wanted, sought: Sought, places: Sequence[Place], threads: int = 0
) -> Iterator[tuple[Place, list[Reading]]]:
    """Search places for people, and give what was read of each, in their order.

    `threads` are as many as this process may use cores without it. Memory is bounded by what one place takes,
    a thread each. What one of them raises is raised in its place, and no further one is begun.
    """
    own = threading.local()

    def begin() -> None:
        # It remembers which tokens it has seen, so no two threads share one.
        own.scanner = TextScanner(wanted)

    def search(place: Place) -> list[Reading]:
        reading = search_object(own.scanner, wanted, place)
        if reading is None:
            return []
        return [reading, *(search_messages(own.scanner, sought, place) if reading.found else ())]

    with ThreadPoolExecutor(count_workers(threads), "verify", begin) as pool:
        try:
            yield from zip(places, pool.map(search, places), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)
