"""Lists as they were dropped: every id of every row is recorded and suppressed, or rejected with a code.

A list is recorded by a keyed hash of its bytes, then its ids with their suppressions, then its manifest is
written; only then it leaves the inbox. A kill in between has it read again, and nothing is recorded twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

import numpy as np

from etl.errors import UnreadableList
from etl.hash_keys import digest_bytes
from etl.jobs.runs import name_run
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.inbox import list_inbox, read_dropped, spell_name, take_away
from etl.jobs.sweep.remains import Hashes, write_lines, write_manifest
from etl.lake.digests import find_digested
from etl.lake.people import look_up_people
from etl.ledger.links import Link, link_subjects
from etl.ledger.opt_out_lists import OptOutListRecord, add_list, find_list, settle_list
from etl.ledger.opt_outs import NewRequest, Request, add_requests
from etl.ledger.suppressions import EVERY_APP
from etl.opt_outs.identifiers import is_told_by_lake
from etl.opt_outs.judging import Judging, judge_list, list_lookups
from etl.opt_outs.lists import OptOutList, read_list
from etl.opt_outs.records import LAKE_FIELDS, Candidate, Identifier, IdType, Judged
from etl.opt_outs.scopes import make_scoper
from etl.stores import LandedObject
from etl.subjects import HASH_DIGITS, fold_identifier, hash_forms, hash_subject

DIGESTS: Final = frozenset({"sha1", "md5"})
RECORDED: Final = 25_000
"""Requests a transaction: hashes fall on all pages of their index, which each transaction writes once."""

_HASH: Final = f"S{HASH_DIGITS}"


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of a list's ids; `name` is masked.

    One that `is_known` was dropped before, and is judged again. `refusal` is the code of a list that could
    not be read at all, which stays in the inbox.
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
    """What became of a list, and its requests: of a dry run all, else those that are not to be erased.

    `sent` are postbacks of before, of people who are suppressed alone.
    """

    report: ListReport
    requests: tuple[NewRequest, ...] = field(default=(), repr=False)
    sent: int = 0


Linker = Callable[[Ground, Sequence[NewRequest]], int]
"""Suppresses what is linked with people who are not to be erased; gives what was sent about them before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lake knows of a list's ids: how often each is, and which ids are behind digests."""

    installs: Mapping[str, int] = field(repr=False)
    digested: Mapping[str, frozenset[str]] = field(repr=False)

    def count_installs(self, identifier: Identifier) -> int:
        """Count the installs of an id, or of all that are behind a digest."""
        behind = self.digested.get(identifier.folded, frozenset())
        return sum(self.installs.get(each, 0) for each in {identifier.folded, *behind})


def receive_lists(ground: Ground, link: Linker) -> Iterator[Received]:
    """Take in every list of the inbox, the oldest first; in a dry run, say only what would become of each."""
    for landed in list_inbox(ground):
        yield receive_list(ground, landed, link)


def receive_list(ground: Ground, landed: LandedObject, link: Linker) -> Received:
    """Take in one list.

    One that was dropped before is judged again: what was rejected, for want of an app's store id for example,
    may be taken by now. What is recorded stays one request.
    """
    name = spell_name(landed)
    try:
        data = read_dropped(ground, landed)
        listed = read_list(landed.key, data)
        judged, seen = judge(ground, listed)
    except UnreadableList as error:
        return Received(ListReport(name, refusal=error.code))
    content_hash, form = digest_bytes(ground.key, data), listed.form
    # Of a long list the bytes and the texts are not to stay beside what was made of them.
    del data, listed
    known = find_list(ground.ledger, content_hash)
    record = OptOutListRecord(
        id=known.id if known else name_run(ground.now),
        content_hash=content_hash,
        form=form,
        # A clock that is ahead must not move a deadline.
        received_at=known.received_at if known else min(landed.modified_at, ground.now),
        accepted=len(judged.accepted),
        duplicates=len(judged.duplicates),
        rejected=len(judged.rejected),
    )
    recorded, sent = _record(ground, record, _make_requests(ground, record, judged, seen), seen), 0
    if not ground.is_dry_run:
        sent = link(ground, recorded.kept)
        write_manifest(ground, record, recorded.subjects)
        waiting = _list_waiting(ground, judged, seen) if recorded.waiting else []
        write_lines(ground, record, judged.rejected, waiting)
        settle_list(ground.ledger, record.id)
        take_away(ground, landed)
    report = ListReport(
        name=name,
        list_id=record.id,
        form=form,
        accepted=len(judged.accepted),
        duplicates=len(judged.duplicates),
        waiting=recorded.waiting,
        rejected=dict(sorted(Counter(each.code for each in judged.rejected).items())),
        is_known=known is not None and known.settled_at is not None,
    )
    return Received(report, recorded.kept, sent)


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
            add_requests(ground.ledger, [_let_go(each) for each in chunk])
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
        identifier=identifier.text,
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


def _let_go(new: NewRequest) -> NewRequest:
    """Leave out the id of a request of which nothing is due."""
    if new.request.state != "done":
        return new
    return replace(new, request=replace(new.request, identifier=None))


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


def _list_waiting(ground: Ground, judged: Judged, seen: Seen) -> list[tuple[int, int]]:
    """List the lines of ids that wait for a person, and how many installs each has."""
    counted = ((each.line, seen.count_installs(each.identifier)) for each in judged.accepted)
    return [
        (line, installs) for line, installs in counted if installs > ground.settings.opt_outs.most_installs
    ]
