"""Files of the Pull API in a sweep: whoever was erased leaves them, too, whatever is configured for landing.

They are looked for as in landed objects: by the keyed hashes of everybody who was ever erased, and ids
without a shape in the sweep that knows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from etl.jobs.pulls.finding import DETAILS
from etl.jobs.rewriting import RewritingReport, rewrite_pulled
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.landing import list_free
from etl.lake.message_search import MessageSearch, join_scopes
from etl.lake.wanted import WantedId
from etl.ledger.rewrites import list_rewrites
from etl.ledger.suppressions import list_erased
from etl.stores import delete_object, list_present, open_store


def honour_in_pulled(ground: Ground, due: Iterable[WantedId]) -> RewritingReport:
    """Write the files that hold somebody again without them, and delete details where anybody is due.

    Details name events by ids that are made of people's: they are made again by the next comparison.
    """
    if _is_empty(ground):
        # To look for everybody who was ever erased takes memory for each of them.
        return RewritingReport()
    people = iter(due)
    first = list(islice(people, 1))
    pairs = list_erased(ground.ledger)
    if not pairs and not first:
        return RewritingReport()
    search = MessageSearch(ground.key, join_scopes(pairs), list_free(chain(first, people)))
    report = rewrite_pulled(ground.settings, ground.ledger, search, is_dry_run=ground.is_dry_run)
    if first and not ground.is_dry_run:
        _delete_details(ground)
    return report


def _is_empty(ground: Ground) -> bool:
    """Tell whether there is no file, and nothing was cut off that must be ended."""
    storage = ground.settings.storage
    present = list_present(open_store(storage.pull, storage.options))
    return next(present, None) is None and not list_rewrites(ground.ledger)


def _delete_details(ground: Ground) -> None:
    storage = ground.settings.storage
    store = open_store(storage.pull, storage.options)
    for each in list(list_present(store, DETAILS)):
        delete_object(store, each.key)
