"""What was sent about people before they opted out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from etl.ledger.database import Ledger
from etl.ledger.forgetting import forget_people
from etl.ledger.opt_outs import NewRequest, add_requests
from etl.ledger.sent import find_sent, list_sent, note_sent
from etl.ledger.suppressions import EVERY_APP
from tests.ledger.conftest import START, HandClock
from tests.ledger.planned import APP, answer, begin_sending, intend, make_plan, name_subject
from tests.ledger.test_opt_outs import REQUEST as ASKED

REQUEST, OTHER = ("the subject", EVERY_APP), ("the other", APP)


def send(ledger: Ledger, clock: HandClock) -> None:
    """Deliver one, leave one in doubt, and one unsent, an hour between the first two."""
    sender = begin_sending(ledger, "plan", ["a", "b"])
    intend(ledger, sender, 1)
    answer(ledger, sender, "delivered")
    clock.advance(60)
    intend(ledger, sender, 1)
    make_plan(ledger, "later", ["c"])


def test_what_was_sent_is_counted_by_request(ledger: Ledger, clock: HandClock) -> None:
    """What was delivered and what is in doubt, from the first to the last; not what never left."""
    send(ledger, clock)
    forms = {name_subject(name): [REQUEST] for name in "abc"}

    (found,) = find_sent(ledger, forms)

    assert (found.subject, found.app_id, found.sent_app_id) == (*REQUEST, APP)
    assert (found.event_name, found.mode) == ("purchase", "production")
    assert (found.delivered, found.in_doubt, found.occurrences) == (1, 1, 2)
    assert (found.first_sent_at, found.last_sent_at) == (START, START + timedelta(seconds=60))


def test_a_wish_for_another_app_is_not_about_this_one(ledger: Ledger, clock: HandClock) -> None:
    """A request counts what was sent of its own app."""
    send(ledger, clock)

    assert find_sent(ledger, {name_subject("a"): [("the subject", "com.other")]}) == []
    assert len(find_sent(ledger, {name_subject("a"): [("the subject", APP)]})) == 1


def test_what_is_noted_outlives_the_postbacks_people(ledger: Ledger, clock: HandClock) -> None:
    """They are forgotten, and a second look that finds less changes nothing; each has a request's number."""
    send(ledger, clock)
    asked = [replace(ASKED, subject=subject, app_id=app_id) for subject, app_id in (REQUEST, OTHER)]
    add_requests(ledger, [NewRequest(each, (each.subject,)) for each in asked])
    owners = {name_subject("a"): [REQUEST]}
    note_sent(ledger, find_sent(ledger, owners))
    noted = list_sent(ledger)

    forget_people(ledger, {name_subject("a"): [EVERY_APP]})
    note_sent(ledger, find_sent(ledger, owners))
    note_sent(ledger, find_sent(ledger, {name_subject("b"): [OTHER]}))

    assert list_sent(ledger)[:1] == noted
    assert [(each.number, each.subject) for each in list_sent(ledger)] == [(1, REQUEST[0]), (2, OTHER[0])]


def test_another_apps_postbacks_are_not_forgotten(ledger: Ledger, clock: HandClock) -> None:
    """A wish for one app takes nothing from the plans of others."""
    send(ledger, clock)

    assert forget_people(ledger, {name_subject(name): ["com.other"] for name in "abc"}) == 0
    assert forget_people(ledger, {name_subject("c"): ["com.other", APP]}) == 1


def test_nobody_has_nothing(ledger: Ledger) -> None:
    """And nothing is noted of it."""
    note_sent(ledger, find_sent(ledger, {}))
    assert list_sent(ledger) == []
