"""Notifiers are made of what the environment names."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from etl.airflow.notifying import VARIABLE, build_notifiers, tell, tell_audit_failed, tell_sweep_failed
from etl.errors import ConfigurationError, HeldBackError

FILE_NOTIFIER = "tests.dags.file_notifier.FileNotifier"


def describe(path: Path, text: str = "{{ message }}", notifier: str = FILE_NOTIFIER) -> dict[str, object]:
    """Describe a notifier that writes to a file."""
    return {"notifier": notifier, "arguments": {"path": str(path), "text": text}}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name one in the environment; gives its file."""
    monkeypatch.setenv(VARIABLE, json.dumps([describe(tmp_path / "told.txt")]))
    return tmp_path / "told.txt"


def test_a_message_is_what_a_template_shows(told: Path) -> None:
    """Whatever else the notifier writes is up to its arguments."""
    tell({}, "2 rows are held back.")

    assert told.read_text(encoding="utf-8") == "2 rows are held back.\n"


def test_nobody_is_told_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notifying is a choice."""
    monkeypatch.delenv(VARIABLE, raising=False)

    tell({}, "2 rows are held back.")
    assert build_notifiers(" ") == []


@pytest.mark.parametrize("tell_failed", [tell_audit_failed, tell_sweep_failed])
def test_an_error_of_our_own_is_told_as_it_is(
    told: Path, tell_failed: Callable[[Mapping[str, Any]], None]
) -> None:
    """Another library's text may quote a row, so only its kind is told."""
    tell_failed({"exception": HeldBackError("2 rows are held back.")})
    tell_failed({"exception": KeyError("Zq8xSecret")})

    text = told.read_text(encoding="utf-8")
    assert "2 rows are held back." in text
    assert "KeyError" in text
    assert "Zq8xSecret" not in text


def test_one_that_fails_keeps_no_other_from_telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is raised when all were tried, so that somebody sees it."""
    broken, fine = describe(tmp_path / "absent" / "x"), describe(tmp_path / "told.txt")
    monkeypatch.setenv(VARIABLE, json.dumps([broken, fine]))

    with pytest.raises(FileNotFoundError):
        tell({}, "2 rows are held back.")
    assert (tmp_path / "told.txt").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"notifier": "x"}',
        '[{"notifier": "no.such.Module"}]',
        '[{"arguments": {"token": "s3cret"}}]',
        json.dumps([{"notifier": FILE_NOTIFIER, "arguments": {"token": "s3cret"}}]),
    ],
)
def test_a_description_that_cannot_be_used(text: str) -> None:
    """The error names the variable, and quotes no argument, which may be a secret."""
    with pytest.raises(ConfigurationError, match=VARIABLE) as raised:
        build_notifiers(text)
    assert "s3cret" not in str(raised.value)
