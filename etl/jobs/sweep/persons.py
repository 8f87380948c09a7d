"""What is asked and decided about one person, by an id that comes from standard input and goes nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl.errors import UsageError
from etl.jobs.keys import require_keys
from etl.jobs.steering import Word
from etl.jobs.sweep.receiving import DIGESTS
from etl.lake.digests import find_digested
from etl.ledger.links import Link, link_subjects
from etl.ledger.opt_outs import Request, confirm_requests, find_requests, lift_requests, require_request
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings
from etl.stores import open_store
from etl.subjects import fold_identifier, hash_forms, hash_subject, is_placeholder


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as it is shown: by its keyed hash, never by the id."""

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


def show_person(settings: Settings, identifier: str, secrets: Secrets | None = None) -> list[RequestView]:
    """Show every request of an id; UsageError where there is none."""
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    found = require_request(find_requests(ledger, [hash_subject(key, check_identifier(identifier))]))
    return [_view(each) for each in found]


def lift_person(settings: Settings, identifier: str, word: Word, secrets: Secrets | None = None) -> int:
    """Undo every request of an id, a mistake or somebody who consents again; gives how many.

    What was erased stays erased. Raises UsageError without a reason, or where there is no request.
    """
    if not word.reason:
        raise UsageError("Say why; it is kept in the ledger.")
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    subject = hash_subject(key, check_identifier(identifier))
    require_request(find_requests(ledger, [subject]))
    return lift_requests(ledger, subject, hash_forms(key, identifier), word.name, word.reason)


def confirm_person(settings: Settings, identifier: str, secrets: Secrets | None = None) -> int:
    """Let the requests of an id of many installs go on, which waited for a person; gives how many."""
    ledger = open_current_ledger(settings.storage.ledger)
    key = require_keys(ledger, secrets).subjects
    text = check_identifier(identifier)
    subject = hash_subject(key, text)
    found = require_request(find_requests(ledger, [subject]))
    waiting = [each for each in found if each.state == "waiting"]
    count = confirm_requests(ledger, subject, hash_forms(key, text))
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


def _view(request: Request) -> RequestView:
    return RequestView(**{name: getattr(request, name) for name in RequestView.__dataclass_fields__})
