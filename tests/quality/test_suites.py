"""Suites are the user's to edit: what is broken is named with file, expectation and the way out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from etl.errors import ConfigurationError
from etl.quality.checks import Severity
from etl.quality.expecting import validate_suites
from etl.quality.suites import find_default_folder, load_suites

EXPECTATION = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "campaign"},
    "severity": "warning",
    "notes": "We buy by campaign.",
}


def write(folder: Path, *expectations: dict[str, Any], name: str = "events.json") -> Path:
    """Write a suite."""
    (folder / name).write_text(json.dumps({"name": "mine", "expectations": list(expectations)}))
    return folder


def test_the_shipped_suites_are_whole() -> None:
    """Each shipped expectation has a stable rule of its suite, a severity and a reason."""
    for suite in load_suites(None):
        assert suite.expectations
        for each in suite.expectations:
            assert each.rule_id.startswith(f"{suite.name}.")
            assert each.body["meta"]["rule"] == each.rule_id
            assert each.notes.endswith(".")


def test_the_shipped_suites_are_as_great_expectations_takes_them() -> None:
    """Each shipped expectation can be judged."""
    validate_suites(load_suites(None))


def test_great_expectations_reads_the_files_by_itself() -> None:
    """The files are suites as Great Expectations has them."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - seconds of CPU

    for path in find_default_folder().glob("*.json"):
        body = json.loads(path.read_text())
        assert len(ExpectationSuite(**body).expectations) == len(body["expectations"])


def test_reading_suites_does_not_import_great_expectations() -> None:
    """An hour in which nothing landed does not pay for what it does not need."""
    code = (
        "import sys; from etl.quality.suites import load_suites; load_suites(None);"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_added_expectation_needs_no_code(tmp_path: Path) -> None:
    """Without a rule of its own it is named by suite, type and column."""
    (each,) = load_suites(write(tmp_path, EXPECTATION)).events.expectations
    assert each.rule_id == "events.expect_column_values_to_not_be_null.campaign"
    assert each.severity is Severity.ADVISORY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "expect_column_values_to_not_be_nil"}, "did you mean expect_column_values_to_not_be_null"),
        ({"type": "unexpected_rows_expectation"}, "no expectation of that type"),
        ({"kwargs": {"column": "campain"}}, "no column 'campain'"),
        ({"kwargs": ["campaign"]}, '"kwargs" and "meta" are objects'),
        ({"severity": "fatal"}, "severity is 'fatal'; write one of critical, warning, info"),
        ({"severity": None}, "severity is None"),
        ({"severty": "info"}, "nothing reads severty"),
        ({"meta": {"rule": ""}}, "meta.rule is ''"),
        ({"meta": {"least_rows": "many"}}, "meta.least_rows is 'many'"),
    ],
)
def test_a_broken_expectation_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """The error names file, place and type, and the way out."""
    with pytest.raises(ConfigurationError) as raised:
        load_suites(write(tmp_path, EXPECTATION, EXPECTATION | {"kwargs": {"column": "ip"}} | change))
    assert f"{tmp_path / 'events.json'}, expectation 2 (" in raised.value.message
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON: line 1"),
        ("[]", "is no suite"),
        ('{"expectations": {}}', '"expectations" is no list'),
        ('{"expectations": [1]}', "expectation 1 is no object"),
        ('{"expectation": []}', "nothing reads expectation"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The error names the file, and the way out."""
    path = tmp_path / "batch.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_suites(tmp_path)
    assert str(path) in raised.value.message
    assert said in raised.value.message


def test_two_expectations_of_one_name_are_refused(tmp_path: Path) -> None:
    """The name of a rule is what checks are found by."""
    with pytest.raises(ConfigurationError, match="two expectations are named"):
        load_suites(write(tmp_path, EXPECTATION, EXPECTATION))


def test_a_file_that_judges_nothing_is_refused(tmp_path: Path) -> None:
    """Who writes a suite expects it to judge."""
    with pytest.raises(ConfigurationError, match=r"event\.json judges nothing"):
        load_suites(write(tmp_path, EXPECTATION, name="event.json"))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """A mistyped folder must not mean that nothing is expected."""
    with pytest.raises(ConfigurationError, match="is no folder"):
        load_suites(tmp_path / "expectation")


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"column": "campaign", "min_valeu": 1}, "min_valeu"),
        ({"column": "event_time", "min_value": 5}, "cannot be judged"),
        ({"column": "event_revenue_usd"}, "min_value"),
    ],
)
def test_what_only_great_expectations_sees_is_named(
    tmp_path: Path, kwargs: dict[str, Any], said: str
) -> None:
    """Wrong arguments, and bounds of another type than the column, are found before a batch is judged."""
    broken = EXPECTATION | {"type": "expect_column_values_to_be_between", "kwargs": kwargs}
    with pytest.raises(ConfigurationError) as raised:
        validate_suites(load_suites(write(tmp_path, broken)))
    assert f"{tmp_path / 'events.json'}, expectation 1 (" in raised.value.message
    assert said in raised.value.message
