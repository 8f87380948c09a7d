"""Each answer to an opt-out has one meaning, and none is taken for accepted that is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.liftoff.answers import MOST_BODY_BYTES, Answer
from etl.liftoff.opt_out_answers import OUTCOMES, SENTENCES, Meaning, judge_opt_out

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, "accepted"),
        (202, "not_processed"),
        *((status, "split") for status in (400, 413, 422)),
        *((status, "stop") for status in (401, 403, 407, 404, 405, 410, 415)),
        *((status, "stop") for status in (301, 302, 303, 307, 308)),
        *((status, "stop") for status in (201, 204, 299, 100)),
        *((status, "retry") for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    ],
)
def test_statuses(status: int, meaning: Meaning) -> None:
    """What is documented means what the document says; what is not, and no failure of a server, stops."""
    verdict = judge_opt_out(Answer("answered", status), NOW)
    assert (verdict.meaning, verdict.status, verdict.answered_at) == (meaning, status, NOW)
    assert verdict.code == (None if meaning == "accepted" else f"http_{status}")


@pytest.mark.parametrize(
    "body",
    [b'{"status": "error"}', b'{"error": "x"}', b'{"success": false}', b"x" * MOST_BODY_BYTES],
    ids=["status", "error", "success", "too long"],
)
def test_a_200_that_says_failure_is_not_accepted(body: bytes) -> None:
    """It is tried again, which does no harm; so is one too long to be read."""
    verdict = judge_opt_out(Answer("answered", 200, body), NOW)
    assert (verdict.meaning, verdict.code) == ("retry", "error_in_body")


@pytest.mark.parametrize(
    "answer",
    [
        Answer("unsent", detail="unreachable"),
        Answer("unanswered", detail="timeout"),
        Answer("unanswered", 200, detail="half_an_answer"),
    ],
)
def test_without_an_answer_it_is_tried_again(answer: Answer) -> None:
    """Whether it arrived or not: a repeated opt-out is one."""
    verdict = judge_opt_out(answer, NOW)
    assert (verdict.meaning, verdict.code, verdict.answered_at) == ("retry", answer.detail, None)


def test_the_partner_may_ask_to_wait() -> None:
    """Retry-After is heard."""
    assert judge_opt_out(Answer("answered", 429, retry_after="7"), NOW).wait_seconds == 7


def test_only_one_meaning_is_accepted() -> None:
    """Nothing else may end as such."""
    assert [meaning for meaning, outcome in OUTCOMES.items() if outcome == "accepted"] == ["accepted"]


def test_codes_have_sentences() -> None:
    """They are shown to people."""
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
