"""The story of the page of opt-outs: figures from ledger and evidence become a page, the page is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from etl.errors import StoreRefusedWrite
from etl.jobs.proving.evidence import check_evidence
from etl.jobs.proving.story import read_last
from etl.ledger.database import Ledger
from etl.ledger.opt_out_counts import count_unaccepted
from etl.ledger.opt_outs import Request, count_requests, list_requests
from etl.ledger.proving import count_erasures, count_near
from etl.ledger.suppressions import EVERY_APP
from etl.ledger.upgrade import open_current_ledger
from etl.reports.opt_outs import OptOutFigures, ProofLine, RequestLine, judge_opt_outs, render_opt_out_page
from etl.settings import Settings
from etl.stores import open_store

# A person reads no more; `opt-outs status --json` has all of them.
MOST_LINES: Final = 200
_STATES: Final = ("waiting", "open", "done", "lifted")
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class OptOutPage:
    """A page that was written."""

    path: Path
    bytes: int
    open_requests: int
    overdue: int
    evidence_length: int
    headline: str


def gather_opt_outs(settings: Settings, now: datetime) -> OptOutFigures:
    """Gather what the page shows; the chain of evidence is checked for it."""
    ledger = open_current_ledger(settings.storage.ledger)
    evidence = check_evidence(ledger, open_store(settings.storage.opt_outs, settings.storage.options))
    counts, last = count_requests(ledger), read_last(ledger)
    near, overdue = count_near(ledger, now, settings.opt_outs.alert_days)
    return OptOutFigures(
        made_at=now,
        alert_days=settings.opt_outs.alert_days,
        open_requests=counts["open"] + counts["waiting"],
        near=near,
        overdue=overdue,
        lines=tuple(_list_lines(ledger, now)),
        states=tuple((state, counts[state]) for state in _STATES),
        erasures=tuple((name.replace("_", " "), count) for name, count in count_erasures(ledger).items()),
        proof=None if last is None else ProofLine(**asdict(last)),
        evidence_length=evidence.length,
        evidence_head=evidence.head,
        evidence_fault=evidence.fault,
        unaccepted=count_unaccepted(ledger),
    )


def write_opt_out_page(figures: OptOutFigures, path: Path) -> OptOutPage:
    """Write the page to a file, which it replaces."""
    page = render_opt_out_page(figures).encode()
    try:
        path.write_bytes(page)
    except OSError as error:
        raise StoreRefusedWrite(f"{path} cannot be written: {error}") from error
    return OptOutPage(
        path,
        len(page),
        figures.open_requests,
        figures.overdue,
        figures.evidence_length,
        judge_opt_outs(figures)[1],
    )


def describe_opt_out_page(written: OptOutPage) -> Iterator[str]:
    """Say what the page says first, and where it is."""
    yield written.headline
    yield f"{written.open_requests:,} requests are open, {written.overdue:,} of them past the deadline"
    yield f"written to {written.path} ({written.bytes:,} bytes); open it in a browser"


def _list_lines(ledger: Ledger, now: datetime) -> Iterator[RequestLine]:
    for each in islice(list_requests(ledger, states=("open", "waiting")), MOST_LINES):
        yield _make_line(each, now)


def _make_line(request: Request, now: datetime) -> RequestLine:
    return RequestLine(
        number=request.number,
        app_id=None if request.app_id == EVERY_APP else request.app_id,
        kind=request.kind,
        received_at=request.received_at,
        days_left=(request.deadline_at - now).total_seconds() / _SECONDS_A_DAY,
        submission=request.submission,
        erasure=request.erasure,
        is_waiting=request.state == "waiting",
    )
