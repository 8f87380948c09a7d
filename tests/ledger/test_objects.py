import time
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.objects import (
    FailedAttempt,
    FinishedObject,
    count_objects,
    failed_objects,
    finish_objects,
    record_failed_attempt,
    unfinished_objects,
)
from etl.ledger.schema import landed_objects
from tests.ledger.conftest import HandClock

LANDED_AT = datetime(2026, 2, 28, 23, tzinfo=UTC)


def finish(ledger: Ledger, *versions: tuple[str, str], load_id: str = "load-1") -> None:
    """Mark these versions finished."""
    objects = [FinishedObject(uri, version, 10, LANDED_AT, load_id) for uri, version in versions]
    with begin_write(ledger) as connection:
        finish_objects(connection, objects, ledger.clock(connection))


def fail(ledger: Ledger, uri: str, version: str, code: str = "forbidden") -> int:
    """Record a failed attempt."""
    return record_failed_attempt(ledger, FailedAttempt(uri, version, 10, LANDED_AT, code))


def test_what_is_finished_is_never_read_again(ledger: Ledger) -> None:
    """Only unknown objects remain of a listing, in its order."""
    finish(ledger, ("b", "1"), ("d", "1"))
    listing = [("e", "1"), ("d", "1"), ("c", "1"), ("b", "1"), ("a", "1")]
    assert unfinished_objects(ledger, listing) == [("e", "1"), ("c", "1"), ("a", "1")]


def test_a_changed_object_is_read_again(ledger: Ledger) -> None:
    """A version of its own is an object of its own, and the old one stays finished."""
    finish(ledger, ("a", "1"))
    assert unfinished_objects(ledger, [("a", "2")]) == [("a", "2")]
    finish(ledger, ("a", "2"))
    assert unfinished_objects(ledger, [("a", "1"), ("a", "2")]) == []


def test_a_failed_object_is_tried_again(ledger: Ledger) -> None:
    """A failure leaves the version unfinished."""
    fail(ledger, "a", "1")
    assert unfinished_objects(ledger, [("a", "1")]) == [("a", "1")]


def test_an_empty_listing_has_nothing_unfinished(ledger: Ledger) -> None:
    """Nothing landed is no special case."""
    finish(ledger, ("a", "1"))
    finish(ledger)
    assert unfinished_objects(ledger, []) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        unique=True,
    )
)
def test_any_name_is_told_from_any_other(ledger: Ledger, texts: list[str]) -> None:
    """Quotes, commas, braces, backslashes, accents: a URI is found again as it is, and only it."""
    versions = [(text, "v") for text in texts]
    finish(ledger, *versions)
    others = [(text, "w") for text in texts]
    assert unfinished_objects(ledger, [*versions, *others]) == others


def test_ten_thousand_known_objects_are_told_in_no_time(ledger: Ledger) -> None:
    """A rerun over 10,000 finished objects asks one question, answered in under 0.3 s."""
    known = [(f"s3://bucket/landing/2026/03/01/{number:06}.gz", "etag") for number in range(10_000)]
    finish(ledger, *known)
    unfinished_objects(ledger, known[:1])
    started_at = time.perf_counter()
    assert unfinished_objects(ledger, [*known, ("new", "etag")]) == [("new", "etag")]
    assert time.perf_counter() - started_at < 0.3


def test_a_failure_is_counted_and_shown(ledger: Ledger, clock: HandClock) -> None:
    """Each attempt counts, and the last one's code and instant are kept."""
    assert fail(ledger, "a", "1", "vanished") == 1
    clock.advance(60)
    assert fail(ledger, "a", "1", "forbidden") == 2
    (failed,) = failed_objects(ledger)
    assert (failed.error_code, failed.attempts, failed.attempted_at) == ("forbidden", 2, clock.now)
    assert failed.landed_at == LANDED_AT


def test_an_object_that_was_finished_after_failing_failed_no_more(ledger: Ledger) -> None:
    """Success clears the failure."""
    fail(ledger, "a", "1")
    finish(ledger, ("a", "1"))
    with begin_read(ledger) as connection:
        assert connection.execute(select(landed_objects.c.error_code)).scalars().all() == [None]
    assert failed_objects(ledger) == []
    assert unfinished_objects(ledger, [("a", "1")]) == []


def test_a_finished_object_stays_finished(ledger: Ledger) -> None:
    """A reprocessing that fails does not bring it back among the unread."""
    finish(ledger, ("a", "1"))
    assert fail(ledger, "a", "1") == 2
    assert failed_objects(ledger) == []
    assert unfinished_objects(ledger, [("a", "1")]) == []


def test_objects_are_counted_by_state(ledger: Ledger) -> None:
    """States that no object is in count nought."""
    assert count_objects(ledger) == {"finished": 0, "failed": 0}
    finish(ledger, ("a", "1"), ("b", "1"))
    fail(ledger, "c", "1")
    assert count_objects(ledger) == {"finished": 2, "failed": 1}
