"""Who was on a list before anything of theirs landed: when it does, their other ids are suppressed too."""

from __future__ import annotations

import pytest

from etl.ledger.links import Link, link_subjects
from etl.ledger.opt_outs import find_requests, lift_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.subjects import hash_forms, hash_subject
from tests.jobs.sweep.offices import APP, IDFA, KEY, drop, is_suppressed, open_ledger_of, run
from tests.services.worlds import World, message

INSTALL = "1756684800000-7777777777777777777"
IDFV = "AAAABBBB-CCCC-4DDD-8EEE-FFFF00001111"
OTHER = "com.other"


@pytest.fixture
def swept(world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> World:
    """Sweep a person of whom nothing has landed."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    return world


def count_installs(world: World) -> int:
    """Count the events of readers that name the person's install or vendor id."""
    return sum(INSTALL in str(row) or IDFV in str(row) for row in world.events())


def test_a_later_row_without_the_device_id_stays_out(swept: World) -> None:
    """Once a row of theirs told which install it is, a row of that install alone is theirs too."""
    swept.land([message(1, idfa=IDFA, appsflyer_id=INSTALL, idfv=IDFV)])
    swept.ingest()
    swept.land([message(2, appsflyer_id=INSTALL), message(3, idfv=IDFV), message(4)])

    report = swept.ingest()

    assert (report.published, report.suppressed) == (1, 2)
    assert count_installs(swept) == 0
    assert all(is_suppressed(swept, each, APP) for each in (INSTALL, IDFV))


def test_a_row_of_the_same_run_stays_out(swept: World) -> None:
    """The run is done again without it, whichever row came first."""
    swept.land([message(2, appsflyer_id=INSTALL), message(1, idfa=IDFA, appsflyer_id=INSTALL)])

    report = swept.ingest()

    assert (report.published, report.suppressed) == (0, 2)
    assert count_installs(swept) == 0


def test_links_are_of_the_row_s_app_alone(swept: World) -> None:
    """An install of another app is another one, as when a sweep finds links in the lake."""
    swept.land([message(1, idfa=IDFA, appsflyer_id=INSTALL)])
    swept.ingest()
    swept.land([message(2, appsflyer_id=INSTALL, app_id=OTHER)])

    report = swept.ingest()

    assert (report.published, report.suppressed) == (1, 0)
    assert not is_suppressed(swept, INSTALL, OTHER)


def test_what_is_linked_links_nobody_else(swept: World) -> None:
    """A device that two people used in turn does not lead from one of them to the other."""
    swept.land([message(1, idfa=IDFA, appsflyer_id=INSTALL, idfv=IDFV)])
    swept.ingest()
    others = "1756684800000-8888888888888888888"
    swept.land([message(2, appsflyer_id=others, idfv=IDFV)])
    swept.ingest()
    swept.land([message(3, appsflyer_id=others)])

    assert swept.ingest().published == 1
    assert not is_suppressed(swept, others, APP)


def test_an_id_of_many_installs_links_nothing(swept: World) -> None:
    """It is no person's: its own rows stay out, and those of the installs are published."""
    installs = [f"1756684800000-{number:019d}" for number in range(4)]
    swept.land([message(n, idfa=IDFA, appsflyer_id=each) for n, each in enumerate(installs)])
    swept.ingest()
    swept.land([message(10 + n, appsflyer_id=each) for n, each in enumerate(installs)])

    assert swept.ingest().published == 4


def test_a_vendor_id_that_many_share_is_left_alone(swept: World) -> None:
    """One wish must not reach everybody who has it; the lake tells who does."""
    swept.land([message(n, idfv=IDFV) for n in range(3)])
    swept.ingest()
    swept.land([message(10, idfa=IDFA, appsflyer_id=INSTALL, idfv=IDFV)])

    swept.ingest()

    assert is_suppressed(swept, INSTALL, APP)
    assert not is_suppressed(swept, IDFV, APP)


def test_lifting_the_request_lifts_what_it_met(swept: World) -> None:
    """Whoever consents again is known by no id of theirs any more."""
    swept.land([message(1, idfa=IDFA, appsflyer_id=INSTALL)])
    swept.ingest()
    ledger = open_ledger_of(swept)
    assert len(find_requests(ledger, [hash_subject(KEY, IDFA)])) == 1

    lift_requests(ledger, hash_subject(KEY, IDFA), hash_forms(KEY, IDFA), "ana", "consented again")

    assert not is_suppressed(swept, INSTALL, APP)


def test_lifting_reaches_what_was_met_by_a_digest(swept: World) -> None:
    """A row may hold the digest of an id alone; what it linked is lifted with the id's request."""
    ledger, forms = open_ledger_of(swept), hash_forms(KEY, IDFA)
    link_subjects(ledger, [Link(forms[1], "*", APP, hash_forms(KEY, INSTALL))])

    lift_requests(ledger, forms[0], forms, "ana", "consented again")

    assert not is_suppressed(swept, INSTALL, APP)
