"""Opt-out requests: one for each id and app, suppressed before anything else, without the id in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.opt_out_counts import count_unaccepted
from etl.ledger.opt_out_lists import OptOutListRecord, add_list, find_list, settle_list
from etl.ledger.opt_out_tables import opt_out_requests
from etl.ledger.opt_outs import (
    Answered,
    NewRequest,
    Request,
    add_requests,
    count_requests,
    find_requests,
    lift_requests,
    list_due,
    list_requests,
    record_answers,
    record_erasure,
)
from etl.ledger.suppressions import find_suppressed

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DEVICE = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
REQUEST = Request(
    subject="hash-1",
    app_id="*",
    id_type="gaid",
    kind="erase",
    identifier=DEVICE,
    store_id=None,
    list_id="list-1",
    requested_at=NOW,
    received_at=NOW,
    deadline_at=NOW + timedelta(days=30),
    installs=1,
    state="open",
    submission="due",
    erasure="due",
)


def add(ledger: Ledger, **changes: object) -> None:
    """Record the request, changed."""
    request = replace(REQUEST, **changes)  # type: ignore[arg-type]  # names of its fields
    add_requests(ledger, [NewRequest(request, (request.subject, f"{request.subject}-sha1"))])


def suppressed(ledger: Ledger, app_id: str = "any") -> set[str]:
    """Tell which forms are suppressed."""
    with begin_read(ledger) as connection:
        return set(find_suppressed(connection, ["hash-1", "hash-1-sha1"], app_id))


def find(ledger: Ledger) -> Request:
    """Find the one request."""
    (request,) = find_requests(ledger, ["hash-1"])
    return request


def test_a_request_suppresses_all_forms_of_its_id(ledger: Ledger) -> None:
    """In the same transaction."""
    add(ledger)

    assert suppressed(ledger) == {"hash-1", "hash-1-sha1"}
    assert find(ledger).suppressed_at is not None


def test_a_request_that_waits_suppresses_nobody(ledger: Ledger) -> None:
    """An id of half the users is looked at by a person first."""
    add(ledger, state="waiting")

    assert suppressed(ledger) == set()
    assert list_due(ledger, "submission") == []


def test_the_same_id_again_is_one_request(ledger: Ledger) -> None:
    """The earliest date and deadline hold; what is done stays done."""
    add(ledger)
    answer(ledger, "accepted")
    earlier = NOW - timedelta(days=3)
    add(ledger, requested_at=earlier, deadline_at=earlier + timedelta(days=30), list_id="list-2")

    request = find(ledger)
    assert (request.requested_at, request.deadline_at) == (earlier, earlier + timedelta(days=30))
    assert (request.submission, request.list_id) == ("accepted", "list-1")


def test_another_app_is_another_request(ledger: Ledger) -> None:
    """Each app's wish is honoured by itself."""
    add(ledger, app_id="id1")
    add(ledger, app_id="id2")

    assert [request.app_id for request in list_requests(ledger)] == ["id1", "id2"]
    assert suppressed(ledger, "id3") == set()


def test_to_be_erased_is_more_than_not_to_be_shared(ledger: Ledger) -> None:
    """Whichever comes first: the later one makes it an erasure, and none makes it less."""
    add(ledger, kind="do_not_share", erasure="not_needed")
    add(ledger)
    assert (find(ledger).kind, find(ledger).erasure) == ("erase", "due")
    add(ledger, kind="do_not_share", erasure="not_needed")

    assert (find(ledger).kind, find(ledger).erasure) == ("erase", "due")


def answer(ledger: Ledger, submission: str) -> None:
    """Record what Liftoff said."""
    told = Answered("hash-1", "*", submission, None, 200, NOW)  # type: ignore[arg-type]  # one of its words
    record_answers(ledger, [told])


def test_the_id_leaves_once_nothing_is_due(ledger: Ledger) -> None:
    """Not before both Liftoff has answered and everything is erased."""
    add(ledger)
    answer(ledger, "accepted")
    assert find(ledger).identifier == DEVICE
    record_erasure(ledger, [("hash-1", "*")], "erased")

    request = find(ledger)
    assert (request.identifier, request.state) == (None, "done")
    with begin_read(ledger) as connection:
        assert DEVICE not in str(connection.execute(select(opt_out_requests)).all())


