"""Erased people are in no table of the lake, and everything else is as it was."""

import hashlib
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import UsageError
from etl.jobs.erasing import erase_people
from etl.lake.erase import ErasureReport, Policy, TableErasure
from etl.lake.tables import EVENTS, open_or_create
from etl.lake.wanted import Wanted, WantedId
from tests.lake.erasing import (
    appsflyer_id_of,
    broken_of,
    device_of,
    event_of,
    events_of,
    everything_of,
    holds,
    spell_events,
    wanted_of,
)
from tests.services.worlds import World, message, open_local_world

OTHER_APP = "com.other"
ROWS: Policy = "rows"
IDENTIFIERS: Policy = "identifiers"


def erase(world: World, wanted: Wanted, policy: Policy = ROWS, *, is_dry_run: bool = False) -> ErasureReport:
    """Erase from a world's lake."""
    return erase_people(world.settings, wanted, policy, is_dry_run=is_dry_run)


def account_of(report: ErasureReport, table: str = "events") -> TableErasure:
    """Give what a report says of one table."""
    (found,) = [each for each in report.tables if each.table == table]
    return found


def test_rows_go(local_world: World) -> None:
    """Every row of an erased person goes, and no other changes."""
    world = local_world
    world.land([row for person in range(4) for row in everything_of(person)])
    world.ingest()
    before = spell_events(world)

    report = erase(world, wanted_of([1, 2]))

    assert [holds(world, person) for person in range(4)] == [True, False, False, True]
    assert set(spell_events(world)) < set(before)
    assert (account_of(report).rows_before, account_of(report).rows_gone) == (8, 4)
    assert len(spell_events(world)) == account_of(report).rows_after == 4
    assert account_of(report, "quarantine").rows_gone == 6


def test_identifiers_go(local_world: World) -> None:
    """Rows that stay lose all that is personal and their ids; money, days and positions stay."""
    world = local_world
    world.land([*events_of(1), *events_of(2)])
    world.ingest()
    columns = ["event_date", "event_revenue", "media_source", "source_position", "topic"]
    before, ids = (
        world.read(EVENTS).sort_by("source_position"),
        set(world.read(EVENTS)["event_id"].to_pylist()),
    )

    report = erase(world, wanted_of([1]), IDENTIFIERS)

    after = world.read(EVENTS).sort_by("source_position")
    assert after.select(columns).equals(before.select(columns))
    assert after.slice(2).equals(before.slice(2))
    assert after["ip"].to_pylist()[:2] == after["event_value"].to_pylist()[:2] == [None, None]
    assert not ids & set(after["event_id"].to_pylist()[:2])
    assert not holds(world, 1)
    assert (account_of(report).rows_gone, account_of(report).rows_changed) == (0, 2)


def test_halves_stay_together(local_world: World) -> None:
    """Both halves of an occurrence get the same new id, wherever they lie, and other occurrences another."""
    world = local_world
    world.land([event_of(1, 7, media_source="a_int"), event_of(1, 8)])
    world.ingest()
    world.land([event_of(1, 7, media_source="b_int")], "push/2026/09/01/14/b.json.gz")
    world.ingest()
    old = set(world.read(EVENTS)["occurrence_id"].to_pylist())
    assert len(old) == 2

    erase(world, wanted_of([1]), IDENTIFIERS)

    rows = world.read(EVENTS)
    new = rows["occurrence_id"].to_pylist()
    assert len(new) == 3
    assert len(set(new)) == 2
    assert not set(new) & old
    assert len(set(rows["event_id"].to_pylist())) == 3


def test_a_text_of_another_column(local_world: World) -> None:
    """A wanted id that an app put into a column for something else goes with the identifiers."""
    world = local_world
    world.land([event_of(1, 1, campaign=f"c-{device_of(1)}"), event_of(1, 2, campaign="c")])
    world.ingest()

    erase(world, wanted_of([1]), IDENTIFIERS)

    assert sorted(str(each) for each in world.read(EVENTS)["campaign"].to_pylist()) == ["None", "c"]


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda text: f" {text}\t"])
def test_any_spelling(local_world: World, spell: Callable[[str], str]) -> None:
    """Casing and space around an id hide nobody."""
    world = local_world
    world.land([message(1, customer_user_id=spell("straße-person")), message(2)])
    world.ingest()

    report = erase(world, Wanted([WantedId("STRASSE-Person")]))

    assert account_of(report).rows_gone == 1


@pytest.mark.parametrize("digest", ["sha1", "md5"])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_digests(local_world: World, digest: str, spell: Callable[[str], str]) -> None:
    """A digest of an id in an id column names the person, whichever casing was hashed."""
    world = local_world
    hashed = hashlib.new(digest, spell(device_of(1)).encode()).hexdigest()
    world.land([message(1, customer_user_id=hashed.upper()), message(2)])
    world.ingest()

    assert account_of(erase(world, wanted_of([1]))).rows_gone == 1


