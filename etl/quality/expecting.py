"""Great Expectations at work: one frame, one suite, one validation; figures out, never a value of a row.

Importing it takes seconds, so this module imports it in functions, and only a batch to judge calls them.
Nothing here reaches the network: the context lives in memory, and GX 1.24 sends no usage statistics.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from etl.errors import ConfigurationError
from etl.quality.samples import sample_frame
from etl.quality.suites import Expectation, Suite, Suites

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

# Counts, and no unexpected value. SUMMARY has the same counts and takes a quarter longer.
_RESULT_FORMAT: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}
_RULE: Final = "pushlift_rule"
_PREPARING: Final = threading.RLock()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one expectation ended; `raised` names the kind of error where it could not be judged."""

    expectation: Expectation
    success: bool
    result: Mapping[str, Any]
    raised: str = ""
    message: str = ""


def prepare() -> None:
    """Import Great Expectations and open its context: seconds of CPU, to be spent beside other work."""
    _batch_definition()


def _import() -> None:
    """Import Great Expectations, quietly.

    Whoever uses it calls this before: its modules import each other, so a thread that imports one of them
    while another thread imports the whole finds it half made.
    """
    logger = logging.getLogger("great_expectations")
    # It says of each of its metrics that it is not registered twice.
    logger.setLevel(max(logger.level, logging.ERROR))
    with _PREPARING:
        import great_expectations  # noqa: F401, PLC0415 - seconds of CPU


def expect(
    frame: pd.DataFrame, suite: Suite, expectations: Iterable[Expectation] | None = None
) -> list[Outcome]:
    """Judge a frame by a suite, or by some expectations of it, in their order."""
    chosen = suite.expectations if expectations is None else tuple(expectations)
    if not chosen:
        return []
    validation = validate(frame, build(suite, chosen))
    found = {_rule_of(each): each for each in validation.results}
    return [_read_result(each, found[each.rule_id]) for each in chosen]


def _rule_of(result: Any) -> str:  # noqa: ANN401 - GX's own result
    return str(result.expectation_config.meta[_RULE])


def validate(frame: pd.DataFrame, built: ExpectationSuite) -> ExpectationSuiteValidationResult:
    """Validate a frame once, by a suite as Great Expectations has it."""
    batch = _batch_definition().get_batch({"dataframe": frame})
    return batch.validate(built, result_format=_RESULT_FORMAT)


def validate_suites(suites: Suites) -> None:
    """Try each expectation on made-up rows; raises ConfigurationError naming file and expectation.

    What only Great Expectations can see is seen here: arguments that an expectation does not take, bounds
    of another type than the column.
    """
    for suite in suites:
        for place, expectation in enumerate(suite.expectations, start=1):
            where = f"{suite.path}, expectation {place} ({expectation.type})"
            _try(where, suite, expectation)


def _try(where: str, suite: Suite, expectation: Expectation) -> None:
    try:
        build(suite, (expectation,))
    except Exception as error:
        raise ConfigurationError(f"{where} is not as Great Expectations takes it: {_tell(error)}") from error
    # The rows are made up, so what is told of them tells nothing of people.
    outcome = expect(sample_frame(suite), suite, (expectation,))[0]
    if outcome.raised:
        raise ConfigurationError(
            f"{where} cannot be judged: {outcome.raised}: {outcome.message}; look at its kwargs and at the"
            " type of its column."
        )


def _tell(error: Exception) -> str:
    """Tell an error in one line; a validation error names the argument and what is wrong with it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ": ".join(lines[1:3] if len(lines) > 1 else lines) or type(error).__name__


def build(suite: Suite, expectations: Iterable[Expectation]) -> ExpectationSuite:
    """Build a suite as Great Expectations has it; raises its own errors where it takes an expectation not."""
    _import()
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415 - seconds of CPU

    bodies = [
        {**each.body, "meta": {**(each.body.get("meta") or {}), _RULE: each.rule_id}} for each in expectations
    ]
    built = ExpectationSuite(name=suite.name, expectations=bodies)
    if len(built.expectations) != len(bodies):
        raise ConfigurationError(f"Great Expectations did not take every expectation of {suite.path}.")
    return built


def open_context() -> EphemeralDataContext:
    """Open a context in memory, without telemetry and progress bars."""
    _import()
    import great_expectations as gx  # noqa: PLC0415 - seconds of CPU
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 - the same

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _batch_definition() -> BatchDefinition[Any]:
    """Give the batch's definition; a thread that prepares it is waited for."""
    with _PREPARING:
        return _define_batch()


@cache
def _define_batch() -> BatchDefinition[Any]:
    """Define the batch once a process: it holds names, and no frame."""
    context = open_context()
    asset = context.data_sources.add_pandas("pushlift").add_dataframe_asset("batch")
    return asset.add_batch_definition_whole_dataframe("whole")


def _read_result(expectation: Expectation, result: Any) -> Outcome:  # noqa: ANN401 - GX's own result
    raised = _find_exception(result.exception_info)
    if raised is None:
        return Outcome(expectation, bool(result.success), result.result)
    kind, _, message = raised.partition(": ")
    return Outcome(expectation, success=False, result={}, raised=kind.rpartition(".")[2], message=message)


def _find_exception(info: Any) -> str | None:  # noqa: ANN401 - one exception, or one a metric
    """Give the last line of the first traceback: the kind of the error and what it says."""
    if not info:
        return None
    if "raised_exception" in info:
        info = {"": info}
    for each in info.values():
        if each["raised_exception"]:
            lines = (each["exception_traceback"] or each["exception_message"]).strip().splitlines()
            return str(lines[-1])
    return None
