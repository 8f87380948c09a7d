"""What a person asks and decides about one id: shown however it is named, lifted never under a sweep."""

from __future__ import annotations

import hashlib
from getpass import getuser

import pytest

from etl.errors import LockHeld, UsageError
from etl.jobs.steering import Word
from etl.jobs.sweep.persons import confirm_person, lift_person, read_waiting, show_person
from etl.jobs.sweep.story import SWEEP_LOCK
from etl.ledger.holding import hold_lock
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.sweep.offices import (
    IDFA,
    drop,
    folder_of,
    is_suppressed,
    make_secrets,
    open_ledger_of,
    run,
)
from tests.services.worlds import World, message

IDFV = "0A1B2C3D-4E5F-4061-8273-94A5B6C7D8E9"


def test_lifting_waits_for_a_sweep(world: World, sandbox: SandboxProcess) -> None:
    """One under way has read whom it erases, submits and suppresses; it would go on to."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    secrets = make_secrets(sandbox)

    with (
        hold_lock(open_ledger_of(world), SWEEP_LOCK, 60, 0),
        pytest.raises(LockHeld, match="'sweep'"),
    ):
        lift_person(world.settings, IDFA, Word("a mistake"), secrets, wait_seconds=0)

    assert is_suppressed(world, IDFA)
    assert lift_person(world.settings, IDFA, Word("a mistake"), secrets, wait_seconds=0) == 1


def test_a_reason_keeps_no_id(world: World, sandbox: SandboxProcess) -> None:
    """Whoever writes one into it is not to undo an erasure."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    lift_person(world.settings, IDFA, Word(f"mail of maria@example.com on {IDFA}"), make_secrets(sandbox))

    (lifted,) = list_requests(open_ledger_of(world), states=("lifted",))
    assert lifted.lift_reason == "mail of <masked:17> on <masked:36>"


def test_a_person_is_shown_by_what_was_suppressed_with_them(world: World, sandbox: SandboxProcess) -> None:
    """By a linked id, and by a digest of either; the request is the same."""
    world.land([message(1, idfa=IDFA, idfv=IDFV), message(2)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    secrets = make_secrets(sandbox)

    (named,) = show_person(world.settings, IDFA.lower(), secrets)
    digest = hashlib.sha1(IDFV.lower().encode(), usedforsecurity=False).hexdigest()
    linked = [show_person(world.settings, each, secrets) for each in (IDFV, digest)]

    assert [[(each.number, each.is_linked) for each in found] for found in linked] == [
        [(named.number, True)]
    ] * 2
    assert not named.is_linked
    with pytest.raises(UsageError):
        show_person(world.settings, "1756684800000-0000000000000000002", secrets)


def test_a_digest_of_an_id_is_shown_with_it(world: World, sandbox: SandboxProcess) -> None:
    """A wish that came by a digest is one about the person as well."""
    digest = hashlib.sha1(IDFA.encode(), usedforsecurity=False).hexdigest()
    drop(world, "a.csv", f"sha1\n{digest}\n")
    run(world, sandbox)

    assert len(show_person(world.settings, IDFA, make_secrets(sandbox))) == 1


def test_who_waits_is_decided_about_by_number(world: World, sandbox: SandboxProcess) -> None:
    """Whoever decides has a number from `status`, and not the id; what does not wait is not given away."""
    world.land([message(number, idfa=IDFA) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    (waiting,) = list_requests(open_ledger_of(world), states=("waiting",))

    identifier = read_waiting(world.settings, waiting.number)

    assert confirm_person(world.settings, identifier, make_secrets(sandbox)) == 1
    assert is_suppressed(world, IDFA)
    with pytest.raises(UsageError, match="No request 1 waits"):
        read_waiting(world.settings, waiting.number)
    run(world, sandbox)
    evidence = b"".join(path.read_bytes() for path in folder_of(world.settings).rglob("*.jsonl"))
    assert f'"confirmed_by":"{getuser()}'.encode() in evidence


def test_what_is_confirmed_and_only_suppressed_is_done(world: World, sandbox: SandboxProcess) -> None:
    """Nothing else is due of an id that Liftoff does not take and that is not to be erased."""
    world.land([message(number, idfv=IDFV) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfv,kind\n{IDFV},do_not_share\n")
    run(world, sandbox)

    confirm_person(world.settings, IDFV, make_secrets(sandbox))

    (request,) = list_requests(open_ledger_of(world), states=("open", "done"))
    assert (request.state, request.identifier) == ("done", None)
    assert is_suppressed(world, IDFV)
