"""People on their way out: what the lake links with them is suppressed too, then lake and ledger forget them.

Where landed objects are kept, a request ends as `erased_except_landing`: what landed of a person is left out
of every ingest from then on, or is kept without them. Files that an erasure replaced are deleted by upkeep,
past their retention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain

from etl.hash_keys import HashKey
from etl.jobs.erasing import erase_exports, erase_people
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.reconciling import reconcile_all
from etl.jobs.rewriting import RewritingReport
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.landing import LandingReport, honour_in_landing
from etl.jobs.sweep.leaving import Leaving, LeavingRequest
from etl.jobs.sweep.pulled import honour_in_pulled
from etl.lake.anonymize import choose_new_ids
from etl.lake.digests import find_digested
from etl.lake.erase import FoundRows, TableErasure
from etl.lake.links import Links, find_links, find_shared
from etl.lake.wanted import Wanted, WantedId
from etl.ledger.forgetting import forget_people
from etl.ledger.links import Link, link_subjects
from etl.ledger.opt_outs import Erasure, Request, record_erasure, stream_due
from etl.ledger.plans import list_plans
from etl.ledger.sent import RequestKey, find_sent, note_sent
from etl.ledger.suppressions import EVERY_APP
from etl.ledger.waiting import list_confirmed
from etl.subjects import fold_identifier, hash_forms


@dataclass(frozen=True, slots=True)
class ErasingReport:
    """What was erased, or in a dry run would be: requests, ids that the lake linked with theirs, and counts.

    `shared` are linked ids that too many installs have: they are left alone. `held` are rows that wait for a
    decision, `exported` rows of registered exports, `postbacks` rows of the ledger that lost their personal
    values, and `sent` those of which Liftoff has, or may have, heard before. `pulled` are files of the Pull
    API: while one of them is left, requests stay due. What the erasure replaced is deleted by the first
    upkeep after `physical_after`. A dry run tells in which `files` of the tables.
    """

    requests: int = 0
    linked: int = 0
    shared: int = 0
    tables: tuple[TableErasure, ...] = ()
    held: int = 0
    exported: int = 0
    postbacks: int = 0
    sent: int = 0
    landing: LandingReport = field(default_factory=LandingReport)
    pulled: RewritingReport = field(default_factory=RewritingReport)
    physical_after: datetime | None = None
    files: tuple[FoundRows, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Whom requests are for: those that a digest stands for, by it, and what the lake links with all."""

    requests: Leaving
    digested: Mapping[str, frozenset[str]]
    links: Links
    shared: int

    def ids_of(self, identifier: str) -> Iterator[str]:
        """Give the ids that a request names: its own, and those behind it where it is a digest."""
        yield identifier
        if self.digested:
            yield from self.digested.get(fold_identifier(identifier), ())

    def list_wanted(self) -> Iterator[WantedId]:
        """List all that is to be found."""
        for request in self.requests:
            for each in self.ids_of(request.identifier):
                yield _want(each, request)
        yield from self.list_linked()

    def list_linked(self) -> Iterator[WantedId]:
        """List what is linked with them alone."""
        for linked in self.links.ids:
            yield WantedId(linked.id, frozenset({linked.app_id}))

    def split(self) -> Iterator[People]:
        """Split the requests, so that not all hashes of a long list are in memory at once."""
        for requests in self.requests.split():
            yield replace(self, requests=requests)

    def list_owners(self, key: HashKey) -> dict[str, tuple[RequestKey, ...]]:
        """Give whose request each keyed hash is of: of ids, of ids behind them, and of what is linked."""
        owners: dict[str, tuple[RequestKey, ...]] = {}
        for request in self.requests:
            mine = ((request.subject, request.app_id),)
            for form in hash_forms(key, request.identifier):
                owners[form] = (*owners[form], *mine) if form in owners else mine
        for link in self.list_links(key):
            for form in link.forms:
                owners[form] = (*owners.get(form, ()), (link.subject, link.app_id))
        return owners

    def list_links(self, key: HashKey) -> Iterator[Link]:
        """List what is to be suppressed for the sake of each request."""
        for request in self.requests:
            identifier, *behind = self.ids_of(request.identifier)
            for text in behind:
                yield Link(request.subject, request.app_id, request.app_id, hash_forms(key, text))
            for each in {linked for text in (identifier, *behind) for linked in self.links.of(text)}:
                if request.app_id in {EVERY_APP, each.app_id}:
                    yield Link(request.subject, request.app_id, each.app_id, hash_forms(key, each.id))


