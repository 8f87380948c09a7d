"""Turn how expectations ended into checks: figures and names of the schema, never a value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from etl.appsflyer.fields import BY_NAME
from etl.quality.checks import Check, Verdict
from etl.quality.expecting import Outcome
from etl.quality.offered import SHARE_OF
from etl.quality.suites import Expectation

# What GX takes beside what is expected.
_NOT_EXPECTED: Final = frozenset(
    {
        "column",
        "column_A",
        "column_B",
        "column_list",
        "condition_parser",
        "ignore_row_if",
        "mostly",
        "row_condition",
    }
)
_PLAIN: Final = (int, float)


def to_check(
    outcome: Outcome, suite: str, app_id: str | None, row: Mapping[str, float] | None = None
) -> Check:
    """Make the check of an outcome; `row` is the batch's figures, where these were judged."""
    expectation = outcome.expectation
    judged = _count_judged(outcome.result) if row is None else _count_behind(expectation, row)
    too_few = (
        not outcome.success and not outcome.raised and judged is not None and judged < expectation.least_rows
    )
    passed = outcome.success or too_few
    return Check(
        rule_id=expectation.rule_id,
        suite=suite,
        severity=expectation.severity,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        app_id=app_id,
        subject=_name_subject(expectation),
        observed=_find_figure(expectation, row) if row is not None else _find_observed(outcome),
        threshold=spell_threshold(expectation),
        detail=_tell(outcome, too_few=too_few),
    )


def spell_threshold(expectation: Expectation) -> str:
    """Say what an expectation wants, in its own words."""
    kwargs = expectation.kwargs
    mostly = kwargs.get("mostly", 1)
    wanted = ", ".join(
        f"{name} {_spell(value)}" for name, value in kwargs.items() if name not in _NOT_EXPECTED
    )
    type_ = expectation.type.removeprefix("expect_").replace("_", " ")
    share = "" if mostly == 1 else f", in at least {100 * float(mostly):g} % of rows"
    return f"{type_}{f' ({wanted})' if wanted else ''}{share}"


def _name_subject(expectation: Expectation) -> str:
    kwargs = expectation.kwargs
    pair = [str(kwargs[name]) for name in ("column", "column_A", "column_B") if name in kwargs]
    return ", ".join(pair or map(str, kwargs.get("column_list", ())))


def _count_judged(result: Mapping[str, Any]) -> int | None:
    rows = result.get("element_count")
    return None if rows is None else int(rows) - int(result.get("missing_count") or 0)


def _count_behind(expectation: Expectation, row: Mapping[str, float]) -> int:
    """Count the rows that a figure was made from."""
    return int(row[SHARE_OF.get(str(expectation.kwargs.get("column")), "rows")])


def _find_figure(expectation: Expectation, row: Mapping[str, float]) -> float | None:
    column = expectation.kwargs.get("column", expectation.kwargs.get("column_A"))
    figure = row.get(str(column))
    return None if figure is None else float(figure)


def _find_observed(outcome: Outcome) -> float | None:
    """Find the figure: the share of unexpected values in percent, else the number that was observed.

    A number made from a personal field may be a person's, unless it counts.
    """
    result = outcome.result
    if "unexpected_percent" in result:
        return _number(result["unexpected_percent"])
    expectation = outcome.expectation
    is_told = is_figure_told(expectation.type, expectation.kwargs)
    return _number(result.get("observed_value")) if is_told else None


def is_figure_told(type_: str, kwargs: Mapping[str, Any]) -> bool:
    """Tell whether an observed number may be told: it counts, or comes from fields that are not personal."""
    names = (str(kwargs.get(key)) for key in ("column", "column_A", "column_B"))
    is_personal = any(name in BY_NAME and BY_NAME[name].is_personal for name in names)
    return "count" in type_ or "proportion" in type_ or not is_personal


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, _PLAIN) and not isinstance(value, bool) else None


def _spell(value: object) -> str:
    # What a suite lists may be somebody's: a forbidden test device, say.
    return f"of {len(value)}" if isinstance(value, list) else str(value)


def _tell(outcome: Outcome, *, too_few: bool) -> str:
    notes = outcome.expectation.notes
    if outcome.raised:
        # Its message may quote a value.
        return f"It could not be judged ({outcome.raised}): mend the expectation. {notes}"
    return (
        f"Fewer than {outcome.expectation.least_rows} values: too few to judge. {notes}" if too_few else notes
    )
