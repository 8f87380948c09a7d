"""Write a landing of sample exports, and tell what is in it."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from etl.sample.chance import Numbers
from etl.sample.facts import describe_acts, iterate_rows
from etl.sample.feeds import TEST_FEEDS
from etl.sample.junk import JUNK_KINDS, JunkPlace, find_junk_places, spoil_message
from etl.sample.people import imagine_acts
from etl.sample.plan import Flags, Plan, Shape, check_request, choose_objects
from etl.sample.roles import TEST_AT
from etl.sample.templates import fill_templates, write_test_message
from etl.sample.truth import Tally, Truth, conclude
from etl.sample.writers import frame_header, frame_messages, name_object, open_object

_BLOCK_MESSAGES = 2_048  # about 8 MB: what memory is bounded by
_WORTH_A_PROCESS = 20_000  # messages; starting one costs about what writing these does
_GROUPS_PER_PROCESS = 8
_DEFAULT_START = date(2026, 9, 1)


def generate_landing(  # noqa: PLR0913 - each is an independent choice with a default
    target: Path,
    messages: int,
    seed: int = 1,
    *,
    days: int = 2,
    start: date = _DEFAULT_START,
    objects: int | None = None,
    shape: Shape = Shape.MIXED,
    processes: int | None = None,
) -> Truth:
    """Write `messages` sample messages, and some lines of junk beside them, into objects under `target`.

    The same arguments give the same bytes, whatever the number of processes (by default as many as are worth
    it, one for each processor). Memory is bounded by a block of messages, so that one object can have any
    size. Keys are `<endpoint>/YYYY/MM/DD/HH/<name>` by the hour an object was closed in, in UTC. Fields,
    topics and the test message follow "AppsFlyer: Push API V2.0".

    Raises:
        ValueError: no message or day is asked for, or more objects than messages.
    """
    check_request(messages, days, objects)
    plan = Plan(shape, messages, seed, days, start, objects or choose_objects(shape, messages, days))
    workers = min(plan.objects, processes or _choose_processes(messages))
    write = partial(_write_group, plan, target)
    if workers == 1:
        return conclude([write(range(plan.objects))])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return conclude(pool.map(write, _group_objects(plan.objects, workers * _GROUPS_PER_PROCESS)))


def _choose_processes(messages: int) -> int:
    return max(1, min(os.cpu_count() or 1, messages // _WORTH_A_PROCESS))


def _group_objects(objects: int, groups: int) -> Iterator[range]:
    size = -(-objects // groups)
    for first in range(0, objects, size):
        yield range(first, min(first + size, objects))


def _write_group(plan: Plan, target: Path, numbers: range) -> Tally:
    tally = Tally()
    for number in numbers:
        _write_object(plan, target, number, tally)
    return tally


def _write_object(plan: Plan, target: Path, number: int, tally: Tally) -> None:
    feed = plan.feed_of(number)
    tally.objects += 1
    with open_object(target / name_object(plan, number), is_gzipped=feed.is_gzipped) as write:
        for block in _render_object(plan, number, tally):
            tally.uncompressed_bytes += len(block)
            write(block)


def _render_object(plan: Plan, number: int, tally: Tally) -> Iterator[bytes]:
    """Give an object's bytes block by block."""
    feed, count = plan.feed_of(number), plan.count_messages(number)
    yield frame_header(feed)
    for first in range(0, count, _BLOCK_MESSAGES):
        positions = np.arange(first, min(first + _BLOCK_MESSAGES, count), dtype=np.int64)
        acts = imagine_acts(plan, number, positions)
        messages = fill_templates(feed, acts, list(iterate_rows(describe_acts(plan, acts))))
        is_test = _find_test_message(plan, number, positions)
        tally.count_acts(feed, acts, ~is_test)
        arrivals = acts.arrival_ms.tolist()
        for at in np.flatnonzero(is_test).tolist():
            tally.count_test_message()
            messages[at] = write_test_message(feed)
        _insert_junk(messages, arrivals, find_junk_places(plan, number, positions), tally)
        yield frame_messages(feed, messages, arrivals)


def _find_test_message(plan: Plan, number: int, positions: Numbers) -> Flags:
    is_tested = plan.shape is Shape.MIXED and number in TEST_FEEDS
    found: Flags = (positions == TEST_AT) & is_tested
    return found


def _insert_junk(messages: list[bytes], arrivals: list[int], places: list[JunkPlace], tally: Tally) -> None:
    """Put junk before the messages whose places call for it, from the last on so that places stay right."""
    for at, turn in reversed(places):
        kind = JUNK_KINDS[turn % len(JUNK_KINDS)]
        messages.insert(at, spoil_message(kind, messages[at], turn))
        arrivals.insert(at, arrivals[at])
        tally.count_junk(kind)
