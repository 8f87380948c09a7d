import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli import build_app
from etl.jobs.check import check_installation
from etl.ledger.suppressions import check_hash_key
from etl.ledger.upgrade import upgrade_ledger
from etl.stores import Store, write_object
from tests.services.s3 import S3Server
from tests.services.suites import write_suites

CheckConfig = Callable[[str], dict[str, tuple[int, str]]]


@pytest.fixture
def check(tmp_path: Path) -> CheckConfig:
    """Check a configuration and return each subject's exit code and message."""
    (tmp_path / "landing").mkdir()

    def run(text: str) -> dict[str, tuple[int, str]]:
        file = tmp_path / "pushlift.toml"
        file.write_text(text, encoding="utf-8")
        return {found.subject: (found.exit_code, found.message) for found in check_installation(file)}

    return run


def test_an_installation_in_order(check: CheckConfig, tmp_path: Path) -> None:
    """Everything is said to be in order, and nothing is left behind."""
    findings = check("")

    assert [code for code, _ in findings.values()] == [0, 0, 0, 0, 0, 0, 0, 0]
    assert "nothing has landed yet" in findings["landing"][1]
    assert "the first run creates it" in findings["ledger"][1]
    assert not (tmp_path / "ledger.db").exists()
    assert list((tmp_path / "lake").iterdir()) == []


def test_a_ledger_in_order_is_told_with_its_revision(check: CheckConfig, tmp_path: Path) -> None:
    """A ledger that exists is asked for its revision."""
    upgrade_ledger(f"sqlite:///{tmp_path}/ledger.db").engine.dispose()

    assert check("")["ledger"][1].startswith("is at revision ")


def test_a_hash_key_that_is_not_the_ledgers_is_told(
    check: CheckConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a run fails closed; looking binds the ledger to no key."""
    ledger = upgrade_ledger(f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "another-key-that-was-only-looked-at")
    assert check("")["hash key"] == (0, "is set; its first use binds the ledger to it")

    check_hash_key(ledger, b"the-key-of-the-ledger")
    code, message = check("")["hash key"]
    assert (code, "is not that of the ledger" in message) == (2, True)
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "the-key-of-the-ledger")
    assert check("")["hash key"] == (0, "is the ledger's")
    monkeypatch.delenv("PUSHLIFT_HASH_KEY")
    assert check("")["hash key"][0] == 2


def test_a_ledger_of_another_kind_is_told(check: CheckConfig, tmp_path: Path) -> None:
    """A file that is no ledger is a problem of exit code 2, beside the other findings."""
    (tmp_path / "ledger.db").write_text("no database", encoding="utf-8")

    findings = check("")

    assert findings["ledger"][0] == 2
    assert findings["lake"][0] == 0


def test_only_the_configuration_is_told_when_it_is_wrong(check: CheckConfig) -> None:
    """Nothing else can be checked without it."""
    findings = check("[ingest]\nworkers = -1")

    assert list(findings) == ["configuration"]
    assert findings["configuration"][0] == 2
    assert "ingest.workers = -1" in findings["configuration"][1]


def test_a_missing_landing_does_not_hide_the_rest(check: CheckConfig) -> None:
    """All findings are told together."""
    findings = check("[storage]\nlanding = 'absent'")

    assert findings["landing"][0] == 2
    assert "no such folder; create it" in findings["landing"][1]
    assert findings["lake"][0] == 0


def test_a_landed_object_is_read(check: CheckConfig, tmp_path: Path) -> None:
    """Listing is one right, reading another."""
    (tmp_path / "landing" / "a.gz").write_bytes(b"x")

    assert check("")["landing"] == (0, f"{tmp_path}/landing can be read")


def test_a_broken_suite_is_told(check: CheckConfig, tmp_path: Path) -> None:
    """A person who edits suites learns of a mistake before a run does; without an audit none is read."""
    write_suites(tmp_path / "suites")
    config = "[quality]\nexpectations = 'suites'\n"
    assert check(config)["suites"] == (0, f"in {tmp_path}/suites can be used")

    (tmp_path / "suites" / "events.json").write_text("{", encoding="utf-8")

    assert check(config)["suites"][0] == 2
    assert "events.json" in check(config)["suites"][1]
    assert check(config + "audit = false")["suites"][0] == 0


def test_an_expectation_that_cannot_be_judged_is_told(check: CheckConfig, tmp_path: Path) -> None:
    """What only Great Expectations can see is seen before a run, too: here a bound that is no day."""
    suites = write_suites(tmp_path / "suites")
    body = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "event_date", "min_value": "soon"},
        "severity": "warning",
    }
    text = json.dumps({"name": "events", "expectations": [body]})
    (suites / "events.json").write_text(text, encoding="utf-8")

    code, message = check("[quality]\nexpectations = 'suites'\n")["suites"]
    assert code == 2
    assert "events.json, expectation 1 (expect_column_values_to_be_between)" in message


def test_apps_that_are_sent_need_the_key(check: CheckConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing secret is told by its variable before a backfill needs it."""
    config = "[apps.id1]\nliftoff_app_id = '1'"

    assert check(config)["credentials"][0] == 2
    assert "PUSHLIFT_LIFTOFF_API_KEY" in check(config)["credentials"][1]

    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", "k")
    assert check(config)["credentials"][0] == 0


def test_a_lake_and_a_landing_in_a_bucket(
    check: CheckConfig, s3_store: Store, s3_credentials: S3Server
) -> None:
    """The same checks hold for a real object store."""
    write_object(s3_store, "landing/a.gz", b"x")

    findings = check(
        f"""
        [storage]
        landing = "{s3_store.uri}/landing"
        lake = "{s3_store.uri}/lake"
        [storage.options]
        endpoint_url = "{s3_credentials.options.endpoint_url}"
        region = "us-east-1"
        allow_http = true
        """
    )

    assert findings["landing"] == (0, f"{s3_store.uri}/landing can be read")
    assert findings["lake"][0] == 0


def test_the_command_exits_with_the_worst_finding(tmp_path: Path) -> None:
    """Programs read the exit code or the JSON; both say the same."""
    file = tmp_path / "pushlift.toml"
    file.write_text("", encoding="utf-8")

    shown = CliRunner().invoke(build_app(), ["check", "--json", "--config", str(file)])

    result = json.loads(shown.stdout)
    assert shown.exit_code == 2
    assert not result["is_ok"]
    assert [found["subject"] for found in result["findings"] if found["exit_code"]] == ["landing"]
