"""A sweep erases people from lake and ledger, and suppresses what the lake links with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from etl.jobs.exporting import export_lake
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.steering import Word
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.persons import lift_person
from etl.lake.tables import EVENTS
from etl.ledger.database import begin_read
from etl.ledger.held import list_batches
from etl.ledger.opt_outs import list_requests
from etl.ledger.postback_tables import postbacks
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App
from tests.jobs.planning.test_first_events import TODAY, event
from tests.jobs.sweep.offices import APP, IDFA, drop, is_suppressed, make_secrets, open_ledger_of, run
from tests.services.suites import PLANTED, audited_by, write_suites
from tests.services.worlds import World, message

OTHER = "11111111-2222-4333-8444-555555555555"
IDFV = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"
INSTALL = "1756684800000-7777777777777777777"


@pytest.fixture
def lived_in(world: World) -> World:
    """Ingest rows of a person, one of which hides the id in a value, and one of somebody else."""
    world.land(
        [
            message(1, idfa=IDFA, idfv=IDFV, appsflyer_id=INSTALL),
            message(2, event_value=json.dumps({"device": IDFA.lower()})),
            message(3, idfa=OTHER),
            f'{{"idfa": "{IDFA}", '.encode(),
        ]
    )
    world.ingest()
    return world


def test_a_person_is_erased_and_others_stay(lived_in: World, sandbox: SandboxProcess) -> None:
    """From events, in columns and values, and from quarantine; the request says that landing is left."""
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")

    report = run(lived_in, sandbox)

    assert report.exit_code == 0
    assert [row["idfa"] for row in lived_in.events("idfa")] == [OTHER]
    assert lived_in.quarantine() == []
    (request,) = list_requests(open_ledger_of(lived_in), states=("done",))
    assert (request.erasure, request.identifier) == ("erased_except_landing", None)
    assert any("2  rows of events erased" in line for line in describe_sweep(report))


def test_a_dry_run_says_how_many_rows_would_go(lived_in: World, sandbox: SandboxProcess) -> None:
    """And in which files; nothing is changed."""
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")
    sandbox.set_faults({"503": 1.0})
    version = lived_in.versions()["events"]

    report = run(lived_in, sandbox, is_dry_run=True)

    assert lived_in.versions()["events"] == version
    assert (report.erasing.requests, report.erasing.tables[0].rows_gone) == (1, 2)
    assert sum(each.rows for each in report.erasing.files if each.table == "events") == 2
    lake = Path(lived_in.settings.storage.lake)
    assert all((lake / each.table / each.path).is_file() for each in report.erasing.files)
    assert any(line.endswith(report.erasing.files[0].path) for line in describe_sweep(report))
    assert len(lived_in.events()) == 3


def test_what_the_lake_links_is_suppressed_before_the_link_is_gone(
    lived_in: World, sandbox: SandboxProcess
) -> None:
    """AppsFlyer's id and the vendor's of the same app: later rows without the device id stay out."""
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")
    run(lived_in, sandbox)

    assert is_suppressed(lived_in, INSTALL, APP)
    assert is_suppressed(lived_in, IDFV, APP)
    assert not is_suppressed(lived_in, INSTALL, "com.other")


def test_what_the_lake_links_is_not_shared_either(lived_in: World, sandbox: SandboxProcess) -> None:
    """Of somebody who is not to be shared the rows stay, some of them without the device's id."""
    drop(lived_in, "a.csv", f"idfa,kind\n{IDFA},do_not_share\n")
    run(lived_in, sandbox)

    assert is_suppressed(lived_in, INSTALL, APP)
    assert is_suppressed(lived_in, IDFV, APP)
    assert not is_suppressed(lived_in, INSTALL, "com.other")
    assert len(lived_in.events()) == 3
    assert lift_person(lived_in.settings, IDFA, Word("a mistake"), make_secrets(sandbox)) == 1
    assert not is_suppressed(lived_in, INSTALL, APP)


def test_a_person_who_is_lifted_is_lifted_whole(lived_in: World, sandbox: SandboxProcess) -> None:
    """What was suppressed for their sake is, too."""
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")
    run(lived_in, sandbox)
    lift_person(lived_in.settings, IDFA, Word("consented again"), make_secrets(sandbox))

    assert not is_suppressed(lived_in, IDFA)
    assert not is_suppressed(lived_in, INSTALL, APP)


