"""What is asked and decided about one person, by an id that comes from standard input and goes nowhere."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

from etl.appsflyer.masking import mask_ids
from etl.errors import UsageError
from etl.jobs.keys import require_keys
from etl.jobs.steering import Word
from etl.jobs.sweep.ground import survey
from etl.jobs.sweep.linking import suppress_linked
from etl.jobs.sweep.receiving import DIGESTS
from etl.jobs.sweep.story import LOCK_SECONDS, SWEEP_LOCK, WAIT_SECONDS
from etl.lake.digests import find_digested
from etl.ledger.holding import hold_lock
from etl.ledger.links import Link, find_linking, link_subjects
from etl.ledger.opt_outs import (
    NewRequest,
    Request,
    find_requests,
    lift_requests,
    require_request,
)
from etl.ledger.upgrade import open_current_ledger
from etl.ledger.waiting import confirm_requests, find_waiting
from etl.settings import Secrets, Settings
from etl.stores import open_store
from etl.subjects import fold_identifier, hash_forms, hash_subject, is_placeholder


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as it is shown: by its number and keyed hash, never by the id.

    One that `is_linked` names another id, with which this one was suppressed.
    """

    number: int
    subject: str
    app_id: str
    kind: str
    state: str
    submission: str
    erasure: str
    requested_at: datetime
    deadline_at: datetime
    suppressed_at: datetime | None
    answered_at: datetime | None
    erased_at: datetime | None
    verified_at: datetime | None
    installs: int | None
    lifted_at: datetime | None
    lift_reason: str | None
    is_linked: bool = False


def show_person(settings: Settings, identifier: str, secrets: Secrets | None = None) -> list[RequestView]:
    """Show every request of an id, of a digest of it, and those with which it was suppressed.

    Raises UsageError where there is none.
    """
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    forms = hash_forms(key, check_identifier(identifier))
    linking = find_linking(ledger, forms)
    subjects = {subject for subject, _ in linking}
    named = find_requests(ledger, forms)
    linked = [each for each in find_requests(ledger, subjects - {*forms}) if _place(each) in linking]
    require_request([*named, *linked])
    return [*(_view(each) for each in named), *(_view(each, is_linked=True) for each in linked)]


def count_liftable(settings: Settings, identifier: str, secrets: Secrets | None = None) -> int:
    """Count the requests that lifting an id would lift; UsageError where it has none."""
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    found = require_request(find_requests(ledger, [hash_subject(key, check_identifier(identifier))]))
    return sum(each.state != "lifted" for each in found)


def read_waiting(settings: Settings, number: int) -> str:
    """Give the id of a request that waits, by its number: for `confirm_person` and `lift_person`."""
    return find_waiting(open_current_ledger(settings.storage.ledger), number)


def lift_person(
    settings: Settings,
    identifier: str,
    word: Word,
    secrets: Secrets | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> int:
    """Undo every request of an id, a mistake or somebody who consents again; gives how many.

    What was erased stays erased. Waits for a sweep that is under way: it would go on to erase, submit and
    suppress whom it read before. Raises UsageError without a reason, or where there is no request; LockHeld.
    """
    if not word.reason:
        raise UsageError("Say why; it is kept in the ledger.")
    reason = mask_ids(word.reason)
    ledger = open_current_ledger(settings.storage.ledger)
    with hold_lock(ledger, SWEEP_LOCK, LOCK_SECONDS, wait_seconds):
        key = require_keys(ledger, secrets).subjects
        subject = hash_subject(key, check_identifier(identifier))
        require_request(find_requests(ledger, [subject]))
        return lift_requests(ledger, subject, hash_forms(key, identifier), word.name, reason)


def confirm_person(settings: Settings, identifier: str, secrets: Secrets | None = None) -> int:
    """Let the requests of an id of many installs go on, which waited for a person; gives how many.

    Who let them is in the evidence.
    """
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    text = check_identifier(identifier)
    subject = hash_subject(key, text)
    found = require_request(find_requests(ledger, [subject]))
    waiting = [each for each in found if each.state == "waiting"]
    count = confirm_requests(ledger, subject, hash_forms(key, text), Word().name)
    shared = [replace(each, state="open", identifier=text) for each in waiting if each.kind == "do_not_share"]
    suppress_linked(survey(settings, secrets), [NewRequest(each, ()) for each in shared])
    if any(each.id_type in DIGESTS for each in waiting):
        lake = open_store(settings.storage.lake, settings.storage.options)
        for behind in find_digested(lake, [text]).get(fold_identifier(text), ()):
            forms = hash_forms(key, behind)
            link_subjects(
                ledger, [Link(subject, each.app_id, each.app_id, forms, each.kind) for each in waiting]
            )
    return count


def check_identifier(identifier: str) -> str:
    """Accept what names somebody; UsageError for nothing, and for what names nobody."""
    text = identifier.strip()
    if is_placeholder(text):
        raise UsageError("Give one id on standard input, and nothing else: nobody is named by what came.")
    return text


def _place(request: Request) -> tuple[str, str]:
    return request.subject, request.app_id


def _view(request: Request, *, is_linked: bool = False) -> RequestView:
    names = [each.name for each in fields(RequestView) if each.name != "is_linked"]
    return RequestView(**{name: getattr(request, name) for name in names}, is_linked=is_linked)
