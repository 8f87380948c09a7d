"""The policy that keeps new events of erased people: without the person, once, and counted as rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from etl.appsflyer.fields import personal_fields
from etl.jobs.holding import release_batch
from etl.lake.tables import EVENTS
from etl.ledger.suppressions import EVERY_APP, check_hash_key, suppress
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App, Liftoff, OptOuts
from etl.subjects import hash_forms
from tests.jobs.sweep.offices import APP, IDFA, KEY, drop, folder_of, run
from tests.services.suites import BAD, PLANTED, audited_by, held_batch_of, write_suites
from tests.services.worlds import Row, World, check_conservation, message

INSTALL = "1756684800000-7777777777777777777"
IDFV = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"
PERSONAL = [field.name for field in personal_fields()]


@pytest.fixture
def world(local_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Keep new events of erased people, without them."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    return choose(local_world, OptOuts(new_events="without_identifiers", requests_per_second=1000))


def choose(world: World, opt_outs: OptOuts) -> World:
    """Choose policies."""
    return replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))


def erase(world: World, identifier: str = IDFA) -> None:
    """Suppress a person as one who is to be erased."""
    ledger = world.open_ledger()
    check_hash_key(ledger, KEY)
    suppress(ledger, hash_forms(KEY, identifier), EVERY_APP, "erase")


def theirs(number: int = 1, **fields: object) -> Row:
    """Make a message of the person, who stands in more than one place of it."""
    told = {
        "idfa": IDFA,
        "idfv": IDFV,
        "appsflyer_id": INSTALL,
        "ip": "192.0.2.7",
        "user_agent": f"app/{INSTALL}",
        "event_value": json.dumps({"device": IDFA.lower()}),
        "campaign": f"for-{IDFV}",
        "city": "Zurich",
        "a_new_field": IDFA,
    }
    return message(number, **{**told, **fields})


def assert_nobody(world: World) -> None:
    """Check that nothing of the person can be read."""
    text = str(world.read(EVENTS).to_pylist()).upper()
    assert not [each for each in (IDFA, INSTALL, IDFV, "192.0.2.7") if each in text]


def test_rows_stay_without_the_person(world: World) -> None:
    """What is told of no person stays for totals; no personal column does, nor a text that holds an id."""
    erase(world)
    world.land([theirs(), message(2)])

    report = world.ingest()

    assert (report.messages, report.published, report.suppressed) == (2, 2, 0)
    (row,) = [row for row in world.events() if row["appsflyer_id"] is None]
    assert (row["event_name"], str(row["event_revenue"]), row["media_source"]) == (
        "af_purchase",
        "1.5000000000",
        "liftoff_int",
    )
    assert [name for name in (*PERSONAL, "extra", "embedded_ids", "campaign") if row[name] is not None] == []
    assert_nobody(world)
    check_conservation(world)


def test_other_rows_are_what_they_were(world: World, tmp_path: Path) -> None:
    """Taking one person out of a batch changes nobody else."""
    rows = [
        message(number, idfa=IDFA if number == 3 else None, event_name=f"e{number}") for number in range(6)
    ]
    world.land(rows)
    twin = world.twin(tmp_path / "twin")
    (tmp_path / "twin").mkdir()
    twin.ingest()
    erase(world)
    world.ingest()

    def read(each: World) -> list[Row]:
        return [
            {name: value for name, value in row.items() if name not in {"load_id", "loaded_at"}}
            for row in each.read(EVENTS).sort_by([("event_name", "ascending")]).to_pylist()
        ]

    assert [row for row in read(world) if row["event_name"] != "e3"] == [
        row for row in read(twin) if row["event_name"] != "e3"
    ]


def test_ids_tell_of_nothing_and_repeats_are_known(world: World, tmp_path: Path) -> None:
    """Neither a resend, another object or a reprocessing adds a row; both halves of an occurrence agree."""
    world.land([theirs(1), theirs(1, media_source="other_int")])
    (tmp_path / "twin").mkdir()
    twin = world.twin(tmp_path / "twin")
    twin.ingest()
    erase(world)
    assert world.ingest().published == 2

    world.land([theirs(1)], "push/resent.json.gz")
    assert (report := world.ingest()).published == 0
    assert report.duplicates == 1
    assert world.ingest(is_reprocess=True).published == 2

    rows, old = world.events("event_id", "occurrence_id"), twin.events("event_id", "occurrence_id")
    assert len(rows) == 2
    assert len({row["occurrence_id"] for row in rows}) == 1
    assert not {value for row in rows for value in row.values()} & {
        value for row in old for value in row.values()
    }


def test_what_must_be_set_aside_goes(world: World) -> None:
    """It would be kept as text; and so does what nobody can read."""
    erase(world)
    world.land(
        [
            theirs(event_time=None, event_time_selected_timezone=None),
            f'{{"idfa": "{IDFA}", '.encode(),
            message(2),
        ]
    )

    report = world.ingest()

    assert (report.published, report.quarantined, report.suppressed) == (1, 0, 2)
    assert world.quarantine() == []


def test_an_object_named_for_the_person_leaves_no_row(world: World) -> None:
    """Each row says where it came from."""
    erase(world)
    world.land([theirs()], f"push/{INSTALL}.json.gz")

    assert world.ingest().suppressed == 1
    assert world.events() == []


def test_a_row_that_the_lake_still_has_is_no_new_one(world: World) -> None:
    """Of somebody who is suppressed and not erased yet: a resend adds nothing, a reprocessing replaces."""
    world.land([theirs()])
    world.ingest()
    erase(world)
    world.land([theirs()], "push/resent.json.gz")

    assert (report := world.ingest()).published == 0
    assert report.duplicates == 1
    world.ingest(is_reprocess=True)

    assert len(world.events()) == 1
    assert_nobody(world)


@pytest.mark.parametrize("erasure", ["rows", "identifiers"])
@pytest.mark.parametrize("new_events", ["drop", "without_identifiers"])
def test_the_person_does_not_come_back_from_old_objects(
    world: World, sandbox: SandboxProcess, erasure: str, new_events: str
) -> None:
    """Under any policies, nor by a row whose device id was withheld; rows are not multiplied."""
    opt_outs = OptOuts.model_validate(
        {"policy": erasure, "new_events": new_events, "requests_per_second": 1000}
    )
    liftoff = Liftoff(opt_out_url=sandbox.opt_out_url)
    settings = choose(world, opt_outs).settings.model_copy(
        update={"liftoff": liftoff, "apps": {APP: App(app_store_id="1234567890")}}
    )
    world = replace(world, settings=settings)
    world.land([theirs(1), message(2)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    world.land([message(3, appsflyer_id=INSTALL), message(4)], "push/later.json.gz")

    world.ingest()
    world.ingest(is_reprocess=True)

    assert_nobody(world)
    kept = {"drop": {"rows": 0, "identifiers": 1}, "without_identifiers": {"rows": 2, "identifiers": 2}}
    assert len(world.events()) == 2 + kept[new_events][erasure]
    assert folder_of(world.settings).exists()


def test_held_rows_are_released_without_the_person(world: World, tmp_path: Path) -> None:
    """Who was suppressed after the rows were held is in none of them."""
    world = audited_by(world, write_suites(tmp_path / "suites"))
    world.land([message(1, app_id=BAD, event_name=PLANTED), theirs(2, app_id=BAD)])
    batch = held_batch_of(world.ingest())
    erase(world)

    report = release_batch(world.settings, batch, "looked at")

    assert (report.published, report.suppressed) == (2, 0)
    assert_nobody(world)
    check_conservation(world)
    world.ingest(is_reprocess=True)
    assert_nobody(world)


def test_a_reprocessing_that_was_held_replaces_the_rows_that_have_the_person(
    world: World, tmp_path: Path
) -> None:
    """By their old ids, or by new ones."""
    world.land([theirs(1, app_id=BAD), message(2, app_id=BAD)])
    world.ingest()
    world = audited_by(world, write_suites(tmp_path / "suites"))
    world.land([message(3, app_id=BAD, event_name=PLANTED)], "push/planted.json.gz")
    batch = held_batch_of(world.ingest(is_reprocess=True))
    erase(world)

    release_batch(world.settings, batch, "looked at")

    assert len(world.events()) == 3
    assert_nobody(world)
