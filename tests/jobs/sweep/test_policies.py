"""What a sweep reaches beside the ids of a list: users of the app, ids behind digests; and what it would."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from etl.jobs.steering import Word
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.persons import confirm_person, lift_person
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.sweep.offices import APP, GAID, IDFA, drop, is_suppressed, make_secrets, open_ledger_of, run
from tests.services.worlds import World, message

OTHER = "11111111-2222-4333-8444-555555555555"
INSTALL = "1756684800000-7777777777777777777"


def choose(world: World, **policies: object) -> World:
    """Choose policies."""
    opt_outs = world.settings.opt_outs.model_copy(update=policies)
    return replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))


def names(world: World) -> set[str]:
    """Give the names of the events that are left."""
    return {row["event_name"] for row in world.events("event_name")}


@pytest.fixture
def signed_in(world: World) -> World:
    """Ingest rows of a user with two devices, of one in another app, and of somebody else."""
    world.land(
        [
            message(1, idfa=IDFA, customer_user_id="User-7", event_name="phone"),
            message(2, idfa=OTHER, customer_user_id="user-7", event_name="tablet"),
            message(3, customer_user_id="User-7", app_id="com.unmapped", event_name="elsewhere"),
            message(4, customer_user_id="user-8", event_name="somebody"),
        ]
    )
    world.ingest()
    return world


def test_the_apps_own_id_goes_by_policy(signed_in: World, sandbox: SandboxProcess) -> None:
    """In the same app, on whatever device; in another app the same word is another's."""
    world = choose(signed_in, suppress_customer_user_id=True)
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    run(world, sandbox)

    assert names(world) == {"elsewhere", "somebody"}
    assert is_suppressed(world, "USER-7", APP)
    assert not is_suppressed(world, "user-7", "com.unmapped")


def test_without_the_policy_the_apps_own_id_stays(signed_in: World, sandbox: SandboxProcess) -> None:
    """Several people may share an account."""
    drop(signed_in, "a.csv", f"idfa\n{IDFA}\n")

    run(signed_in, sandbox)

    assert names(signed_in) == {"tablet", "elsewhere", "somebody"}
    assert not is_suppressed(signed_in, "user-7", APP)


def test_an_id_that_half_the_users_share_takes_nobody_along(world: World, sandbox: SandboxProcess) -> None:
    """An app may call all who are not signed in by one name that no list of such names has."""
    world = choose(world, suppress_customer_user_id=True)
    crowd = [message(n, customer_user_id="app-visitor", idfv=OTHER, event_name="crowd") for n in range(2, 8)]
    world.land(
        [message(1, idfa=IDFA, customer_user_id="app-visitor", idfv=OTHER, event_name="theirs"), *crowd]
    )
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    assert names(world) == {"crowd"}
    assert report.erasing.shared == 2
    assert not is_suppressed(world, "app-visitor", APP)
    assert any("2  linked ids that too many installs share" in line for line in describe_sweep(report))


def digest(algorithm: str, text: str) -> str:
    """Digest a text."""
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha1", "md5"])
@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_a_digest_reaches_the_id_behind_it(
    world: World, sandbox: SandboxProcess, algorithm: str, spell: type
) -> None:
    """In columns and values, with what the lake links with it; and the id itself is suppressed."""
    world.land(
        [
            message(1, idfa=IDFA, appsflyer_id=INSTALL, event_name="column"),
            message(2, event_value=json.dumps({"device": IDFA.lower()}), event_name="value"),
            message(3, appsflyer_id=INSTALL, event_name="linked"),
            message(4, idfa=OTHER, event_name="other"),
        ]
    )
    world.ingest()
    drop(world, "a.csv", f"{algorithm}\n{digest(algorithm, spell(IDFA))}\n")

    report = run(world, sandbox)

    assert report.exit_code == 0
    assert names(world) == {"other"}
    assert is_suppressed(world, IDFA)
    assert is_suppressed(world, INSTALL, APP)
    lift_person(world.settings, digest(algorithm, spell(IDFA)), Word("a mistake"), make_secrets(sandbox))
    assert not is_suppressed(world, IDFA)


def test_a_digest_that_is_not_to_be_shared_suppresses_the_id(world: World, sandbox: SandboxProcess) -> None:
    """Its rows stay; no postback of theirs leaves."""
    world.land([message(1, advertising_id=GAID)])
    world.ingest()
    drop(world, "a.csv", f"sha1,kind\n{digest('sha1', GAID)},do_not_share\n")

    run(world, sandbox)

    assert is_suppressed(world, GAID)
    assert len(world.events()) == 1


def test_lifting_a_digest_leaves_what_the_id_itself_asked_for(world: World, sandbox: SandboxProcess) -> None:
    """Two wishes of one person are two."""
    world.land([message(1, advertising_id=GAID)])
    world.ingest()
    drop(world, "a.csv", f"sha1\n{digest('sha1', GAID)}\n")
    drop(world, "b.csv", f"gaid\n{GAID}\n")
    run(world, sandbox)

    lift_person(world.settings, digest("sha1", GAID), Word("a mistake"), make_secrets(sandbox))

    assert is_suppressed(world, GAID)


def test_a_digest_of_what_many_share_waits_for_a_person(world: World, sandbox: SandboxProcess) -> None:
    """It is as much a junk id as what is behind it."""
    world.land([message(number, customer_user_id="app-visitor") for number in range(6)])
    world.ingest()
    drop(world, "a.csv", f"md5\n{digest('md5', 'app-visitor')}\n")

    report = run(world, sandbox)

    assert (report.exit_code, report.lists[0].waiting) == (1, 1)
    assert not is_suppressed(world, "app-visitor")
    assert len(world.events()) == 6
    confirm_person(world.settings, digest("md5", "app-visitor"), make_secrets(sandbox))
    assert is_suppressed(world, "app-visitor")


def test_a_dry_run_counts_what_lists_of_the_inbox_would_erase(
    signed_in: World, sandbox: SandboxProcess
) -> None:
    """Rows and files, each once, and what would be submitted; a sweep then does just that."""
    drop(signed_in, "a.csv", f"idfa\n{IDFA}\n")
    drop(signed_in, "b.csv", f"idfa\n{IDFA.lower()}\n")
    before = signed_in.versions()

    planned = run(signed_in, sandbox, is_dry_run=True)

    assert (planned.erasing.requests, planned.submission.outcomes) == (1, {"due": 1})
    (events,) = [each for each in planned.erasing.tables if each.table == "events"]
    assert (events.rows_gone, events.files_rewritten) == (1, 1)
    assert any("1  rows of events would be erased, in 1 of" in line for line in describe_sweep(planned))
    assert signed_in.versions() == before
    assert list(list_requests(open_ledger_of(signed_in))) == []
    done = run(signed_in, sandbox)
    assert [(each.rows_gone, each.files_rewritten) for each in done.erasing.tables] == [
        (each.rows_gone, each.files_rewritten) for each in planned.erasing.tables
    ]


def test_a_dry_run_does_not_count_again_what_is_done(signed_in: World, sandbox: SandboxProcess) -> None:
    """The same person on another list."""
    drop(signed_in, "a.csv", f"idfa\n{IDFA}\n")
    run(signed_in, sandbox)
    drop(signed_in, "b.csv", f"idfa\n{IDFA}\n{OTHER}\n")

    planned = run(signed_in, sandbox, is_dry_run=True)

    assert planned.erasing.requests == 1
