"""A verification reads every store: who was erased is found wherever they are, and nobody after a sweep."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.jobs.exporting import export_lake
from etl.jobs.proving.judging import Standing
from etl.jobs.proving.story import VerifyReport, describe_verification, read_last, verify
from etl.lake.tables import QUARANTINE
from etl.ledger.facts import write_fact
from etl.ledger.held import list_batches
from etl.ledger.opt_outs import list_requests
from etl.ledger.scrubbing import scrub_ledger
from etl.settings import App, Liftoff, Secrets
from tests.jobs.proving.offices import IDFV, INSTALL, OTHER, USER, Office
from tests.jobs.sweep.offices import APP, IDFA
from tests.proving.wrapping import PACKINGS, WRAPPINGS
from tests.services.suites import PLANTED, audited_by, write_suites
from tests.services.worlds import World, message, open_local_world

PLACES = {
    "lake": ("lake", "quarantine/stray-{}"),
    "scratch": ("lake", "_scratch/20260101T000000Z-abcdef/{}"),
    "manifest": ("opt_outs", "done/{}"),
    "unfinished": ("opt_outs", "rejected/{}.pushlift-tmp"),
    "log": ("logs", "scheduler/{}.log"),
}
WAYS = [(place, packing, wrapping) for place in PLACES for packing in PACKINGS for wrapping in WRAPPINGS]


def slug(*words: str) -> str:
    """Make a name of words."""
    return "-".join(words).replace(" ", "_")


@pytest.fixture(scope="module")
def planted(swept: Office, tmp_path_factory: pytest.TempPathFactory) -> VerifyReport:
    """Plant the person in every place and every encoding, verify once, and clear all of it away."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        for place, packing, wrapping in WAYS:
            store, key = PLACES[place]
            name = key.format(slug(packing, wrapping))
            content = PACKINGS[packing](b'{"at":"' + WRAPPINGS[wrapping](IDFA.encode()) + b'"}\n')
            if store == "logs":
                path = logs / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            else:
                stack.enter_context(swept.planted(store, name, content))
        return swept.verify(str(logs))


@pytest.mark.parametrize(("place", "packing", "wrapping"), WAYS)
def test_a_person_is_found_in_every_place_and_encoding(
    planted: VerifyReport, place: str, packing: str, wrapping: str
) -> None:
    """Strays, what a dead run spilled, manifests, unfinished files, logs: told by store and object."""
    name = PLACES[place][1].format(slug(packing, wrapping))
    assert [each.requests for each in planted.found if each.name == name] == [(1,)]


def test_nobody_is_found_after_a_sweep(swept: Office) -> None:
    """The requests are verified, with the time, and the ledger keeps how it ended."""
    report = swept.verify()

    assert (report.exit_code, report.hits, report.unread) == (0, (), ())
    assert (report.requests, report.verified) == (2, 2)
    for request in list_requests(swept.ledger(), states=("done",)):
        assert (request.erasure, request.verified_at is not None) == ("verified", True)
    last = read_last(swept.ledger())
    assert last is not None
    assert (last.at, last.is_proven) == (report.at, True)


@pytest.mark.parametrize("text", [IDFA, IDFV.lower(), f"<{INSTALL}>", f"x%3D{IDFA}"])
def test_a_hit_fails_and_names_nobody(swept: Office, text: str) -> None:
    """The id itself, or one that the lake linked with it; object and count are told."""
    with swept.planted("opt_outs", f"done/of-{IDFA}.json", text.encode()):
        report = swept.verify()

    assert report.exit_code == 1
    (hit,) = report.found
    assert (hit.store, hit.name, hit.requests) == ("opt_outs", "done/of-<id>.json", (1,))
    said = "\n".join(describe_verification(report)) + repr(report)
    assert not any(each.casefold() in said.casefold() for each in (IDFA, IDFV, INSTALL))


def test_a_persons_digest_is_found_though_it_leads_to_nobody(swept: Office) -> None:
    """The id is gone, so whose digest it is cannot be told any more; it fails all the same."""
    digest = hashlib.md5(IDFA.lower().encode(), usedforsecurity=False).hexdigest()
    with swept.planted("opt_outs", "done/a", digest.encode()):
        (hit,) = swept.verify().found

    assert (hit.requests, hit.has_unknown) == ((), True)