def erase_due(ground: Ground, expected: Sequence[Request] = ()) -> ErasingReport:
    """Erase whoever is due from the lake's tables, held rows, exports, and the ledger's postbacks.

    Outcomes are brought into the lake before, so that none comes after with the ids that an erasure replaced.
    In a dry run, what is `expected` of lists that nobody took in yet counts as well.
    """
    due = Leaving.gather(chain(stream_due(ground.ledger, "erasure"), expected))
    if not len(due):
        pulled = honour_in_pulled(ground, ())
        return ErasingReport(landing=honour_in_landing(ground, ()), pulled=pulled)
    everybody = Wanted()
    people = (find_people if ground.is_dry_run else _suppress_people)(ground, due, everybody)
    everybody.add(people.list_linked())
    policy, is_dry_run = ground.settings.opt_outs.policy, ground.is_dry_run
    renew = choose_new_ids(ground.settings.opt_outs.new_events, ground.key)
    if not is_dry_run:
        reconcile_all(ground.settings)
    erased = erase_people(ground.settings, everybody, policy, is_dry_run=is_dry_run, renew=renew)
    exports = erase_exports(ground.settings, everybody, policy, is_dry_run=is_dry_run, renew=renew)
    sent, forgotten = forget_postbacks(ground, people)
    pulled = honour_in_pulled(ground, people.list_wanted())
    landing = honour_in_landing(ground, people.list_wanted())
    if not is_dry_run and not pulled.left:
        how_far: Erasure = "erased" if landing.is_clean else "erased_except_landing"
        for part in due.split():
            record_erasure(ground.ledger, [(each.subject, each.app_id) for each in part], how_far)
    return ErasingReport(
        requests=len(due),
        linked=len(people.links.ids),
        shared=people.shared,
        tables=erased.tables,
        held=erased.held.rows_found,
        exported=sum(each.rows_found for each in exports),
        postbacks=forgotten,
        sent=sent,
        landing=landing,
        pulled=pulled,
        physical_after=None
        if is_dry_run
        else ground.now + timedelta(hours=ground.settings.retention.replaced_hours),
        files=erased.files,
    )


def forget_postbacks(ground: Ground, people: People) -> tuple[int, int]:
    """Note what was sent about people before their postbacks lose what tells of them; counts both."""
    sent = forgotten = 0
    for part in people.split() if list_plans(ground.ledger) else ():
        owners = part.list_owners(ground.key)
        found = find_sent(ground.ledger, owners)
        sent += sum(each.occurrences for each in found)
        if not ground.is_dry_run:
            note_sent(ground.ledger, found)
            apps = {form: {app_id for _, app_id in requests} for form, requests in owners.items()}
            forgotten += forget_people(ground.ledger, apps)
    return sent, forgotten


def find_people(ground: Ground, due: Leaving, wanted: Wanted) -> People:
    """Find who is behind digests, and what the lake links with whom; ids that many share are left alone.

    All but what is linked is `wanted` then.
    """
    digested = find_digested(ground.lake, {each.identifier for each in due if each.is_digest})
    wanted.add(People(due, digested, Links({}, {}), 0).list_wanted())
    settings = ground.settings.opt_outs
    most = settings.most_installs
    confirmed = _find_confirmed(ground, due, digested)
    links = find_links(
        ground.lake,
        wanted,
        most_installs=most,
        confirmed=confirmed,
        with_user_ids=settings.suppress_customer_user_id,
    )
    shared = find_shared(ground.lake, links, most_installs=most, confirmed=confirmed)
    return People(due, digested, links.without(shared), len(shared))


def _find_confirmed(ground: Ground, due: Leaving, digested: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Find the ids of many installs that a person has confirmed, and those behind confirmed digests."""
    subjects = list_confirmed(ground.ledger, ground.settings.opt_outs.most_installs)
    if not subjects:
        return frozenset()
    ids = [fold_identifier(each.identifier) for each in due if each.subject in subjects]
    return frozenset(ids).union(*(digested.get(each, ()) for each in ids))


def _suppress_people(ground: Ground, due: Leaving, wanted: Wanted) -> People:
    """Find people and suppress what is linked with them, before the link is erased.

    Under the publish lock: what was published before is looked at, and what would be after it is refused,
    since more people are suppressed by then. In between, a row with a linked id alone would come to stay.
    """
    with hold_publish_lock(ground.settings):
        people = find_people(ground, due, wanted)
        link_subjects(ground.ledger, list(people.list_links(ground.key)))
    return people


def _want(identifier: str, request: LeavingRequest) -> WantedId:
    return WantedId(identifier, frozenset() if request.app_id == EVERY_APP else frozenset({request.app_id}))
