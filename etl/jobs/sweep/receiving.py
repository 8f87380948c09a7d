"""Lists as they were dropped: every id of every row is recorded and suppressed, or rejected with a code.

A list is recorded by a keyed hash of its bytes, then its ids with their suppressions, then its manifest is
written; only then it leaves the inbox. A kill in between has it read again, and nothing is recorded twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

import numpy as np
import numpy.typing as npt

from etl.appsflyer.masking import mask_ids
from etl.errors import UnreadableList
from etl.hash_keys import digest_bytes, list_keys
from etl.jobs.runs import name_run
from etl.jobs.sweep.ground import Ground
from etl.lake.digests import find_digested
from etl.lake.people import look_up_people
from etl.ledger.links import Link, link_subjects
from etl.ledger.opt_out_lists import OptOutListRecord, add_list, find_list, settle_list
from etl.ledger.opt_outs import NewRequest, Request, add_requests
from etl.ledger.suppressions import EVERY_APP
from etl.opt_outs.identifiers import is_told_by_lake
from etl.opt_outs.judging import Judging, judge_list, list_lookups
from etl.opt_outs.lists import OptOutList, read_list
from etl.opt_outs.records import LAKE_FIELDS, Candidate, Identifier, IdType, Judged, Rejected
from etl.opt_outs.scopes import make_scoper
from etl.stores import LandedObject, delete_object, find_object, list_objects, read_object, write_object
from etl.subjects import HASH_DIGITS, fold_identifier, hash_forms, hash_subject

INBOX: Final = "inbox/"
DONE: Final = "done/"
REJECTED: Final = "rejected/"
DIGESTS: Final = frozenset({"sha1", "md5"})
RECORDED: Final = 25_000
"""Requests a transaction: hashes fall on all pages of their index, which each transaction writes once."""

_HASH: Final = f"S{HASH_DIGITS}"

Hashes = npt.NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of a list's ids; `name` is masked. One that `is_known` was dropped before.

    `refusal` is the code of a list that could not be read at all, which stays in the inbox.
    """

    name: str
    list_id: str | None = None
    form: str | None = None
    accepted: int = 0
    duplicates: int = 0
    waiting: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    is_known: bool = False
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a list, and its requests: of a dry run all, else those that are not to be erased."""

    report: ListReport
    requests: tuple[NewRequest, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lake knows of a list's ids: how often each is, and which ids are behind digests."""

    installs: Mapping[str, int] = field(repr=False)
    digested: Mapping[str, frozenset[str]] = field(repr=False)

    def count_installs(self, identifier: Identifier) -> int:
        """Count the installs of an id, or of all that are behind a digest."""
        behind = self.digested.get(identifier.folded, frozenset())
        return sum(self.installs.get(each, 0) for each in {identifier.folded, *behind})


def receive_lists(ground: Ground) -> Iterator[Received]:
    """Take in every list of the inbox, the oldest first; in a dry run, say only what would become of each."""
    found = sorted(list_objects(ground.opt_outs, INBOX), key=lambda each: (each.modified_at, each.key))
    for landed in found:
        yield receive_list(ground, landed)


def receive_list(ground: Ground, landed: LandedObject) -> Received:
    """Take in one list."""
    name = mask_ids(landed.key.removeprefix(INBOX))
    data = read_object(ground.opt_outs, landed)
    content_hash = digest_bytes(ground.key, data)
    known = find_list(ground.ledger, content_hash)
    if known is not None and known.settled_at is not None:
        _take_away(ground, landed)
        return Received(ListReport(name, known.id, known.form, is_known=True))
    try:
        listed = read_list(landed.key, data)
        judged, seen = judge(ground, listed)
    except UnreadableList as error:
        return Received(ListReport(name, refusal=error.code))
    form = listed.form
    # Of a long list the bytes and the texts are not to stay beside what was made of them.
    del data, listed
    record = known or OptOutListRecord(
        id=name_run(ground.now),
        content_hash=content_hash,
        form=form,
        received_at=landed.modified_at,
        accepted=len(judged.accepted),
        duplicates=len(judged.duplicates),
        rejected=len(judged.rejected),
    )
    recorded = _record(ground, record, _make_requests(ground, record, judged, seen), seen)
    if not ground.is_dry_run:
        _write_manifest(ground, record, recorded.subjects, judged.rejected)
        settle_list(ground.ledger, record.id)
        _take_away(ground, landed)
    report = ListReport(
        name=name,
        list_id=record.id,
        form=form,
        accepted=len(judged.accepted),
        duplicates=len(judged.duplicates),
        waiting=recorded.waiting,
        rejected=dict(sorted(Counter(each.code for each in judged.rejected).items())),
    )
    return Received(report, recorded.kept)


