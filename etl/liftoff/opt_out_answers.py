"""What an answer to an opt-out means (pure): to repeat one does no harm, so what is in doubt is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from etl.liftoff.answers import MOST_BODY_BYTES, Answer, read_retry_after, says_failure

Meaning = Literal["accepted", "not_processed", "split", "retry", "stop", "held"]
Outcome = Literal["accepted", "not_processed", "refused", "unsubmitted"]

UNSOUND: Final = "unsound"
UNPROVEN: Final = "refused_unproven"
TOO_MANY_REFUSED: Final = "too_many_refused"
GAVE_UP: Final = "gave_up"
ERROR_IN_BODY: Final = "error_in_body"

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        UNSOUND: "It is no IDFA in upper case and no GAID in lower case, so it was not sent.",
        UNPROVEN: (
            "Liftoff refused it, and accepted nothing else for its type and apps: the fault may be theirs."
            " Look at apps.….app_store_id."
        ),
        TOO_MANY_REFUSED: (
            "Liftoff refused everything for its type and apps, so the fault is hardly the ids'."
            " Look at apps.….app_store_id; the next sweep submits it."
        ),
        GAVE_UP: "Liftoff, or the way to it, was out of order for too long; the next sweep submits it.",
        ERROR_IN_BODY: "Liftoff answered 200, and its body says failure.",
        "http_202": "Liftoff took it for nobody's id and did not process it: a fault of ours.",
        "http_400": "Liftoff refused it alone, and accepted others for its type and apps: it is not valid.",
        "http_401": "Liftoff refuses the credentials.",
        "http_403": "Liftoff refuses the credentials for this address.",
        "http_404": "Nothing is served at liftoff.opt_out_url.",
    }
)

# The first that fits decides, and what no line names stops: an answer that is not documented is no consent.
# A body that is too large, or that cannot be processed, is smaller in halves.
RULES: Final[tuple[tuple[str, Meaning], ...]] = (
    ("200", "accepted"),
    ("202", "not_processed"),
    ("400", "split"),
    ("413", "split"),
    ("422", "split"),
    ("408", "retry"),
    ("425", "retry"),
    ("429", "retry"),
    ("5xx", "retry"),
)
OUTCOMES: Final[Mapping[Meaning, Outcome]] = MappingProxyType(
    {
        "accepted": "accepted",
        "not_processed": "not_processed",
        "split": "refused",
        "retry": "unsubmitted",
        "stop": "unsubmitted",
        "held": "unsubmitted",
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one request; `wait_seconds` is how long Liftoff asks to wait."""

    meaning: Meaning
    code: str | None = None
    status: int | None = None
    answered_at: datetime | None = None
    wait_seconds: float | None = None


def judge_opt_out(answer: Answer, now: datetime) -> Verdict:
    """Tell what an answer means.

    Without an answer it is tried again, whether or not the request arrived. A 200 whose body says failure was
    not accepted.
    """
    if answer.reach != "answered" or answer.status is None:
        return Verdict("retry", answer.detail or "no_answer")
    status = answer.status
    meaning = _find_meaning(status)
    if meaning == "accepted":
        if len(answer.body) >= MOST_BODY_BYTES or says_failure(answer.body):
            return Verdict("retry", ERROR_IN_BODY, status, now)
        return Verdict("accepted", None, status, now)
    return Verdict(meaning, f"http_{status}", status, now, read_retry_after(answer.retry_after, now))


def _find_meaning(status: int) -> Meaning:
    spelled = {str(status), f"{status // 100}xx"}
    return next((meaning for fits, meaning in RULES if fits in spelled), "stop")
