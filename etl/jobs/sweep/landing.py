"""Landed objects in a sweep: when configured, everybody who was erased leaves them as well.

They are looked for by the keyed hashes of suppressions, so that who was erased long ago goes from what
landed since, too. An id without a shape (most customer user ids) can only be found while it is known: in the
sweep that erases it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Final

from etl.jobs.rewriting import RewritingReport, end_cut_off, rewrite_landing
from etl.jobs.sweep.ground import Ground
from etl.lake.message_search import MessageSearch, choose_free, join_scopes
from etl.lake.wanted import WantedId
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.left_in_landing import count_left_in_landing, end_landing
from etl.ledger.rewrites import list_rewrites
from etl.ledger.suppressions import EVERY_APP, list_erased
from etl.subjects import fold_identifier

# Types of which every id has a shape: who was erased by one is found in landing without knowing the id.
SHAPED: Final = ("idfa", "gaid", "idfv", "amazon_aid", "appsflyer_id", "sha1", "md5")
_SEEN_FACT: Final = "landing seen until"
# A store may list an object a while after the time that it gives it.
_MARGIN: Final = timedelta(hours=1)
_CHUNK: Final = 50_000


@dataclass(frozen=True, slots=True)
class LandingReport:
    """What became of landing; None where it is kept. `is_whole` tells that all of it was looked through."""

    rewriting: RewritingReport | None = None
    is_whole: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether nobody who was looked for is left there."""
        return self.is_whole and self.rewriting is not None and self.rewriting.left == 0


def honour_in_landing(ground: Ground, due: Iterable[WantedId]) -> LandingReport:
    """Write landed objects again without people, if that is configured.

    All are looked through where somebody is due, or was erased before from everywhere but here; otherwise
    those that landed since the last time.
    """
    if ground.settings.opt_outs.landing == "keep":
        _end_notes(ground)
        return LandingReport()
    people = iter(due)
    first = list(islice(people, 1))
    pairs = list_erased(ground.ledger)
    seen = read_fact(ground.ledger, _SEEN_FACT)
    is_whole = bool(first) or seen is None or count_left_in_landing(ground.ledger, SHAPED) > 0
    if not pairs and not first:
        return LandingReport(RewritingReport(), is_whole)
    search_of = partial(MessageSearch, ground.key, join_scopes(pairs), list_free(chain(first, people)))
    report = rewrite_landing(
        ground.settings,
        ground.ledger,
        search_of,
        since=None if is_whole or seen is None else datetime.fromisoformat(seen) - _MARGIN,
        is_dry_run=ground.is_dry_run,
    )
    found = LandingReport(report, is_whole)
    if not ground.is_dry_run and not report.left:
        write_fact(ground.ledger, _SEEN_FACT, ground.now.isoformat())
        if found.is_clean:
            end_landing(ground.ledger, SHAPED)
    return found


def _end_notes(ground: Ground) -> None:
    """End what was cut off before landing was to be kept: ingest passes over what is noted."""
    if list_rewrites(ground.ledger) and not ground.is_dry_run:
        storage = ground.settings.storage
        end_cut_off(storage, ground.ledger)


def list_free(people: Iterable[WantedId]) -> dict[str, frozenset[str]]:
    """List people's ids that have no shape, folded, and the apps of each; all digests have one."""
    each, found = iter(people), []
    while chunk := list(islice(each, _CHUNK)):
        free = choose_free({fold_identifier(one.id) for one in chunk})
        for one in chunk:
            if fold_identifier(one.id) in free:
                found += [(app_id, fold_identifier(one.id)) for app_id in one.apps or {EVERY_APP}]
    return join_scopes(found)