def judge(ground: Ground, listed: OptOutList) -> tuple[Judged, Seen]:
    """Judge a list's ids by what the lake has seen; then see with how many installs it has those accepted."""
    lookups = look_up_people(ground.lake, list_lookups(listed))
    stores = {app_id: app.app_store_id for app_id, app in ground.settings.apps.items()}

    def see(folded: str) -> frozenset[IdType]:
        return frozenset(LAKE_FIELDS[name] for name in lookups.fields.get(folded, ()) if name in LAKE_FIELDS)

    judged = judge_list(listed, Judging(ground.now, make_scoper(stores), see))
    # Whatever the lake tells the type of has been looked up.
    others = (each.identifier for each in judged.accepted if not is_told_by_lake(each.identifier.id_type))
    digests = {each.identifier.folded for each in judged.accepted if each.identifier.id_type in DIGESTS}
    digested = find_digested(ground.lake, digests)
    found = look_up_people(ground.lake, chain((each.folded for each in others), *digested.values()))
    return judged, Seen({**lookups.installs, **found.installs}, digested)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What was recorded of a list: the keyed hashes of its ids, how many wait, and what is kept of them."""

    subjects: Hashes = field(repr=False)
    waiting: int
    kept: tuple[NewRequest, ...] = field(repr=False)


def _record(
    ground: Ground, record: OptOutListRecord, requests: Iterator[NewRequest], seen: Seen
) -> _Recorded:
    """Record requests with their suppressions, some thousand at a time; in a dry run, only count them."""
    hashes, waiting = [np.empty(0, _HASH)], 0
    kept: list[NewRequest] = []
    if not ground.is_dry_run:
        add_list(ground.ledger, record)
    while chunk := list(islice(requests, RECORDED)):
        if not ground.is_dry_run:
            add_requests(ground.ledger, chunk)
            link_subjects(ground.ledger, list(_link_digested(ground, chunk, seen)))
        hashes.append(np.array([each.request.subject for each in chunk], _HASH))
        waiting += sum(each.request.state == "waiting" for each in chunk)
        kept += _keep(ground, chunk)
    return _Recorded(np.unique(np.concatenate(hashes)), waiting, tuple(kept))


def _make_requests(
    ground: Ground, record: OptOutListRecord, judged: Judged, seen: Seen
) -> Iterator[NewRequest]:
    """Make the requests of a list, in the order of their hashes.

    So they lie in the ledger in the order in which they are found again: in any other, each of some thousand
    that change together would be on a page of its own.
    """
    accepted = judged.accepted
    hashes = (hash_subject(ground.key, each.identifier.text).encode() for each in accepted)
    for place in np.argsort(np.fromiter(hashes, _HASH, len(accepted))).tolist():
        each = accepted[place]
        installs = seen.count_installs(each.identifier)
        for app_id in each.scope.app_ids or (EVERY_APP,):
            yield _make_request(ground, record, each, app_id, installs)


def _make_request(
    ground: Ground, record: OptOutListRecord, found: Candidate, app_id: str, installs: int
) -> NewRequest:
    identifier = found.identifier
    settings = ground.settings.opt_outs
    asked_at: datetime = found.requested_at or record.received_at
    is_submitted, is_erased = identifier.is_for_liftoff, found.kind == "erase"
    is_over = not is_submitted and not is_erased
    is_waiting = installs > settings.most_installs
    forms = _hash_forms(ground, identifier)
    request = Request(
        subject=forms[0],
        app_id=app_id,
        id_type=identifier.id_type,
        kind=found.kind,
        identifier=None if is_over and not is_waiting else identifier.text,
        store_id=None if app_id == EVERY_APP else ground.settings.apps[app_id].app_store_id,
        list_id=record.id,
        requested_at=asked_at,
        received_at=record.received_at,
        deadline_at=asked_at + timedelta(days=settings.deadline_days),
        installs=installs,
        state="waiting" if is_waiting else "done" if is_over else "open",
        submission="due" if is_submitted else "not_needed",
        erasure="due" if is_erased else "not_needed",
    )
    return NewRequest(request, forms)


def _hash_forms(ground: Ground, identifier: Identifier) -> tuple[str, ...]:
    """Hash the forms of an id; a digest has none but itself."""
    if identifier.id_type in DIGESTS:
        return (hash_subject(ground.key, identifier.text),)
    return hash_forms(ground.key, identifier.text)


def _keep(ground: Ground, requests: Sequence[NewRequest]) -> Iterator[NewRequest]:
    """Keep what the sweep still asks for: of a long list, hashes of all forms take most of the memory."""
    for each in requests:
        if each.request.erasure == "not_needed":
            yield each
        elif ground.is_dry_run:
            yield NewRequest(each.request, ())


def _link_digested(ground: Ground, requests: Sequence[NewRequest], seen: Seen) -> Iterator[Link]:
    """Suppress the ids behind digests with these: postbacks and rows tell of them by the ids themselves."""
    for request in (each.request for each in requests if each.request.id_type in DIGESTS):
        if request.state != "waiting":
            for text in seen.digested.get(fold_identifier(str(request.identifier)), ()):
                forms = hash_forms(ground.key, text)
                yield Link(request.subject, request.app_id, request.app_id, forms, request.kind)


def _write_manifest(
    ground: Ground, record: OptOutListRecord, subjects: Hashes, rejected: Sequence[Rejected]
) -> None:
    """Write what remains of a list: counts and keyed hashes; of what was rejected, lines and codes."""
    manifest = {
        "list": record.id,
        "form": record.form,
        "received_at": record.received_at.isoformat(),
        "accepted": record.accepted,
        "duplicates": record.duplicates,
        "rejected": record.rejected,
        "keys": len(list_keys(ground.key)),
        "subjects": [],
    }
    head, tail = json.dumps(manifest, indent=1).encode().rsplit(b"[]", 1)
    content = b"".join((head, b"[", _spell_hashes(subjects), b"]", tail))
    write_object(ground.opt_outs, f"{DONE}{record.id}.json", content)
    if rejected:
        lines = [{"line": each.line, "code": each.code} for each in rejected]
        text = json.dumps({"list": record.id, "rejected": lines}, indent=1)
        write_object(ground.opt_outs, f"{REJECTED}{record.id}.json", text.encode())


def _spell_hashes(hashes: Hashes) -> bytes:
    """Spell hashes as JSON has them within a list, one a line: a million of them as one array."""
    before, after = b'\n  "', b'",'
    lines = np.empty((len(hashes), len(before) + HASH_DIGITS + len(after)), np.uint8)
    lines[:, : len(before)] = np.frombuffer(before, np.uint8)
    lines[:, len(before) : -len(after)] = hashes.view(np.uint8).reshape(-1, HASH_DIGITS)
    lines[:, -len(after) :] = np.frombuffer(after, np.uint8)
    return lines.tobytes().rstrip(b",")


def _take_away(ground: Ground, landed: LandedObject) -> None:
    """Delete a list from the inbox, unless somebody has put another in its place meanwhile."""
    if ground.is_dry_run:
        return
    present = find_object(ground.opt_outs, landed.key)
    if present is not None and present.version == landed.version:
        delete_object(ground.opt_outs, landed.key)
