"""People on their way out: what the lake links with them is suppressed too, then lake and ledger forget them.

Where landed objects are kept, a request ends as `erased_except_landing`: what landed of a person is left out
of every ingest from then on. Files that an erasure replaced are deleted by upkeep, past their retention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from etl.jobs.erasing import erase_exports, erase_people
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.reconciling import reconcile_all
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.landing import LandingReport, honour_in_landing
from etl.lake.erase import TableErasure
from etl.lake.links import Links, find_links
from etl.lake.wanted import Wanted, WantedId
from etl.ledger.forgetting import forget_people
from etl.ledger.links import link_subjects
from etl.ledger.opt_outs import Request, list_due, record_erasure
from etl.ledger.suppressions import EVERY_APP
from etl.subjects import hash_forms

# A digest stands for an id that nobody here knows: it is suppressed, and found where it stands itself.
DIGESTS: Final = frozenset({"sha1", "md5"})


@dataclass(frozen=True, slots=True)
class ErasingReport:
    """What was erased, or in a dry run would be: requests, ids that the lake linked with theirs, and counts.

    `held` are rows that wait for a decision, `exported` rows of registered exports, `postbacks` rows of the
    ledger that lost their personal values. What the erasure replaced is deleted by the first upkeep after
    `physical_after`.
    """

    requests: int = 0
    linked: int = 0
    tables: tuple[TableErasure, ...] = ()
    held: int = 0
    exported: int = 0
    postbacks: int = 0
    landing: LandingReport = field(default_factory=LandingReport)
    physical_after: datetime | None = None


def erase_due(ground: Ground) -> ErasingReport:
    """Erase whoever is due from the lake's tables, held rows, exports, and the ledger's postbacks.

    Outcomes are brought into the lake before, so that none comes after with the ids that an erasure replaced.
    """
    due = list_due(ground.ledger, "erasure")
    if not due:
        return ErasingReport(landing=honour_in_landing(ground, ()))
    wanted = [_want(each) for each in due]
    links, subjects = _find_links(ground, due, wanted)
    people = [*wanted, *(WantedId(each.id, frozenset({each.app_id})) for each in links.ids)]
    everybody = Wanted(people)
    if not ground.is_dry_run:
        reconcile_all(ground.settings)
    policy, is_dry_run = ground.settings.opt_outs.policy, ground.is_dry_run
    erased = erase_people(ground.settings, everybody, policy, is_dry_run=is_dry_run)
    exports = erase_exports(ground.settings, everybody, policy, is_dry_run=is_dry_run)
    forgotten = 0
    if not is_dry_run:
        forms = {form for each in due for form in hash_forms(ground.key, str(each.identifier))}
        forgotten = forget_people(ground.ledger, forms | subjects)
    landing = honour_in_landing(ground, people)
    if not is_dry_run:
        done = [(each.subject, each.app_id) for each in due]
        record_erasure(ground.ledger, done, "erased" if landing.is_clean else "erased_except_landing")
    return ErasingReport(
        requests=len(due),
        linked=len(links.ids),
        tables=erased.tables,
        held=erased.held.rows_found,
        exported=sum(each.rows_found for each in exports),
        postbacks=forgotten,
        landing=landing,
        physical_after=None
        if is_dry_run
        else ground.now + timedelta(hours=ground.settings.retention.replaced_hours),
    )


def _want(request: Request) -> WantedId:
    assert request.identifier is not None  # noqa: S101 - what is due has its id
    return WantedId(
        request.identifier, frozenset() if request.app_id == EVERY_APP else frozenset({request.app_id})
    )


def _find_links(ground: Ground, due: Sequence[Request], wanted: Sequence[WantedId]) -> tuple[Links, set[str]]:
    """Find what the lake links with the people, and suppress it; gives the links and all forms' hashes.

    Under the publish lock: what was published before is looked at, and what would be after it is refused,
    since more people are suppressed by then. In between, a row with a linked id alone would come to stay.
    """
    most = ground.settings.opt_outs.most_installs
    if ground.is_dry_run:
        return find_links(ground.lake, Wanted(wanted), most_installs=most), set()
    with hold_publish_lock(ground.settings):
        links = find_links(ground.lake, Wanted(wanted), most_installs=most)
        return links, _suppress_linked(ground, due, links)


def _suppress_linked(ground: Ground, due: Sequence[Request], links: Links) -> set[str]:
    """Suppress what the lake links with the people, before the link is erased; gives all forms' hashes.

    Whose they are is kept, so that they are lifted with their person.
    """
    found: set[str] = set()
    for request in due:
        for each in links.of(str(request.identifier)):
            if request.app_id in {EVERY_APP, each.app_id}:
                forms = hash_forms(ground.key, each.id)
                found.update(forms)
                link_subjects(ground.ledger, (request.subject, request.app_id), each.app_id, forms)
    return found