def test_ids_without_a_shape_are_found_by_column(swept: Office) -> None:
    """A customer's id in a column for ids, in a map, and in the ledger; elsewhere it is a word as any."""
    table = pa.table({"customer_user_id": [USER.upper()], "city": ["x"]})
    file = io.BytesIO()
    pq.write_table(table, file)
    with swept.planted("lake", "events/stray.parquet", file.getvalue()):
        (hit,) = swept.verify().found

    assert hit.requests == (2,)


def test_the_ledgers_tables_are_read(office: Office) -> None:
    """Whatever column somebody stands in: on Postgres there is no file to be read."""
    office.fill()
    office.sweep()
    office.vacuum()
    write_fact(office.ledger(), "note", f"call {IDFA} back")

    report = office.verify()

    assert {each.name for each in report.found} >= {"facts.value"}
    assert {each.store for each in report.found} == {"ledger"}


def test_buckets_and_postgres_are_read(far_office: Office) -> None:
    """Nobody is found after a sweep there either, and who is planted is."""
    far_office.fill()
    far_office.sweep()
    far_office.vacuum()
    far_office.empty_landing()
    report = far_office.verify()
    assert (report.exit_code, report.hits, report.verified) == (0, (), 2)

    far_office.age_erasures()
    write_fact(far_office.ledger(), "note", IDFA)
    far_office.world.land([message(9, idfa=IDFA)], "x.json.gz")
    found = far_office.verify().found
    assert [(each.store, each.name) for each in found] == [("ledger", "facts.value")]


def test_what_is_replaced_is_told_apart_until_it_is_deleted(office: Office) -> None:
    """They hold people until their retention is over: no failure, and no proof."""
    office.fill()
    office.sweep()

    report = office.verify()

    assert report.exit_code == 0
    assert {each.standing for each in report.hits} == {Standing.LEAVING, Standing.LANDING}
    assert (report.verified, report.verified_except_landing) == (0, 0)


@pytest.mark.parametrize("key", ["events/app_id=a/draft.parquet", "_scratch/run/chunk"])
def test_what_a_run_left_is_told_apart_for_a_day(swept: Office, key: str) -> None:
    """An ingest that began before publishes nothing of the person; upkeep takes away what it wrote."""
    with swept.planted("lake", key, IDFA.encode()):
        assert swept.verify().exit_code == 1
        os.utime(swept.folder("lake") / key)
        report = swept.verify()

    assert (report.exit_code, [each.standing for each in report.hits]) == (0, [Standing.LEAVING])
    assert report.verified == 1


def test_held_rows_are_no_strays(office: Office, tmp_path: Path) -> None:
    """They are ours until somebody decides about them, however young they are."""
    held = audited_by(office.world, write_suites(tmp_path / "suites"))
    held.land([message(5, event_name=PLANTED, idfa=OTHER), message(6)])
    held.ingest()
    office.drop("a.csv", f"idfa\n{IDFA}\n")
    Office(held, office.secrets).sweep()
    (batch,) = list_batches(office.ledger())
    path = office.folder("lake") / batch.drafts[0].path
    rows = pq.read_table(path)
    place = rows.schema.get_field_index("idfa")
    pq.write_table(rows.set_column(place, "idfa", pa.array([IDFA] * len(rows))), path)

    assert {each.store for each in office.verify().found} == {"lake"}


def test_landed_objects_are_told_apart(office: Office) -> None:
    """They are not written to: a request is then verified except for landing."""
    office.fill()
    office.sweep()
    office.vacuum()

    report = office.verify()

    assert (report.exit_code, report.verified, report.verified_except_landing) == (0, 0, 2)
    done = list(list_requests(office.ledger(), states=("done",)))
    assert {each.erasure for each in done} == {"erased_except_landing"}
    assert all(each.verified_at for each in done)


def test_who_is_not_due_yet_is_no_hit(office: Office) -> None:
    """A list that waits in the inbox, of somebody new and of somebody who was erased."""
    office.fill()
    office.sweep()
    office.vacuum()
    office.empty_landing()
    office.drop("b.csv", f"idfa\n{IDFA}\n{OTHER}\n")

    report = office.verify()

    assert (report.exit_code, report.verified) == (0, 2)
    assert [each.standing for each in report.hits] == [Standing.INBOX]


def test_an_id_that_liftoff_has_not_heard_of_is_kept(office: Office, request: pytest.FixtureRequest) -> None:
    """In the ledger alone, and such a request is not verified."""
    sandbox = request.getfixturevalue("sandbox")
    sandbox.set_faults({"503": 1.0})
    office.fill()
    office.sweep()
    office.vacuum()
    office.empty_landing()

    report = office.verify()

    assert (report.exit_code, report.verified) == (0, 1)
    assert {each.standing for each in report.hits} == {Standing.KEPT}