def test_one_app_only(local_world: World) -> None:
    """An id that is wanted for one app stays in the others."""
    world = local_world
    world.land([event_of(1, 1), event_of(1, 2, app_id=OTHER_APP)])
    world.ingest()

    erase(world, wanted_of([1], OTHER_APP))

    assert [row["app_id"] for row in world.events("app_id")] == ["id1234567890"]


def test_only_files_that_hold_a_match(local_world: World) -> None:
    """Other files stay in the table as they are."""
    world = local_world
    world.land([event_of(1, 1), event_of(2, 2, app_id=OTHER_APP)])
    world.ingest()
    before = world.live_paths()

    report = erase(world, wanted_of([1]))

    assert len(before) == 2
    assert len(world.live_paths()) == 1
    assert world.live_paths() < before
    assert (account_of(report).files_read, account_of(report).files_rewritten) == (2, 1)


def test_nobody_found(local_world: World) -> None:
    """Nobody found changes nothing, not even a version."""
    world = local_world
    world.land([event_of(1, 1)])
    world.ingest()
    versions = world.versions()

    report = erase(world, wanted_of([2]))

    assert world.versions() == versions
    assert all(each.rows_gone == each.files_rewritten == 0 for each in report.tables)


def test_a_dry_run(local_world: World) -> None:
    """A dry run tells what the erasure then does, and changes nothing."""
    world = local_world
    world.land([*events_of(1), *events_of(2), *broken_of(1)])
    world.ingest()
    versions, before = world.versions(), spell_events(world)

    dry = erase(world, wanted_of([1]), is_dry_run=True)

    assert (world.versions(), spell_events(world)) == (versions, before)
    real = erase(world, wanted_of([1]))
    for name in ("files_read", "files_rewritten", "rows_before", "rows_gone", "rows_changed", "rows_after"):
        assert [getattr(each, name) for each in dry.tables] == [getattr(each, name) for each in real.tables]


def test_twice(local_world: World) -> None:
    """Erasing again finds nothing, after either policy."""
    world = local_world
    world.land([*events_of(1), *events_of(2), *broken_of(1)])
    world.ingest()
    erase(world, wanted_of([1]), IDENTIFIERS)

    report = erase(world, wanted_of([1]))

    assert all(each.rows_gone == each.rows_changed == 0 for each in report.tables)


def test_readers_of_an_older_version(local_world: World) -> None:
    """Who reads the version before the erasure still can."""
    world = local_world
    world.land([*events_of(1), *events_of(2)])
    world.ingest()
    dataset = open_or_create(world.lake, EVENTS).to_pyarrow_dataset()

    erase(world, wanted_of([1]))

    assert dataset.count_rows() == len(dataset.to_table()) == 4


def test_no_identifier_is_told(local_world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither logs, nor what is passed around, nor the log of the table spells an id."""
    world = local_world
    world.land([*events_of(1), *events_of(2)])
    world.ingest()
    wanted = wanted_of([1])

    with caplog.at_level(logging.DEBUG):
        report = erase(world, wanted)

    log = "".join(path.read_text() for path in Path(world.lake.root, "events", "_delta_log").glob("*.json"))
    spelled = (caplog.text + repr(report) + repr(wanted) + repr(wanted.for_app(None)) + log).casefold()
    assert device_of(1) not in spelled
    assert appsflyer_id_of(1) not in spelled


@pytest.mark.parametrize("nobody", ["", "00000000-0000-0000-0000-000000000000", "NULL", "0"])
def test_nobody_is_not_wanted(nobody: str) -> None:
    """An id that names nobody is refused: it would erase everybody who shares it."""
    with pytest.raises(UsageError, match="names nobody"):
        Wanted([WantedId(nobody)])


@settings(max_examples=8, deadline=None)
@given(erased=st.sets(st.integers(0, 5)), policy=st.sampled_from([ROWS, IDENTIFIERS]))
def test_nothing_is_left_and_nothing_else_is_touched(erased: set[int], policy: Policy) -> None:
    """Whoever is erased is spelled nowhere, everybody else's rows are equal, and the counts add up."""
    with tempfile.TemporaryDirectory() as folder:
        world = open_local_world(Path(folder))
        apps = ("id1234567890", OTHER_APP)
        people = [row for person in range(6) for row in everything_of(person, app_id=apps[person % 2])]
        world.land(people)
        world.ingest()
        before, quarantined = world.events(), len(world.quarantine())

        report = erase(world, wanted_of(erased), policy)

        for person in range(6):
            assert holds(world, person) is (person not in erased)
        others = [repr(row) for row in before if not any(_is_of(row, person) for person in erased)]
        left = spell_events(world)
        assert set(others) <= set(left)
        events, messages = account_of(report), account_of(report, "quarantine")
        assert events.rows_before == len(before)
        assert events.rows_after == events.rows_before - events.rows_gone == len(left)
        assert len(left) - len(others) == events.rows_changed
        assert len(world.quarantine()) == quarantined - messages.rows_gone == messages.rows_after


def _is_of(row: dict[str, object], person: int) -> bool:
    text = repr(row).casefold()
    return device_of(person) in text or appsflyer_id_of(person) in text
