"""What an answer means, by rules that are data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.liftoff.answers import (
    LONGEST_WAIT_SECONDS,
    MOST_BODY_BYTES,
    Answer,
    Judgement,
    Rule,
    judge_answer,
    read_retry_after,
)

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def answered(status: int, body: bytes = b"{}", retry_after: str | None = None) -> Answer:
    """Make an answer."""
    return Answer("answered", status, body, retry_after)


def judge(answer: Answer, *rules: Rule) -> Judgement:
    """Judge an answer at a fixed time."""
    return judge_answer(answer, rules, NOW)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, "delivered"),
        (202, "delivered"),
        (204, "delivered"),
        (301, "stop"),
        (302, "stop"),
        (307, "stop"),
        (304, "stop"),
        (400, "refused"),
        (404, "refused"),
        (422, "refused"),
        (401, "stop"),
        (403, "stop"),
        (407, "stop"),
        (408, "retry"),
        (425, "retry"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
        (502, "unknown"),
        (504, "unknown"),
        (601, "unknown"),
    ],
)
def test_a_status_means_one_thing(status: int, meaning: str) -> None:
    """Accepted, not accepted, refused for good, our own fault, or a gateway that cannot say."""
    assert judge(answered(status)).meaning == meaning


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "bad event"}',
        b'{"errors": ["bad event"]}',
        b'{"success": false}',
        b'{"ok": false}',
        b' \n{"status": "Error"}',
        b'{"status": "failed", "error": null}',
        b'\xef\xbb\xbf{"error": "bad event"}',
        b'{"Error": "bad event", "error": null}',
        b'{"success": "False"}',
        b'{"ok": 0}',
        b'{"status": 500}',
        b'{"status": "422"}',
    ],
)
def test_a_success_whose_body_says_failure_was_not_accepted(body: bytes) -> None:
    """It is tried again, and counted under its own code."""
    judgement = judge(answered(200, body))
    assert (judgement.meaning, judgement.code) == ("retry", "error_in_body")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"error",
        b"[]",
        b'{"error": null}',
        b'{"status": "ok", "success": true}',
        b'{"error"',
        b'{"message": "no error"}',
        b'{"status": 200, "success": 1}',
        b'{"status": 4000000000}',
        b'{"status": {"error": 1}}',
        b'{"a":' * 10_000,
        b'{"n": ' + b"9" * 60_000 + b"}",
        b"\xff\xfe{",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_any_other_body_of_a_success_is_one(body: bytes) -> None:
    """However odd, deep or long it is: nothing is documented of it."""
    assert judge(answered(200, body)).meaning == "delivered"


@pytest.mark.parametrize("body", [b"x" * MOST_BODY_BYTES, b'{"error": "' + b"x" * MOST_BODY_BYTES])
def test_a_success_that_is_too_long_to_be_read_is_in_doubt(body: bytes) -> None:
    """What it says stands behind what was read; a user who knows may say what it means."""
    judgement = judge(answered(200, body))
    assert (judgement.meaning, judgement.code) == ("unknown", "answer_too_long")
    assert judge(answered(200, body), Rule("2xx", "delivered")).meaning == "delivered"
    assert judge(answered(503, body)).meaning == "retry"


def test_a_users_rule_comes_first() -> None:
    """By status, by class, and by what the body holds, in any casing."""
    rules = (
        Rule("200", "refused", "Unknown Event"),
        Rule("4xx", "retry"),
        Rule("503", "unknown"),
    )
    assert judge(answered(200, b"unknown EVENT"), *rules).meaning == "refused"
    assert judge(answered(200, b"fine"), *rules).meaning == "delivered"
    assert judge(answered(404), *rules).meaning == "retry"
    assert judge(answered(503), *rules).meaning == "unknown"
    assert judge(answered(500), *rules).meaning == "retry"


def test_a_users_rule_may_say_that_an_error_in_the_body_is_none() -> None:
    """The user has read what we have not."""
    assert judge(answered(200, b'{"error": "-"}'), Rule("2xx", "delivered")).meaning == "delivered"


def test_what_never_left_is_tried_again_and_what_was_not_answered_is_in_doubt() -> None:
    """No rule decides about these."""
    assert judge(Answer("unsent", detail="unreachable"), Rule("2xx", "refused")).meaning == "retry"
    doubt = judge(Answer("unanswered", 200, detail="half_an_answer"), Rule("2xx", "delivered"))
    assert (doubt.meaning, doubt.code) == ("unknown", "half_an_answer")


def test_only_answers_that_look_like_an_outage_are_failures() -> None:
    """Being too fast, or refused, says that the partner is well."""
    failures = {status for status in (200, 400, 429, 500, 502, 401) if judge(answered(status)).is_failure}
    assert failures == {500, 502}
    assert judge(Answer("unsent")).is_failure


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-3", None),
        ("soon", None),
        ("²", None),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 01 Sep 2026 11:00:00 GMT", 0.0),
        ("Tuesday, 01-Sep-26 12:00:30 GMT", 30.0),
        ("Tue Sep  1 12:00:30 2026", 30.0),
        ("Tue, 01 Sep 2026 12:00:30 -0000", 30.0),
        ("Tue, 01 Sep 99999 12:00:30 GMT", None),
        ("9" * 5000, LONGEST_WAIT_SECONDS),
        ("99999999999999999999", LONGEST_WAIT_SECONDS),
        ("Tue, 01 Sep 2126 12:00:00 GMT", LONGEST_WAIT_SECONDS),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_for_long(text: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3; what makes no sense is as good as absent."""
    assert read_retry_after(text, NOW) == seconds
