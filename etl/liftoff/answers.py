"""What came of one request, and what that means for its postback (pure).

Liftoff documents neither bodies nor statuses of its answers, so the rules are data: what a user configures
comes before what pushlift takes for granted.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Literal

Reach = Literal["unsent", "answered", "unanswered"]
Meaning = Literal["delivered", "retry", "refused", "stop", "unknown"]

MOST_BODY_BYTES: Final = 65_536
"""So much of an answer is read; a longer one cannot fill the memory."""

LONGEST_WAIT_SECONDS: Final = 3600.0
"""However long Liftoff asks to wait, it is asked again after this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: nothing left (`unsent`), it was answered, or nobody can say (`unanswered`).

    `detail` is a code for people, and never a text of the server's or of the request's.
    """

    reach: Reach
    status: int | None = None
    body: bytes = b""
    retry_after: str | None = None
    detail: str | None = None
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """Answers of a status (`429`) or a class (`5xx`), perhaps only those whose body holds a text."""

    status: str
    meaning: Meaning
    body_contains: str | None = None

    def fits(self, answer: Answer) -> bool:
        """Whether the rule is about this answer."""
        spelled = str(answer.status)
        if self.status not in {spelled, f"{spelled[0]}xx"}:
            return False
        if self.body_contains is None:
            return True
        return self.body_contains.casefold() in answer.body.decode("utf-8", "replace").casefold()


_FAILED: Final = frozenset({"error", "fail", "failed", "failure"})
_FALSE: Final = frozenset({"false", "0"})
_ERROR_STATUS: Final = re.compile("[45][0-9][0-9]")

# A gateway's own error (502, 504) says nothing about what the server behind it has done.
DEFAULT_RULES: Final = (
    Rule("502", "unknown"),
    Rule("504", "unknown"),
    Rule("5xx", "retry"),
    Rule("408", "retry"),
    Rule("425", "retry"),
    Rule("429", "retry"),
    Rule("401", "stop"),
    Rule("403", "stop"),
    Rule("407", "stop"),
    Rule("3xx", "stop"),
    Rule("4xx", "refused"),
    Rule("2xx", "delivered"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer means, with a code for counting; `wait_seconds` is how long Liftoff asks to wait."""

    meaning: Meaning
    code: str | None = None
    wait_seconds: float | None = None
    is_too_fast: bool = False

    @property
    def is_failure(self) -> bool:
        """Whether Liftoff, or the way to it, seems out of order."""
        return self.meaning in {"retry", "unknown"} and not self.is_too_fast


def judge_answer(answer: Answer, rules: Sequence[Rule], now: datetime) -> Judgement:
    """Tell what an answer means: the first rule that fits decides.

    A request that never left is tried again. Without an answer nobody can say. A 2xx whose body says failure
    was not accepted, and is tried again; where the body is too long to be read, nobody can say what it says.
    """
    if answer.reach == "unsent":
        return Judgement("retry", answer.detail or "unsent")
    if answer.reach == "unanswered" or answer.status is None:
        return Judgement("unknown", answer.detail or "no_answer")
    wait = read_retry_after(answer.retry_after, now)
    is_too_fast = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    code = f"http_{answer.status}"
    for rule in rules:
        if rule.fits(answer):
            return Judgement(rule.meaning, None if rule.meaning == "delivered" else code, wait, is_too_fast)
    meaning = _find_default(answer.status)
    if meaning is None:
        return Judgement("unknown", code)
    if meaning == "delivered":
        return _judge_success(answer.body, wait)
    return Judgement(meaning, code, wait, is_too_fast)


def _judge_success(body: bytes, wait: float | None) -> Judgement:
    if len(body) >= MOST_BODY_BYTES:
        return Judgement("unknown", "answer_too_long")
    if says_failure(body):
        return Judgement("retry", "error_in_body", wait)
    return Judgement("delivered", wait_seconds=wait)


@lru_cache(maxsize=1000)
def _find_default(status: int) -> Meaning | None:
    """Find what a status means where nothing else is configured; no rule of these asks for the body."""
    answer = Answer("answered", status)
    return next((rule.meaning for rule in DEFAULT_RULES if rule.fits(answer)), None)


@lru_cache(maxsize=128)
def says_failure(body: bytes) -> bool:
    """Whether a body is a JSON object that says failure: an error, `success` false, or a failed status.

    Names and words count in any casing, and a status from 400 on is HTTP's own word for failure.
    """
    bare = body.removeprefix(BOM_UTF8)
    if not bare.lstrip().startswith(b"{"):
        return False
    try:
        said = json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return any(_is_failure(name.casefold(), value) for name, value in said.items())


def _is_failure(name: str, value: object) -> bool:
    """Whether one member of a body says failure."""
    word = str(value).casefold()
    match name:
        case "error" | "errors":
            return bool(value)
        case "success" | "ok":
            return word in _FALSE
        case "status":
            return word in _FAILED or _ERROR_STATUS.fullmatch(word) is not None
    return False


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Read a Retry-After (RFC 9110: seconds, or an HTTP date) as seconds from now, at most an hour.

    A date without a zone, as the oldest form of HTTP's has none, is in UTC.
    """
    if not text:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else _until(text, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT_SECONDS)


def _until(text: str, now: datetime) -> float:
    at = parsedate_to_datetime(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
