"""Ids that rows of erased people bring with them: suppressed as a sweep suppresses what the lake links.

Whoever was on a list before anything of theirs was ingested has no links in the lake. When their rows come,
the same app's AppsFlyer id and IDFV of theirs are suppressed; else a row whose device id was withheld would
bring the person back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from etl.erased import LINKED, Met
from etl.errors import PeopleErasedMeanwhile
from etl.hash_keys import HashKey
from etl.lake.links import count_installs
from etl.lake.spill import ChunkOutcome
from etl.ledger.database import Ledger
from etl.ledger.links import Link, count_links, find_linked, link_subjects
from etl.ledger.upgrade import open_current_ledger
from etl.ledger.waiting import list_confirmed
from etl.settings import Settings
from etl.stores import Store, open_store

# An AppsFlyer id and an IDFV have so many forms together at most, and each is a link.
_FORMS_OF_AN_INSTALL: Final = 8
_INSTALL: Final = LINKED[0]


def refuse_met(
    settings: Settings, run_id: str, outcomes: Iterable[ChunkOutcome], key: HashKey | None
) -> None:
    """Suppress what a run's rows of erased people were found to hold; where that is new, refuse the run.

    Raises PeopleErasedMeanwhile then: rows of the run may be told by these ids alone.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    ledger = open_current_ledger(settings.storage.ledger)
    met = [each for outcome in outcomes for each in outcome.met]
    if key is not None and suppress_met(lake, ledger, key, met, settings.opt_outs.most_installs):
        raise PeopleErasedMeanwhile(
            f"Run {run_id} met other ids of people who were erased, which are suppressed now: it published"
            " nothing, and the next run reads the same objects without them."
        )


def suppress_met(lake: Store, ledger: Ledger, key: HashKey, found: Iterable[Met], most_installs: int) -> int:
    """Suppress what rows of erased people were found to hold; gives how many ids are suppressed by it.

    As in a sweep, what is linked itself links nothing, an id of more installs than a person has links
    nothing, and one that many installs share is left alone.
    """
    met = sorted(set(found), key=lambda each: (each.subject, each.app_id, each.forms))
    if not met:
        return 0
    linked = find_linked(ledger, {(each.scope, each.subject) for each in met})
    first = [each for each in met if (each.scope, each.subject) not in linked]
    confirmed = list_confirmed(ledger, most_installs)
    alone = list(_leave_out_crowds(ledger, first, confirmed, most_installs))
    shared = _find_shared(lake, key, alone, confirmed, most_installs)
    chosen = [each for each in alone if (each.app_id, each.forms[0]) not in shared]
    link_subjects(ledger, [Link(each.subject, each.scope, each.app_id, each.forms) for each in chosen])
    return len({(each.app_id, each.forms[0]) for each in chosen})


def _leave_out_crowds(
    ledger: Ledger, met: Sequence[Met], confirmed: Collection[str], most_installs: int
) -> Iterator[Met]:
    """Leave out what ids of too many installs would link, those met earlier among them, unless confirmed."""
    by_known: dict[tuple[str, str], list[Met]] = {}
    for each in met:
        by_known.setdefault((each.subject, each.scope), []).append(each)
    for (subject, scope), found in by_known.items():
        if subject in confirmed:
            yield from found
            continue
        before = count_links(ledger, subject, scope) / _FORMS_OF_AN_INSTALL
        if before + len({each.install for each in found}) <= most_installs:
            yield from found


def _find_shared(
    lake: Store, key: HashKey, met: Sequence[Met], confirmed: Collection[str], most_installs: int
) -> frozenset[tuple[str, str]]:
    """Find ids that more installs have than a person has, those in the lake and those met together.

    AppsFlyer's id is an install. Installs of a confirmed person are that person's, however many.
    """
    here: dict[tuple[str, str], dict[str, set[str | None]]] = {}
    for each in met:
        if each.column != _INSTALL:
            place = here.setdefault((each.app_id, each.column), {})
            own = () if each.subject in confirmed else (each.install,)
            place.setdefault(each.forms[0], set()).update(own)
    return frozenset(
        (app_id, form)
        for (app_id, column), installs in here.items()
        for form, count in count_installs(lake, app_id, column, set(installs), key).items()
        if count + len(installs[form]) > most_installs
    )
