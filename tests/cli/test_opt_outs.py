"""`pushlift opt-outs` from end to end, against the sandbox."""

from __future__ import annotations

import pytest

from etl.liftoff.sandbox.process import SandboxProcess
from tests.cli.conftest import Shell

IDFA = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"


@pytest.fixture
def office(shell: Shell, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Configure the sandbox as the partner, and drop a list of one id."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-key")
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_OPT_OUT_USER", sandbox.credentials.opt_out_user)
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD", sandbox.credentials.opt_out_password)
    shell.config.write_text(f'[liftoff]\nopt_out_url = "{sandbox.opt_out_url}"\n', encoding="utf-8")
    inbox = shell.config.parent / "opt_outs" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "a.csv").write_text(f"idfa\n{IDFA}\nrubbish\n", encoding="utf-8")
    return shell


def test_a_sweep_says_what_became_of_each_list(office: Shell) -> None:
    """Counts, codes with their sentences, and how all requests stand; nobody is named."""
    dry = office.run("opt-outs", "sweep", "--dry-run")
    assert "would be accepted" in dry.stdout

    shown = office.run("opt-outs", "sweep")

    assert shown.exit_code == 0
    assert "1  accepted" in shown.stdout
    assert "rejected, " in shown.stdout
    assert IDFA not in shown.stdout


def test_requests_are_shown_by_their_hash(office: Shell) -> None:
    """And one by its id, which comes from standard input alone."""
    office.run("opt-outs", "sweep")

    assert office.ask("opt-outs", "status")["counts"]["done"] == 1
    shown = office.run("opt-outs", "show", stdin=f"{IDFA}\n")
    assert "submission: accepted" in shown.stdout
    assert IDFA not in shown.stdout + office.run("opt-outs", "status").stdout


def test_lifting_is_a_dry_run_unless_told(office: Shell) -> None:
    """It needs a reason."""
    office.run("opt-outs", "sweep")

    would = office.run("opt-outs", "lift", "--reason", "a mistake", stdin=f"{IDFA}\n")
    assert "1 requests would be lifted" in would.stdout
    done = office.run("opt-outs", "lift", "--reason", "a mistake", "--yes", stdin=f"{IDFA}\n")
    assert "1 requests are lifted" in done.stdout
    assert office.ask("opt-outs", "status")["counts"]["lifted"] == 1


def test_only_who_waits_is_decided_about_by_number(office: Shell) -> None:
    """A number leads to an id only while a person has to decide."""
    office.run("opt-outs", "sweep")

    assert office.ask("opt-outs", "status")["unaccepted"] == 0
    assert office.run("opt-outs", "confirm", "--request", "1").exit_code == 2
    lifted = office.run("opt-outs", "lift", "--request", "1", "--reason", "a mistake", "--yes")
    assert (lifted.exit_code, office.ask("opt-outs", "status")["counts"]["lifted"]) == (2, 0)


def test_a_verification_fails_on_one_hit(office: Shell) -> None:
    """With exit code 1, and where; whose it is nobody is told."""
    office.run("opt-outs", "sweep")
    clean = office.run("opt-outs", "verify")
    assert (clean.exit_code, "1 requests are verified" in clean.stdout) == (0, True)
    notes = office.config.parent / "notes.txt"
    notes.write_text(IDFA, encoding="utf-8")

    found = office.run("opt-outs", "verify", "--also", str(notes))

    assert found.exit_code == 1
    assert "1  other notes.txt" in found.stdout
    assert IDFA not in found.stdout
    assert office.run("opt-outs", "verify", "--also", "nowhere").exit_code == 2


def test_changed_evidence_is_told(office: Shell) -> None:
    """By the number of the link, with exit code 1; the page says so first."""
    office.run("opt-outs", "sweep")
    (segment,) = (office.config.parent / "opt_outs" / "evidence").rglob("*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-1])
    page = office.config.parent / "page.html"

    found = office.run("opt-outs", "verify")
    office.run("opt-outs", "report", "--output", str(page))

    assert (found.exit_code, "EVIDENCE IS BROKEN: Link 4" in found.stdout) == (1, True)
    assert "The evidence is not what was written: Link 4" in page.read_text(encoding="utf-8")


def test_nobody_is_found_by_nothing(office: Shell) -> None:
    """What names nobody is refused."""
    office.run("opt-outs", "sweep")

    assert office.run("opt-outs", "show", stdin="null\n").exit_code == 2
    assert office.run("opt-outs", "show", stdin="0F9619FF-8B86-D011-B42D-00CF4FC964FF\n").exit_code == 2


def test_what_was_sent_before_is_listed_in_every_form(office: Shell) -> None:
    """For people, as JSON and as CSV, which has its header where there is nothing to list."""
    office.run("opt-outs", "sweep")

    assert "Nothing is known" in office.run("opt-outs", "sent").stdout
    assert office.ask("opt-outs", "sent") == {"sent": []}
    assert office.run("opt-outs", "sent", "--csv").stdout.startswith("number,request,app,mode,event,")


def test_the_key_is_rotated_when_told(office: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run unless --yes; no key is shown."""
    office.run("opt-outs", "sweep")
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "another-key")
    monkeypatch.setenv("PUSHLIFT_HASH_KEYS_BEFORE", '["a-key"]')

    would = office.run("ledger", "rotate-key")
    assert "Nothing was changed" in would.stdout
    assert office.ask("ledger", "rotate-key", "--yes")["is_done"] is False
    done = office.run("ledger", "rotate-key", "--yes")
    assert "nothing to rotate" in done.stdout
    assert "a-key" not in would.stdout + done.stdout
    assert office.run("opt-outs", "show", stdin=f"{IDFA}\n").exit_code == 0
