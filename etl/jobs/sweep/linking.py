"""People who are suppressed and not erased: what the lake links with them is suppressed from postbacks, too.

Their rows stay, so a row of theirs without the device's id would else leave for Liftoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etl.jobs.sweep.erasing import find_people
from etl.jobs.sweep.ground import Ground
from etl.jobs.sweep.leaving import Leaving
from etl.lake.wanted import Wanted
from etl.ledger.links import link_subjects
from etl.ledger.opt_outs import NewRequest
from etl.ledger.plans import list_plans
from etl.ledger.sent import find_sent, note_sent


def suppress_linked(ground: Ground, kept: Sequence[NewRequest]) -> int:
    """Suppress what is linked with people, and note what Liftoff was sent about them; gives how much that is.

    `kept` are requests not to erase, with their ids; of one that waits nobody is suppressed yet.
    """
    requests = [each.request for each in kept if each.request.state != "waiting"]
    if not requests:
        return 0
    people = find_people(ground, Leaving.gather(requests), Wanted())
    links = [replace(each, kind="do_not_share") for each in people.list_links(ground.key)]
    link_subjects(ground.ledger, links)
    sent = 0
    for part in people.split() if list_plans(ground.ledger) else ():
        found = find_sent(ground.ledger, part.list_owners(ground.key))
        note_sent(ground.ledger, found)
        sent += sum(each.occurrences for each in found)
    return sent
