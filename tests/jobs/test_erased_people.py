"""People who were erased do not come back: not by an ingest, a reprocessing, a release or a quarantine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.erased import collect_erased
from etl.errors import ConfigurationError, PeopleErasedMeanwhile
from etl.jobs import ingest as story
from etl.jobs.holding import release_batch
from etl.jobs.ingest import IngestOptions
from etl.jobs.reports import describe_report
from etl.lake.tables import EVENTS
from etl.ledger.suppressions import EVERY_APP, check_hash_key, lift, suppress
from etl.subjects import hash_forms, hash_subject
from tests.services.suites import BAD, PLANTED, audited_by, held_batch_of, write_suites
from tests.services.worlds import World, check_conservation, message, messages

KEY = b"a-key"
DEVICE = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
APP = "id1234567890"


@pytest.fixture(autouse=True)
def hash_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the key of hashes."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())


def erase(world: World, identifier: str, app_id: str = EVERY_APP, kind: str = "erase") -> None:
    """Suppress a person by one of their ids."""
    ledger = world.open_ledger()
    check_hash_key(ledger, KEY)
    suppress(ledger, hash_forms(KEY, identifier), app_id, "erase" if kind == "erase" else "do_not_share")


def devices(world: World) -> list[str]:
    """Give what readers see of device ids."""
    return sorted(str(row) for row in world.read(EVENTS)["idfa"].to_pylist())


ROWS = [message(1, idfa=DEVICE), message(2, idfa="00000000-1111-2222-3333-444444444444")]


def test_rows_of_an_erased_person_stay_out_and_are_counted(local_world: World) -> None:
    """Everybody else's are published; the account of the object says how many were left out."""
    erase(local_world, DEVICE.lower())
    local_world.land(ROWS)

    report = local_world.ingest()

    assert (report.messages, report.published, report.suppressed) == (2, 1, 1)
    assert devices(local_world) == ["00000000-1111-2222-3333-444444444444"]
    assert any("1   messages of people who were erased" in line for line in describe_report(report))
    check_conservation(local_world)


@pytest.mark.parametrize(
    "fields",
    [
        {"idfv": DEVICE},
        {"advertising_id": DEVICE.lower()},
        {"customer_user_id": DEVICE},
        {"event_value": json.dumps({"device": DEVICE})},
        {"original_url": f"https://example.com/?idfa={DEVICE}"},
    ],
    ids=["another column", "another casing", "a free-form id", "inside a value", "inside a URL"],
)
def test_wherever_the_id_stands_it_is_found(local_world: World, fields: dict[str, str]) -> None:
    """In any column for ids, in any casing, and inside values and URLs."""
    erase(local_world, DEVICE)
    local_world.land([message(1, **fields), message(2)])

    report = local_world.ingest()

    assert (report.published, report.suppressed) == (1, 1)


def test_an_erasure_of_one_app_leaves_the_others(local_world: World) -> None:
    """The person asked for one app only."""
    erase(local_world, DEVICE, APP)
    local_world.land([message(1, idfa=DEVICE), message(2, idfa=DEVICE, app_id="com.other")])

    local_world.ingest()

    assert local_world.read(EVENTS)["app_id"].to_pylist() == ["com.other"]


def test_a_wish_not_to_share_keeps_the_rows_here(local_world: World) -> None:
    """It is postbacks that it stops."""
    erase(local_world, DEVICE, kind="do_not_share")
    local_world.land(ROWS)

    assert local_world.ingest().suppressed == 0


def test_reprocessing_does_not_bring_them_back(local_world: World) -> None:
    """The old object is read without them; what an erasure took out stays out."""
    erase(local_world, DEVICE)
    local_world.land(ROWS)
    local_world.ingest()

    report = local_world.ingest(is_reprocess=True)

    assert (report.published, report.suppressed) == (1, 1)
    assert DEVICE not in devices(local_world)


def test_a_message_that_nobody_can_read_is_not_kept_either(local_world: World) -> None:
    """The bytes of what is set aside would hold the id for good."""
    erase(local_world, DEVICE)
    local_world.land([f'{{"idfa": "{DEVICE}", '.encode(), b"no json", message(1)])

    report = local_world.ingest()

    assert (report.published, report.quarantined, report.suppressed) == (1, 1, 1)
    assert DEVICE not in str(local_world.quarantine())


def test_held_rows_of_theirs_are_not_released(local_world: World, tmp_path: Path) -> None:
    """They were asked to be erased after the rows were held."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    world.land(
        [message(1, app_id=BAD, event_name=PLANTED), message(2, app_id=BAD, idfa=DEVICE), *messages([3])]
    )
    batch = held_batch_of(world.ingest())
    erase(world, DEVICE)

    report = release_batch(world.settings, batch, "looked at")

    assert (report.published, report.suppressed) == (1, 1)
    assert DEVICE not in devices(world)


def test_without_the_key_nothing_is_ingested(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With none, or another, nobody who was erased would be recognized."""
    erase(local_world, DEVICE)
    local_world.land(ROWS)
    for key in ("", "another-key"):
        monkeypatch.setenv("PUSHLIFT_HASH_KEY", key)
        with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY"):
            local_world.ingest()
    assert local_world.read(EVENTS).num_rows == 0


def test_nobody_erased_needs_no_key(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor after all of it was lifted."""
    erase(local_world, DEVICE)
    lift(local_world.open_ledger(), hash_forms(KEY, DEVICE), EVERY_APP)
    monkeypatch.delenv("PUSHLIFT_HASH_KEY")
    local_world.land(ROWS)

    assert local_world.ingest().published == 2


def test_who_is_erased_during_a_run_is_in_none_of_it(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins anew without them, before anything is seen."""
    local_world.land(ROWS)
    settle: Callable[..., object] = story.settle

    def settle_late(*arguments: object) -> object:
        erase(local_world, DEVICE)
        monkeypatch.setattr(story, "settle", settle)
        return settle(*arguments)

    monkeypatch.setattr(story, "settle", settle_late)

    report = story.ingest(local_world.settings)

    assert (report.published, report.suppressed) == (1, 1)
    assert DEVICE not in devices(local_world)


def test_a_publish_of_a_run_that_knows_nothing_of_it_is_refused(local_world: World) -> None:
    """As a task of Airflow's would come to it: its objects are left to the next run."""
    local_world.land(ROWS)
    settings = local_world.settings
    run = story.discover(settings, IngestOptions())
    assert run is not None
    outcomes = [story.normalize(settings, run, place) for place in range(len(run.chunks))]
    settled = story.settle(settings, run, outcomes)
    audited = story.audit(settings, run, settled)
    erase(local_world, DEVICE)

    with pytest.raises(PeopleErasedMeanwhile):
        story.publish(settings, run, outcomes, audited)

    assert local_world.ingest().published == 1


def test_nothing_shows_who_was_erased() -> None:
    """Neither the key nor a hash stands in a representation."""
    erased = collect_erased(KEY, [(EVERY_APP, hash_subject(KEY, DEVICE))])

    assert "a-key" not in repr(erased)
    assert hash_subject(KEY, DEVICE) not in repr(erased)
