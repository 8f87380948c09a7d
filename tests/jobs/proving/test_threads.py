"""Places are read side by side, and what is told of them is the same as one after the other."""

from __future__ import annotations

import gzip
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import pytest

from etl.errors import StoreUnavailable
from etl.jobs.proving import searching
from etl.jobs.proving.people import Sought
from etl.jobs.proving.places import Place
from etl.jobs.proving.searching import Reading
from etl.jobs.proving.threads import open_searchers
from etl.ledger.suppressions import EVERY_APP
from etl.proving.findings import Scan
from etl.proving.reading import scan_object
from etl.proving.texts import TextScanner
from etl.stores import list_objects, open_store, write_object
from etl.subjects import hash_forms

KEY = b"a key of this test's own, 32 or more"
PEOPLE = [f"6F9619FF-8B86-D011-B42D-{number:012X}" for number in range(40)]


@pytest.fixture
def sought() -> Sought:
    """Seek everybody, everywhere."""
    everywhere = frozenset({EVERY_APP})
    return Sought({form: everywhere for person in PEOPLE for form in hash_forms(KEY, person)})


@pytest.fixture
def places(tmp_path: Path) -> list[Place]:
    """Write an object for each person, which names them as often as their number says."""
    store = open_store(str(tmp_path))
    for number, person in enumerate(PEOPLE):
        write_object(store, f"{number:02d}.gz", gzip.compress(f"<{person}>\n".encode() * number))
    return [Place("other", store, each) for each in list_objects(store)]


def read(sought: Sought, places: list[Place], threads: int) -> list[Reading]:
    """Read places with so many threads."""
    wanted = sought.make_wanted(KEY)
    with open_searchers(wanted, sought, threads) as searchers:
        return [each for _, readings in searchers.search(places) for each in readings]


def test_threads_find_what_one_does(sought: Sought, places: list[Place]) -> None:
    """Each object's people, in the order of the objects; a thread's memory of tokens is its own."""
    alone = read(sought, places, 1)

    assert read(sought, places, 8) == alone
    assert [len(each.found) for each in alone] == [0] + [1] * (len(PEOPLE) - 1)


def test_a_fault_ends_the_reading(
    sought: Sought, places: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one place raises is raised, however many others were well."""

    def fall_over(scanner: TextScanner, store_key: str, raw: BinaryIO, columns: Collection[str]) -> Scan:
        if store_key == places[-1].landed.key:
            raise StoreUnavailable("gone away")
        return scan_object(scanner, store_key, raw, columns)

    monkeypatch.setattr(searching, "scan_object", fall_over)
    with pytest.raises(StoreUnavailable, match="gone away"):
        read(sought, places, 2)