def test_old_landed_objects_do_not_bring_the_person_back(
    lived_in: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reprocessing reads them without: not even by a row whose device id was withheld."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")
    run(lived_in, sandbox)
    lived_in.land([message(4, appsflyer_id=INSTALL)], "push/later.json.gz")

    report = lived_in.ingest(is_reprocess=True)

    assert report.suppressed == 4
    assert [row["idfa"] for row in lived_in.events("idfa")] == [OTHER]


def test_without_identifiers_rows_stay_for_totals(lived_in: World, sandbox: SandboxProcess) -> None:
    """By policy."""
    policy = lived_in.settings.opt_outs.model_copy(update={"policy": "identifiers"})
    kept = replace(lived_in, settings=lived_in.settings.model_copy(update={"opt_outs": policy}))
    drop(kept, "a.csv", f"idfa\n{IDFA}\n")

    run(kept, sandbox)

    assert len(kept.events()) == 3
    assert IDFA not in str(kept.read(EVENTS).to_pylist()).upper().replace(OTHER, "")


def test_queued_postbacks_lose_what_tells_of_the_person(world: World, sandbox: SandboxProcess) -> None:
    """They are excluded as suppressed; the plan goes on without them."""
    apps = {APP: App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})}
    world = replace(world, settings=world.settings.model_copy(update={"apps": apps}))
    world.land([event(1, 2, installed=5, person=1), event(2, 2, installed=5, person=2)])
    world.ingest()
    secrets = make_secrets(sandbox)
    day = TODAY.fromordinal(TODAY.toordinal() - 2)
    plan = make_plan(world.settings, PlanRequest(APP, day, day), secrets=secrets)
    assert plan.queued == 2
    drop(world, "a.csv", "idfv\n6F9619FF-8B86-D011-B42D-000000000001\n")

    report = run(world, sandbox)

    assert report.erasing.postbacks == 1
    with begin_read(open_ledger_of(world)) as connection:
        query = select(postbacks.c.state, postbacks.c.code, postbacks.c.parameters).order_by(
            postbacks.c.state
        )
        rows = connection.execute(query).all()
    assert [(row.state, row.code, row.parameters is None) for row in rows] == [
        ("excluded", "suppressed", True),
        ("queued", None, False),
    ]


def test_registered_exports_are_reached(lived_in: World, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """A copy elsewhere is a copy; and so are rows that are held."""
    export_lake(lived_in.settings, str(tmp_path / "export"))
    drop(lived_in, "a.csv", f"idfa\n{IDFA}\n")

    report = run(lived_in, sandbox)

    assert (report.exit_code, report.erasing.exported) == (0, 2)
    left = [
        row for path in (tmp_path / "export").rglob("*.parquet") for row in pq.read_table(path).to_pylist()
    ]
    assert [row["idfa"] for row in left] == [OTHER]


def test_held_rows_are_reached(lived_in: World, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """Nobody sees them, and they are erased all the same."""
    held = audited_by(lived_in, write_suites(tmp_path / "suites"))
    held.land([message(5, event_name=PLANTED, idfa=IDFA), message(6)], "push/held.json.gz")
    held.ingest()
    drop(held, "a.csv", f"idfa\n{IDFA}\n")

    report = run(held, sandbox)

    assert (report.exit_code, report.erasing.held) == (0, 1)
    (batch,) = list_batches(open_ledger_of(held))
    lake = Path(held.settings.storage.lake)
    left = [row["idfa"] for each in batch.drafts for row in pq.read_table(lake / each.path).to_pylist()]
    assert len(left) == batch.rows == 1
    assert IDFA not in left


def test_nobody_in_the_lake_is_fine(lived_in: World, sandbox: SandboxProcess) -> None:
    """They are submitted all the same."""
    drop(lived_in, "a.csv", f"gaid\n{OTHER.replace('1', '2').lower()}\n")

    report = run(lived_in, sandbox)

    assert (report.exit_code, report.submission.outcomes) == (0, {"accepted": 1})
    assert len(lived_in.events()) == 3
