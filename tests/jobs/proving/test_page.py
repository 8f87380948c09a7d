"""The page of opt-outs from a real ledger and its evidence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.errors import StoreRefusedWrite
from etl.jobs.proving.page import gather_opt_outs, write_opt_out_page
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.reports.opt_outs import judge_opt_outs
from tests.jobs.proving.offices import Office
from tests.jobs.sweep.offices import IDFA


def test_the_page_tells_days_counts_proof_and_evidence(
    office: Office, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """One request waits for Liftoff, the other one is done and verified; nobody is named."""
    sandbox.set_faults({"503": 1.0})
    office.fill()
    office.sweep()
    office.vacuum()
    office.empty_landing()
    office.verify()
    now = datetime.now(UTC)

    figures = gather_opt_outs(office.world.settings, now)
    late = gather_opt_outs(office.world.settings, now + timedelta(days=31))

    (line,) = figures.lines
    assert (line.number, line.app_id, line.submission, round(line.days_left)) == (1, None, "due", 30)
    assert (figures.near, figures.overdue, late.near, late.overdue) == (0, 0, 1, 1)
    assert dict(figures.states) == {"waiting": 0, "open": 1, "done": 1, "lifted": 0}
    assert dict(figures.erasures)["verified"] == 1
    assert figures.proof is not None
    assert figures.proof.is_proven
    assert (figures.evidence_length, figures.evidence_fault) == (len(office.evidence()), None)
    assert judge_opt_outs(replace(figures, unaccepted=2))[1].startswith("Liftoff did not take 2 requests")
    text = write_opt_out_page(figures, tmp_path / "page.html").path.read_text(encoding="utf-8")
    assert IDFA.casefold() not in text.casefold()
    assert not re.search(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", text)
    assert not any(each.subject in text for each in list_requests(office.ledger(), states=("open", "done")))


def test_a_page_that_cannot_be_written_is_explained(office: Office, tmp_path: Path) -> None:
    """With the file's name."""
    figures = gather_opt_outs(office.world.settings, datetime.now(UTC))

    with pytest.raises(StoreRefusedWrite, match="absent"):
        write_opt_out_page(figures, tmp_path / "absent" / "page.html")
