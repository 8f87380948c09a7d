from dataclasses import replace

from etl.quality.checks import Severity, Verdict
from etl.reports.figures import CheckTally, LoadDay, QualityFigures
from etl.reports.summary import summarize
from etl.reports.verdicts import State, lay_out_verdicts
from tests.reports.made_up import NOW, day, make_figures, period_of

EMPTY = QualityFigures(period_of(7), NOW)
PASSED = CheckTally("com.a", day(24), Severity.REQUIRED, Verdict.PASSED, 5)


def headline(figures: QualityFigures) -> tuple[State, str]:
    """Give what the page says first."""
    summary = summarize(figures, lay_out_verdicts(figures))
    return summary.state, summary.headline


def test_nothing_checked_is_not_all_well() -> None:
    """An empty lake is neither good nor bad."""
    assert headline(EMPTY) == (State.NONE, "Nothing was checked in this period")


def test_all_well() -> None:
    """Every check passed, or failed only before the last time."""
    before = replace(PASSED, day=day(23), verdict=Verdict.FAILED)
    assert headline(replace(EMPTY, tallies=(before, PASSED)))[0] is State.PASSED


def test_a_held_batch_comes_before_a_failure_and_that_before_advice() -> None:
    """What people must act on is said first."""
    advisory = replace(PASSED, severity=Severity.ADVISORY, verdict=Verdict.FAILED)
    required = replace(PASSED, app_id="com.b", verdict=Verdict.FAILED)
    figures = replace(EMPTY, tallies=(PASSED, advisory))
    assert headline(figures) == (
        State.ADVISORY,
        "Nothing is held back; advisory checks fail for 1 of 1 app checked",
    )
    figures = replace(figures, tallies=(*figures.tallies, required))
    assert headline(figures) == (State.FAILED, "A required check fails for 1 of 2 apps checked")
    figures = replace(figures, held=make_figures().held)
    assert headline(figures) == (State.FAILED, "1 batch is held back, waiting for a fix or a decision")


def test_a_whole_run_that_failed_is_no_app() -> None:
    """It is said as what it is."""
    figures = replace(EMPTY, tallies=(PASSED, replace(PASSED, app_id=None, verdict=Verdict.FAILED)))
    assert headline(figures) == (State.FAILED, "A required check of whole runs fails")


def test_a_message_that_nothing_accounts_for_comes_before_all() -> None:
    """Conservation is checked once more, over what the page shows."""
    load = LoadDay(day(24), 1, 0, 100, 90, 5, 3, 0, 0)
    figures = replace(make_figures(), loads=(load,))
    assert headline(figures) == (State.FAILED, "2 messages unaccounted for: report it")
