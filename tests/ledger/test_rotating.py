"""A new key of hashes: whatever was found by the old one is found by both, and by nothing less."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from etl.errors import ConfigurationError, LockHeld
from etl.hash_keys import digest_bytes
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.links import Link, link_subjects, unlink_within
from etl.ledger.opt_out_lists import OptOutListRecord, add_list, find_list
from etl.ledger.opt_out_tables import opt_out_links, opt_out_lists
from etl.ledger.opt_outs import NewRequest, Request, add_requests, find_requests, lift_requests
from etl.ledger.postback_tables import postbacks
from etl.ledger.rotating import HASHED, count_hashes, renew_hashes
from etl.ledger.schema import METADATA
from etl.ledger.senders import start_sender, stop_sender
from etl.ledger.suppressions import (
    EVERY_APP,
    check_hash_key,
    find_suppressed,
    list_suppressed,
    stamp_erased,
    suppress,
)
from etl.subjects import hash_forms, hash_subject
from tests.ledger.planned import make_plan

OLD, NEW = b"the first key", b"the second key"
BOTH = (OLD, NEW)
DEVICE = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
INSTALL = "1756684800000-7777777777777777777"
AT = datetime(2026, 3, 1, tzinfo=UTC)
LIST = b"idfa\n"


def take_in(ledger: Ledger) -> None:
    """Record a list, a request with what is linked with it, and a plan's rows."""
    check_hash_key(ledger, OLD)
    add_list(ledger, OptOutListRecord("list", digest_bytes(OLD, LIST), "csv", AT))
    request = Request(
        subject=hash_subject(OLD, DEVICE),
        app_id=EVERY_APP,
        id_type="idfa",
        kind="erase",
        identifier=DEVICE,
        store_id=None,
        list_id="list",
        requested_at=AT,
        received_at=AT,
        deadline_at=AT,
        installs=1,
        state="open",
        submission="due",
        erasure="due",
    )
    add_requests(ledger, [NewRequest(request, hash_forms(OLD, DEVICE))])
    link_subjects(ledger, [Link(request.subject, EVERY_APP, "an app", hash_forms(OLD, INSTALL))])
    make_plan(ledger, "plan", ["a", "b"])


def test_all_that_the_ledger_keeps_goes_over(ledger: Ledger) -> None:
    """Suppressions, requests, links, lists and the people of postbacks."""
    take_in(ledger)
    with begin_read(ledger) as connection:
        before = connection.scalars(select(postbacks.c.subjects)).all()
    stamp = stamp_erased(ledger)

    found = renew_hashes(ledger, BOTH)

    check_hash_key(ledger, BOTH)
    assert found == count_hashes(ledger)
    assert (found.requests, found.lists, found.postbacks) == (1, 1, 2)
    assert list_suppressed(ledger, "an app") == {*hash_forms(BOTH, DEVICE), *hash_forms(BOTH, INSTALL)}
    assert [each.identifier for each in find_requests(ledger, [hash_subject(BOTH, DEVICE)])] == [DEVICE]
    assert find_list(ledger, digest_bytes(BOTH, LIST)) is not None
    again = [
        " ".join(digest_bytes(NEW, each.encode())[:32] for each in line.split()) for line in map(str, before)
    ]
    with begin_read(ledger) as connection:
        assert connection.scalars(select(postbacks.c.subjects)).all() == again
    # A run that began with the old hashes must not publish.
    assert stamp_erased(ledger) not in {stamp, None}


def test_who_is_lifted_after_it_is_lifted_whole(ledger: Ledger) -> None:
    """With what is linked with them."""
    take_in(ledger)
    renew_hashes(ledger, BOTH)

    assert (
        lift_requests(ledger, hash_subject(BOTH, DEVICE), hash_forms(BOTH, DEVICE), "ana", "consented") == 1
    )
    assert list_suppressed(ledger, "an app") == set()
    with begin_write(ledger) as connection:
        assert unlink_within(connection, hash_subject(BOTH, DEVICE), EVERY_APP) == []


def test_many_people_and_several_rotations(ledger: Ledger) -> None:
    """More than go in one statement, and key after key."""
    people = [f"person {number}" for number in range(12_000)]
    check_hash_key(ledger, OLD)
    suppress(ledger, [hash_subject(OLD, each) for each in people], EVERY_APP, "do_not_share")
    renew_hashes(ledger, BOTH)
    renew_hashes(ledger, (*BOTH, b"a third key"))

    wanted = {hash_subject((*BOTH, b"a third key"), each) for each in people[::100]}
    with begin_read(ledger) as connection:
        assert find_suppressed(connection, wanted, "any") == wanted


@pytest.mark.parametrize("keys", [(b"another key", NEW), (NEW, OLD), (OLD, NEW, b"a third key")])
def test_with_keys_that_are_not_the_ledgers_nothing_changes(ledger: Ledger, keys: tuple[bytes, ...]) -> None:
    """A mistake here would make everybody who is suppressed a stranger."""
    take_in(ledger)
    before = list_suppressed(ledger, "an app")

    with pytest.raises(ConfigurationError, match="nothing was changed"):
        renew_hashes(ledger, keys)

    check_hash_key(ledger, OLD)
    assert list_suppressed(ledger, "an app") == before


def test_while_somebody_sends_it_is_refused(ledger: Ledger) -> None:
    """A sender that met old hashes of its rows and new ones of the suppressed would send."""
    take_in(ledger)
    sender = start_sender(ledger, "plan", 60)
    with pytest.raises(LockHeld, match="pause it"):
        renew_hashes(ledger, BOTH)
    check_hash_key(ledger, OLD)

    stop_sender(ledger, sender)
    renew_hashes(ledger, BOTH)


def test_only_all_the_keys_in_their_order_are_the_ledgers(ledger: Ledger) -> None:
    """And the error of a ledger that is one rotation behind says what to do; none shows a key."""
    check_hash_key(ledger, OLD)
    with pytest.raises(ConfigurationError, match="rotate-key"):
        check_hash_key(ledger, BOTH)
    renew_hashes(ledger, BOTH)
    for keys in (OLD, NEW, (NEW, OLD), (b"", NEW), ()):
        with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY") as caught:
            check_hash_key(ledger, keys)
        assert "the first key" not in caught.value.message
        assert "the second key" not in caught.value.message


def test_no_column_of_hashes_is_forgotten() -> None:
    """Whoever adds a table that names people by keyed hashes adds it to the rotation."""
    named = {
        column
        for table in METADATA.tables.values()
        for column in table.columns
        if column.name in {"subject", "subjects", "linked", "content_hash"} and table.name != "decisions"
    }
    assert named == {
        *HASHED,
        postbacks.c.subjects,
        opt_out_links.c.linked,
        opt_out_lists.c.content_hash,
    }
