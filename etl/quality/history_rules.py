"""The knobs of what is judged against the lake's own past."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from etl.errors import ConfigurationError
from etl.quality.checks import Check, Severity, Verdict

SUITE: Final = "history"
VOLUME: Final = "history.volume"
SILENCE: Final = "history.silence"
VANISHED: Final = "history.field_vanished"
APPEARED: Final = "history.field_appeared"
RETYPED: Final = "history.field_changed_type"
NULLS: Final = "history.null_share"
UNPARSABLE: Final = "history.unparsable"
CLOCK: Final = "history.clock_issues"
ZONE: Final = "history.zone_changed"
LOCAL: Final = "history.utc_is_local"
MEANINGS: Final = {
    VOLUME: "An hour has far fewer or far more events, of an app or of one name, than the same hours before.",
    SILENCE: "An app that sends all the time has sent nothing for long.",
    VANISHED: "A field that an endpoint filled is empty now.",
    APPEARED: "An endpoint fills a field, or sends one, that it did not.",
    RETYPED: "A field holds values of another kind than before: text for a number, an id for a name.",
    NULLS: "A field is filled much less, or much more, often than before.",
    UNPARSABLE: "Texts of a field can no longer be read as what they were.",
    CLOCK: "Times of a zone are in doubt, and were not before.",
    ZONE: "Rows come in a zone that the endpoint did not send: somebody changed a setting.",
    LOCAL: "Events seem to come later by exactly their zone's offset: what is sent as UTC is local time.",
}


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """What counts as odd; all of it is advisory but the rules named in `required`.

    `days` is how far back the past reaches. An hour is judged `settle_hours` after its end, and only while it
    is younger than `recent_hours`. `least_events` is the usual number of events below which an hour says
    nothing; `deviations` and `least_change` must both be passed. `least_rows` is what a prefix must have seen
    before its fields are judged, `least_expected` the rows with a field that must be missing.
    `share_change` is the change of a share that is told. An app is silent after `silence_hours`, or after
    `silence_gaps` times its longest pause where that is longer.
    """

    required: frozenset[str] = field(default_factory=frozenset)
    days: int = 28
    settle_hours: int = 1
    recent_hours: int = 48
    least_events: int = 50
    deviations: float = 6.0
    least_change: float = 0.5
    least_weeks: int = 3
    least_rows: int = 1_000
    least_expected: int = 50
    share_change: float = 0.25
    silence_hours: int = 24
    silence_gaps: float = 2.0

    def __post_init__(self) -> None:
        """Raise ConfigurationError where a required rule is none."""
        strangers = sorted(self.required - MEANINGS.keys())
        if strangers:
            raise ConfigurationError(
                f"quality.required names {', '.join(strangers)}, which is no rule;"
                f" there are {', '.join(MEANINGS)}."
            )

    @property
    def span(self) -> timedelta:
        """How far back the past reaches."""
        return timedelta(days=self.days)

    def severity(self, rule_id: str) -> Severity:
        """Tell whether a failure holds the batch."""
        return Severity.REQUIRED if rule_id in self.required else Severity.ADVISORY

    def fail(  # noqa: PLR0913 - a check has that many parts
        self, rule_id: str, app_id: str, *, subject: str, observed: float, threshold: str, detail: str
    ) -> Check:
        """Make the check of something odd."""
        return Check(
            rule_id=rule_id,
            suite=SUITE,
            severity=self.severity(rule_id),
            verdict=Verdict.FAILED,
            app_id=app_id,
            subject=subject,
            observed=observed,
            threshold=threshold,
            detail=detail,
        )

    def settle(self, rule_id: str, app_id: str, judged: int, found: list[Check]) -> list[Check]:
        """Give what was found odd, the oddest ten of it, or one check that passed."""
        if found:
            return found[:_MOST_TOLD]
        return [
            Check(
                rule_id=rule_id,
                suite=SUITE,
                severity=self.severity(rule_id),
                verdict=Verdict.PASSED,
                app_id=app_id,
                observed=float(judged),
                threshold="nothing odd",
                detail=f"{judged} were judged." if judged else "There is too little of the past to judge by.",
            )
        ]


_MOST_TOLD: Final = 10
