"""A check as a value: what was asked of a batch, what was observed, and what follows.

Checks hold figures and names of the schema, never a value of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Severity(StrEnum):
    """What a failure means: the app's batch is held, or people are told."""

    REQUIRED = "required"
    ADVISORY = "advisory"


class Verdict(StrEnum):
    """How a check ended; `accepted` is a failure that a person has accepted with a reason."""

    PASSED = "passed"
    FAILED = "failed"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one batch.

    `rule_id` is stable for ever. `subject` is what it looked at within the app: a field, an event name, a
    landed prefix, a zone. `app_id` is null where the whole run was judged, `event_date` where no single day
    was. `observed` is a figure, `threshold` says what was wanted, `detail` is a sentence for people.
    """

    rule_id: str
    suite: str
    severity: Severity
    verdict: Verdict
    app_id: str | None = None
    event_date: date | None = None
    subject: str = ""
    observed: float | None = None
    threshold: str = ""
    detail: str = ""

    @property
    def is_holding(self) -> bool:
        """Whether it holds its batch back."""
        return self.severity is Severity.REQUIRED and self.verdict is Verdict.FAILED


def held_apps(checks: Iterable[Check]) -> frozenset[str | None]:
    """Give the apps whose batch a check holds back; None among them holds every app."""
    return frozenset(check.app_id for check in checks if check.is_holding)


def describe_failures(checks: Iterable[Check]) -> Iterator[str]:
    """Say of each failed check what was wanted and what was seen, required ones first."""
    failed = [check for check in checks if check.verdict is Verdict.FAILED]
    for check in sorted(failed, key=lambda each: (not each.is_holding, each.app_id or "", each.rule_id)):
        subject = f" {check.subject}" if check.subject else ""
        observed = "" if check.observed is None else f", observed {check.observed:.10g}"
        wanted = f": wanted {check.threshold}{observed}" if check.threshold else ""
        whose = check.app_id or "all apps"
        yield f"{whose}: {check.severity} {check.rule_id}{subject}{wanted}. {check.detail}"
