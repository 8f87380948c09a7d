"""Landed objects are written again without people, when that is configured; ingest takes nothing for new."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import zstandard

from etl.jobs import rewriting
from etl.jobs.sweep.describing import describe_sweep
from etl.ledger.held import list_batches
from etl.ledger.opt_outs import list_requests
from etl.ledger.rewrites import list_rewrites
from etl.liftoff.sandbox.process import SandboxProcess
from etl.stores import find_object, write_object
from tests.jobs.sweep.offices import APP, IDFA, drop, make_secrets, open_ledger_of, run
from tests.services.suites import PLANTED, audited_by, write_suites
from tests.services.worlds import KEY, Row, World, message

OTHER: Final = "11111111-2222-4333-8444-555555555555"
INSTALL: Final = "1756684800000-7777777777777777777"
USER: Final = "anna.schmidt+shop@mail.example"


def rewriting_of(world: World) -> World:
    """Configure a world to rewrite what landed."""
    opt_outs = world.settings.opt_outs.model_copy(update={"landing": "rewrite"})
    return replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))


@pytest.fixture
def rewritten(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Configure a world to rewrite what landed."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")
    return rewriting_of(world)


def rows_of_person() -> list[Row | bytes]:
    """Give messages of a person, of somebody else, and one that is broken."""
    return [
        message(1, idfa=IDFA, appsflyer_id=INSTALL),
        message(2, idfa=OTHER),
        message(3, original_url=f"https://a.example/?u=https%253A%252F%252Fb%252F%253Fidfa%253D{IDFA}"),
        message(4, appsflyer_id=INSTALL),
        f'{{"idfa": "{IDFA}", '.encode(),
        message(5, idfa=OTHER),
    ]


def text_of(world: World, key: str = KEY) -> str:
    """Read a landed object."""
    return gzip.decompress(Path(world.landing.path_of(key)).read_bytes()).decode()


def test_a_person_leaves_what_landed(rewritten: World, sandbox: SandboxProcess) -> None:
    """Whole messages, the linked install's too; the request is erased, and nothing is read again."""
    world, rows = rewritten, rows_of_person()
    rows[3] = b"broken, and nobody's"
    world.land([*rows, message(4, appsflyer_id=INSTALL)])
    world.land([message(7, idfa=OTHER)], "push/2026/09/01/14/b.json.gz")
    untouched = Path(world.landing.path_of("push/2026/09/01/14/b.json.gz")).read_bytes()
    world.ingest()
    positions = [
        row["source_position"] for row in world.events("idfa", "source_position") if row["idfa"] == OTHER
    ]
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    kept = [json.dumps(rows[1]), "broken, and nobody's", json.dumps(rows[5])]
    assert text_of(world) == f"\n{kept[0]}\n\n{kept[1]}\n\n{kept[2]}\n\n"
    assert Path(world.landing.path_of("push/2026/09/01/14/b.json.gz")).read_bytes() == untouched
    (request,) = list_requests(open_ledger_of(world), states=("done",))
    assert (request.erasure, request.identifier) == ("erased", None)
    assert any(
        "4 messages removed, and 1 of 2 objects written again" in each for each in describe_sweep(report)
    )
    assert world.ingest().run_id is None
    for _ in range(2):
        assert world.ingest(is_reprocess=True).published == 3
        assert [row["source_position"] for row in world.quarantine()] == [4]
    again = [
        row["source_position"] for row in world.events("idfa", "source_position") if row["idfa"] == OTHER
    ]
    assert sorted(again) == sorted(positions)


def test_kept_by_default(world: World, sandbox: SandboxProcess) -> None:
    """Then a request is erased from everywhere but landing."""
    world.land(rows_of_person())
    world.ingest()
    before = Path(world.landing.path_of(KEY)).read_bytes()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert Path(world.landing.path_of(KEY)).read_bytes() == before
    (request,) = list_requests(open_ledger_of(world), states=("done",))
    assert request.erasure == "erased_except_landing"


def test_who_was_erased_before_it_was_configured(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goes as well, by keyed hashes, though nobody knows the id any more."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")
    world.land(rows_of_person())
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    world = rewriting_of(world)

    run(world, sandbox)

    assert IDFA not in text_of(world)
    assert INSTALL not in text_of(world)
    assert [each.erasure for each in list_requests(open_ledger_of(world), states=("done",))] == ["erased"]


def test_what_lands_of_somebody_later_goes_with_the_next_sweep(
    rewritten: World, sandbox: SandboxProcess
) -> None:
    """Also where nobody is due: of what did not land since then, nothing is read."""
    world = rewritten
    world.land(rows_of_person())
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    world.land([message(8, idfa=IDFA), message(9, idfa=OTHER)], "push/later.json.gz")

    report = run(world, sandbox)

    assert report.erasing.landing.rewriting is not None
    assert report.erasing.landing.rewriting.messages_removed == 1
    assert (IDFA in text_of(world, "push/later.json.gz"), OTHER in text_of(world, "push/later.json.gz")) == (
        False,
        True,
    )


def test_a_dry_run_writes_nothing(rewritten: World, sandbox: SandboxProcess) -> None:
    """It says what would go."""
    world = rewritten
    world.land(rows_of_person())
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    sandbox.set_faults({"503": 1.0})
    run(world, sandbox)
    world.land(rows_of_person(), "push/later.json.gz")
    before = Path(world.landing.path_of("push/later.json.gz")).read_bytes()

    report = run(world, sandbox, is_dry_run=True)

    assert report.erasing.landing.rewriting is not None
    assert report.erasing.landing.rewriting.objects_rewritten == 1
    assert Path(world.landing.path_of("push/later.json.gz")).read_bytes() == before