def test_what_was_not_answered_stays_due(ledger: Ledger) -> None:
    """A sweep that is repeated submits it."""
    add(ledger)
    answer(ledger, "due")

    assert [request.subject for request in list_due(ledger, "submission")] == ["hash-1"]
    assert [request.subject for request in list_due(ledger, "erasure")] == ["hash-1"]


def test_what_is_done_stays_done(ledger: Ledger) -> None:
    """Another list with the same id has nothing submitted again, and brings no id back."""
    add(ledger)
    answer(ledger, "accepted")
    record_erasure(ledger, [("hash-1", "*")], "verified")
    add(ledger, list_id="list-2")

    request = find(ledger)
    assert (request.state, request.submission, request.erasure) == ("done", "accepted", "verified")
    assert request.identifier is None


@pytest.mark.parametrize("answered", ["refused", "not_processed"])
def test_what_liftoff_did_not_take_is_submitted_when_it_is_asked_again(ledger: Ledger, answered: str) -> None:
    """It was erased here and stays so; until then it is counted."""
    add(ledger)
    record_erasure(ledger, [("hash-1", "*")], "erased")
    answer(ledger, answered)
    assert (find(ledger).state, find(ledger).identifier, count_unaccepted(ledger)) == ("done", None, 1)
    add(ledger)

    assert [each.identifier for each in list_due(ledger, "submission")] == [DEVICE]
    assert list_due(ledger, "erasure") == []
    answer(ledger, "accepted")
    assert (find(ledger).state, find(ledger).identifier, count_unaccepted(ledger)) == ("done", None, 0)


def test_what_was_lifted_begins_anew_whole(ledger: Ledger) -> None:
    """With a deadline of its own, and as what it is now; what comes after it counts as after any other."""
    add(ledger)
    lift_requests(ledger, "hash-1", ["hash-1", "hash-1-sha1"], "somebody", "a mistake")
    later = NOW + timedelta(days=60)
    dates = {"requested_at": later, "received_at": later, "deadline_at": later + timedelta(days=30)}
    add(ledger, kind="do_not_share", erasure="not_needed", **dates)

    request = find(ledger)
    assert (request.kind, request.state, request.erasure) == ("do_not_share", "open", "not_needed")
    assert (request.requested_at, request.deadline_at) == (later, later + timedelta(days=30))
    add(ledger, **dates)
    assert (find(ledger).kind, find(ledger).erasure) == ("erase", "due")


def test_who_waits_to_be_erased_is_not_forgotten_for_a_lesser_wish(ledger: Ledger) -> None:
    """The lesser one is honoured at once; the other waits on."""
    add(ledger, state="waiting")
    add(ledger, kind="do_not_share", erasure="not_needed")

    request = find(ledger)
    assert (request.kind, request.state, request.erasure) == ("erase", "waiting", "due")
    assert request.identifier == DEVICE
    assert suppressed(ledger) == {"hash-1", "hash-1-sha1"}
    add(ledger)
    assert [each.identifier for each in list_due(ledger, "erasure")] == [DEVICE]


def test_a_list_is_known_by_its_bytes(ledger: Ledger) -> None:
    """Dropped twice it is one, with the counts of the last time; it is settled when its ids are recorded."""
    record = OptOutListRecord("list-1", "hash", "csv", NOW, accepted=2, duplicates=1, rejected=1)
    add_list(ledger, record)
    add_list(ledger, replace(record, id="list-2", accepted=3, rejected=0))
    settle_list(ledger, "list-1")

    found = find_list(ledger, "hash")
    assert found is not None
    assert (found.id, found.accepted, found.settled_at is not None) == ("list-1", 3, True)
    assert find_list(ledger, "another") is None


def test_requests_are_counted(ledger: Ledger) -> None:
    """By state, and by what is due."""
    add(ledger)
    add(ledger, app_id="id1", state="waiting")

    assert count_requests(ledger) == {
        "waiting": 1,
        "open": 1,
        "done": 0,
        "lifted": 0,
        "submission_due": 1,
        "erasure_due": 1,
    }


@pytest.mark.parametrize("number", [1, 12_000])
def test_many_requests_are_recorded(ledger: Ledger, number: int) -> None:
    """Some thousand in a transaction."""
    requests = [
        NewRequest(replace(REQUEST, subject=f"hash-{place}"), (f"hash-{place}",)) for place in range(number)
    ]
    add_requests(ledger, requests)

    assert count_requests(ledger)["open"] == number


def test_nothing_shows_the_id(ledger: Ledger) -> None:
    """A request's representation leaves it out."""
    assert DEVICE not in repr(REQUEST)