@pytest.fixture(scope="module")
def between_apps(tmp_path_factory: pytest.TempPathFactory, swept: Office) -> Office:
    """Erase a person of two apps from one of them."""
    settings = open_local_world(tmp_path_factory.mktemp("apps")).settings
    apps = {APP: App(app_store_id="1234567890")}
    changed = {"apps": apps, "liftoff": Liftoff(opt_out_url=swept.world.settings.liftoff.opt_out_url)}
    office = Office(World(settings.model_copy(update=changed)), swept.secrets)
    office.world.land([message(1, idfa=IDFA), message(2, idfa=IDFA, app_id="com.other")])
    office.world.ingest()
    office.drop("a.csv", f"idfa,app_id\n{IDFA},{APP}\n")
    office.sweep()
    office.vacuum()
    office.empty_landing()
    return office


def test_another_app_may_hold_who_left_one(between_apps: Office) -> None:
    """A wish for one app is no wish for the others; in its own app they are found."""
    report = between_apps.verify()
    assert (report.exit_code, {each.standing for each in report.hits}) == (0, {Standing.OTHER_APP})

    table = io.BytesIO()
    pq.write_table(pa.table({"idfa": [IDFA]}), table)
    key = f"events/app_id={APP}/event_date=2026-09-01/x.parquet"
    with between_apps.planted("lake", key, table.getvalue()):
        assert between_apps.verify().exit_code == 1


@pytest.mark.parametrize(("app_id", "exit_code"), [("com.other", 0), (APP, 1), (None, 1)])
def test_messages_in_quarantine_are_judged_by_their_app(
    between_apps: Office, app_id: str | None, exit_code: int
) -> None:
    """Files hold those of many apps; one of no known app counts as every app's."""
    rows = {"app_id": [app_id, "com.third"], "raw": [f'{{"idfa":"{IDFA}"', "x"], "message": [None, None]}
    file = io.BytesIO()
    schema = pa.schema([QUARANTINE.schema.field(name) for name in rows])
    pq.write_table(pa.table(rows, schema=schema), file)

    with between_apps.planted("lake", "quarantine/x.parquet", file.getvalue()):
        assert between_apps.verify().exit_code == exit_code


def test_exports_are_read(office: Office, tmp_path: Path) -> None:
    """A registered copy is a store as any."""
    office.world.land([message(3, idfa=OTHER)])
    office.world.ingest()
    export_lake(office.world.settings, str(tmp_path / "export"))
    office.drop("a.csv", f"idfa\n{IDFA}\n")
    office.sweep()
    (tmp_path / "export" / "notes.txt").write_text(IDFA, encoding="utf-8")

    (hit,) = office.verify().found

    assert (hit.store, hit.name) == ("export", "notes.txt")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04....", "zip: not looked into"),
        (gzip.compress(os.urandom(4000))[:-900], "gzip: truncated_object"),
    ],
    ids=["a kind that is not looked into", "damaged"],
)
def test_what_cannot_be_read_proves_nothing(swept: Office, content: bytes, why: str) -> None:
    """It fails with the object's name; in the inbox it is somebody's list, which a sweep refuses."""
    with swept.planted("lake", "loads/x", content):
        report = swept.verify()
    with swept.planted("opt_outs", "inbox/x", content):
        assert swept.verify().exit_code == 0

    assert (report.exit_code, [(each.name, each.why) for each in report.unread]) == (1, [("loads/x", why)])


def test_where_nobody_is_erased_no_key_is_needed(office: Office) -> None:
    """There is nobody to look for."""
    report = verify(office.world.settings, Secrets())

    assert (report.exit_code, report.requests, report.objects) == (0, 0, 0)


def test_free_pages_of_the_ledger_are_read(swept: Office) -> None:
    """A row that was deleted without overwriting it stands in the database's file still."""
    with closing(sqlite3.connect(swept.ledger().name)) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE strangers (id TEXT)")
        database.executemany("INSERT INTO strangers VALUES (?)", [(IDFA,)] * 500)
        database.commit()
        database.execute("DROP TABLE strangers")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert [(each.store, each.name) for each in swept.verify().found] == [("ledger", "ledger.db")]

    scrub_ledger(swept.ledger())
    assert swept.verify().exit_code == 0