def test_an_id_without_a_shape(rewritten: World, sandbox: SandboxProcess) -> None:
    """In a column, and percent-encoded in a URL; one that merely begins like it is somebody else's."""
    world = rewritten
    url = "https://a.example/?mail=anna.schmidt%2Bshop%40mail.example"
    world.land(
        [
            message(1, customer_user_id=USER.upper()),
            message(2, original_url=url),
            message(3, customer_user_id=f"{USER}s"),
        ]
    )
    world.ingest()
    drop(world, "a.csv", f"customer_user_id\n{USER}\n")

    run(world, sandbox)

    assert text_of(world) == f"\n\n{json.dumps(message(3, customer_user_id=f'{USER}s'))}\n"


def test_of_one_app_only(rewritten: World, sandbox: SandboxProcess) -> None:
    """The same person's messages of other apps stay; one that names no app goes."""
    world = rewritten
    rows: list[Row | bytes] = [
        message(1, idfa=IDFA),
        message(2, idfa=IDFA, app_id="com.other"),
        f'{{"idfa": "{IDFA}"'.encode(),
    ]
    world.land(rows)
    world.ingest()
    drop(world, "a.csv", f"idfa,app\n{IDFA},{APP}\n")

    run(world, sandbox)

    assert text_of(world) == f"\n{json.dumps(rows[1])}\n\n"


@pytest.mark.parametrize(
    ("pack", "unpack"),
    [
        (bz2.compress, bz2.decompress),
        (zstandard.compress, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
        (bytes, bytes),
    ],
)
def test_arrays_of_any_compression(
    rewritten: World,
    sandbox: SandboxProcess,
    pack: Callable[[bytes], bytes],
    unpack: Callable[[bytes], bytes],
) -> None:
    """They stay what they are."""
    world, mine, other = rewritten, message(1, idfa=IDFA), message(2, idfa=OTHER)
    write_object(world.landing, "push/a", pack(json.dumps([mine, other]).encode()))
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert json.loads(unpack(Path(world.landing.path_of("push/a")).read_bytes())) == [other]
    assert world.ingest().run_id is None


def test_an_object_that_no_run_has_read(rewritten: World, sandbox: SandboxProcess) -> None:
    """Is read by the next one, as it is then."""
    world = rewritten
    world.land([message(1, idfa=IDFA), message(2, idfa=OTHER), f'{{"idfa": "{IDFA}", '.encode(), message(5)])
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)

    report = world.ingest()

    assert (report.published, report.quarantined, report.suppressed) == (2, 0, 0)


def test_what_is_held_of_a_rewritten_object_is_superseded(
    rewritten: World, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """By a reprocessing of it, as before: it is one batch, not two."""
    world = audited_by(rewritten, write_suites(tmp_path / "suites"))
    world.land([message(1, event_name=PLANTED, idfa=IDFA), message(2, idfa=OTHER)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)

    (held,) = list_batches(open_ledger_of(world))
    present = find_object(world.landing, KEY)
    assert present is not None
    assert [each.version for each in held.objects] == [present.version]
    world.ingest(is_reprocess=True)
    assert list_batches(open_ledger_of(world)) == []
    assert len(world.events()) == 1


def test_an_object_that_changes_meanwhile_is_left(
    rewritten: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else put stays, and is new; the request is not erased yet from landing."""
    world = rewritten
    world.land(rows_of_person())
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    look = rewriting._is_clean

    def change_after(*arguments: object) -> bool:
        is_clean = look(*arguments)  # type: ignore[arg-type]  # as the original, which is typed
        world.land([message(20, idfa=OTHER)])
        return is_clean

    with monkeypatch.context() as patched:
        patched.setattr(rewriting, "_is_clean", change_after)
        report = run(world, sandbox)

    assert report.erasing.landing.rewriting is not None
    assert report.erasing.landing.rewriting.left == 1
    assert text_of(world) == f"{json.dumps(message(20, idfa=OTHER))}\n"
    assert list_rewrites(open_ledger_of(world)) == []
    assert world.ingest().published == 1
    run(world, sandbox)
    assert [each.erasure for each in list_requests(open_ledger_of(world), states=("done",))] == ["erased"]


@pytest.mark.parametrize("is_put", [True, False])
def test_a_note_of_before_landing_was_kept(
    rewritten: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, *, is_put: bool
) -> None:
    """Is ended by the next sweep all the same: ingest passes over what is noted."""
    world = rewritten
    world.land(rows_of_person())
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(rewriting, "end_rewrite" if is_put else "replace_object", interrupt)
        run(world, sandbox)
    opt_outs = world.settings.opt_outs.model_copy(update={"landing": "keep"})
    world = replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))
    assert len(list_rewrites(open_ledger_of(world))) == 1

    run(world, sandbox)

    assert list_rewrites(open_ledger_of(world)) == []
    assert world.ingest().run_id is None


def test_in_a_bucket(s3_world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """One put, whose entity tag the ledger knows; nothing is read again."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")
    liftoff = s3_world.settings.liftoff.model_copy(update={"opt_out_url": sandbox.opt_out_url})
    world = rewriting_of(
        replace(s3_world, settings=s3_world.settings.model_copy(update={"liftoff": liftoff}))
    )
    world.land(rows_of_person())
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    found = find_object(world.landing, KEY)
    assert found is not None
    text = gzip.decompress(world.landing.fs.cat_file(world.landing.path_of(KEY))).decode()
    assert (IDFA in text, text.count(OTHER)) == (False, 2)
    assert world.ingest().run_id is None
    assert make_secrets(sandbox).hash_key is not None
