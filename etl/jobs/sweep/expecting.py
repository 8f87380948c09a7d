"""What lists ask for: what is expected of those that nobody took in yet, and who is suppressed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etl.jobs.sweep.receiving import Received
from etl.ledger.database import Ledger
from etl.ledger.opt_outs import Request, find_requests
from etl.ledger.sent import RequestKey


def expect_requests(ledger: Ledger, received: Sequence[Received]) -> list[Request]:
    """Say which open requests lists would add to those that are recorded, each once."""
    known = {
        (each.subject, each.app_id): each
        for each in find_requests(
            ledger, (each.request.subject for found in received for each in found.requests)
        )
    }
    expected: dict[tuple[str, str], Request] = {}
    for each in (new.request for found in received for new in found.requests):
        before = known.get((each.subject, each.app_id)) or expected.get((each.subject, each.app_id))
        if each.state != "open":
            continue
        if before is None or _is_anew(before, each):
            expected[each.subject, each.app_id] = each
        elif _is_told(before, each):
            expected[each.subject, each.app_id] = replace(each, erasure=before.erasure)
    return list(expected.values())


def list_kept(received: Sequence[Received]) -> dict[str, tuple[RequestKey, ...]]:
    """Give whose request each keyed hash is of, of people who are suppressed and not erased."""
    owners: dict[str, tuple[RequestKey, ...]] = {}
    for new in (new for found in received for new in found.requests):
        request = new.request
        if request.state != "waiting" and request.erasure == "not_needed":
            for form in new.forms:
                owners[form] = (*owners.get(form, ()), (request.subject, request.app_id))
    return owners


def _is_anew(old: Request, new: Request) -> bool:
    """Tell whether a wish begins a request anew that is recorded already, as the ledger does."""
    if old.kind == "erase" and new.kind != "erase":
        return old.state == "lifted"
    return old.state in {"lifted", "waiting"} or new.kind != old.kind


def _is_told(old: Request, new: Request) -> bool:
    """Tell whether Liftoff is told of what it was not told of, or did not take."""
    is_untold = old.submission in {"not_needed", "refused", "not_processed"}
    return old.state != "waiting" and new.submission == "due" and is_untold
