"""The story of a verification: the bytes of every store are read for everybody who must be gone.

Only who is erased by then is looked for; what is found is told by store, object and count. If nothing is, the
requests are verified. What was done is in the evidence, whose chain is checked as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from etl import __version__
from etl.errors import EvidenceBroken
from etl.hash_keys import HashKey
from etl.jobs.keys import require_keys
from etl.jobs.proving.evidence import EvidenceState, check_evidence, write_evidence
from etl.jobs.proving.judging import (
    SENTENCES,
    Hit,
    Standing,
    Unread,
    choose_proven,
    judge_readings,
    list_unread,
)
from etl.jobs.proving.people import Sought, seek_people
from etl.jobs.proving.places import list_ledger_files, list_places
from etl.jobs.proving.searching import Reading, search_ledger
from etl.jobs.proving.threads import open_searchers
from etl.jobs.warming import warm_up_modules
from etl.ledger.database import Ledger
from etl.ledger.evidence import REQUESTS, note
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.proving import find_owners, list_gone, record_verified, shorten_log
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings
from etl.stores import Store, open_store

Progress = Callable[[str, int, int], None]

VERIFIED_FACT: Final = "opt_outs_verification"
SHOWN: Final = 20
# What evidence names of places at most; how many there were it tells always.
NAMED: Final = 1_000


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read, what of erased people was found where, and how the evidence stands.

    `requests` were looked for; of these `verified` are nowhere, and `verified_except_landing` nowhere but in
    landed objects. `unread` could not be read, where everything must be.
    """

    at: datetime
    requests: int
    objects: int
    read_bytes: int
    hits: tuple[Hit, ...]
    unread: tuple[Unread, ...]
    evidence: EvidenceState
    verified: int = 0
    verified_except_landing: int = 0
    stores: Mapping[str, int] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Hit, ...]:
        """The hits that must not be."""
        return tuple(each for each in self.hits if each.standing is Standing.FOUND)

    @property
    def is_proven(self) -> bool:
        """Tell whether nothing was found that must not be, and everything could be read."""
        return not self.found and not self.unread

    @property
    def exit_code(self) -> int:
        """1 where an erasure is not proven, or the evidence is not what was written."""
        return int(not self.is_proven or self.evidence.fault is not None)


@dataclass(frozen=True, slots=True)
class LastVerification:
    """The last verification as the ledger keeps it."""

    at: datetime
    is_proven: bool
    objects: int
    read_bytes: int
    found: int


def verify(
    settings: Settings,
    secrets: Secrets | None = None,
    *,
    also: Sequence[str] = (),
    progress: Progress | None = None,
    now: datetime | None = None,
) -> VerifyReport:
    """Read every store for everybody who must be gone, and check the evidence.

    `also` names folders, files or URIs that are read as well, of logs, pages or backups for example. Raises
    ConfigurationError where somebody was erased and the hash key is missing or another.
    """
    now = now or datetime.now(UTC)
    ledger = open_current_ledger(settings.storage.ledger)
    opt_outs = open_store(settings.storage.opt_outs, settings.storage.options)
    evidence = _check(ledger, opt_outs)
    gone = list_gone(ledger)
    readings, hits = _search(settings, secrets, ledger, also, progress, now) if gone else ([], [])
    report = VerifyReport(
        at=now,
        requests=len(gone),
        objects=len(readings),
        read_bytes=sum(each.read_bytes for each in readings),
        hits=tuple(hits),
        unread=tuple(list_unread(readings)),
        evidence=evidence,
        stores=dict(sorted(Counter(each.kind for each in readings).items())),
    )
    if report.is_proven and evidence.fault is None:
        proven = choose_proven(gone, hits, readings)
        record_verified(ledger, proven.everywhere, except_landing=False)
        record_verified(ledger, proven.except_landing, except_landing=True)
        report = replace(
            report,
            verified=len(proven.everywhere),
            verified_except_landing=len(proven.except_landing),
        )
    _note(ledger, report)
    if evidence.fault is None:
        head = write_evidence(ledger, opt_outs)
        report = replace(report, evidence=replace(evidence, length=head.length, head=head.digest))
    return report


def read_last(ledger: Ledger) -> LastVerification | None:
    """Read how the last verification ended; None before the first."""
    text = read_fact(ledger, VERIFIED_FACT)
    if text is None:
        return None
    found = json.loads(text)
    return LastVerification(
        datetime.fromisoformat(found["at"]),
        found["is_proven"],
        found["objects"],
        found["read_bytes"],
        found["found"],
    )


def describe_verification(report: VerifyReport) -> Iterator[str]:
    """Describe a verification in lines for people; no id is in them."""
    if not report.requests:
        yield "Nobody is erased yet, so nobody was looked for."
    else:
        yield (
            f"Read {report.objects:,} objects and columns ({report.read_bytes / 1e6:,.1f} MB)"
            f" for {report.requests:,} erased requests:"
        )
        yield from (f"  {count:>10,}  {store}" for store, count in report.stores.items())
    yield from _describe_hits(report.hits)
    yield from (f"NOT READ {each.store} {each.name}: {each.why}" for each in report.unread[:SHOWN])
    if report.found:
        yield f"NOT PROVEN: somebody who was erased was found in {len(report.found):,} objects or columns."
    elif report.unread:
        yield f"NOT PROVEN: {len(report.unread):,} objects could not be read."
    elif report.requests:
        yield (
            f"Nothing was found that must not be: {report.verified:,} requests are verified,"
            f" {report.verified_except_landing:,} verified except for landing."
        )
        waiting = report.requests - report.verified - report.verified_except_landing
        if waiting:
            yield (
                f"{waiting:,} not yet: once the replaced files told of above are deleted, and no id is kept"
                " for an answer of Liftoff."
            )
    fault = report.evidence.fault
    yield (
        f"Evidence: {report.evidence.length:,} links, head {report.evidence.head}."
        if fault is None
        else f"EVIDENCE IS BROKEN: {fault}"
    )


def _check(ledger: Ledger, opt_outs: Store) -> EvidenceState:
    """Write what is still to be written, then check the chain."""
    try:
        write_evidence(ledger, opt_outs)
    except EvidenceBroken as error:
        state = check_evidence(ledger, opt_outs)
        return EvidenceState(state.length, state.head, state.fault or error.message)
    return check_evidence(ledger, opt_outs)


def _search(  # noqa: PLR0913, PLR0917 - what a verification is given, and where it stands
    settings: Settings,
    secrets: Secrets | None,
    ledger: Ledger,
    also: Sequence[str],
    progress: Progress | None,
    now: datetime,
) -> tuple[list[Reading], list[Hit]]:
    key = require_keys(ledger, secrets).subjects
    sought = seek_people(ledger, key)
    readings = list(_read_all(settings, ledger, sought, key, also, progress))
    hashes = {found for each in readings for found in each.found}
    return readings, judge_readings(readings, sought, find_owners(ledger, hashes), now)


def _read_all(  # noqa: PLR0913, PLR0917 - as above
    settings: Settings,
    ledger: Ledger,
    sought: Sought,
    key: HashKey,
    also: Sequence[str],
    progress: Progress | None,
) -> Iterator[Reading]:
    warm_up_modules()
    wanted = sought.make_wanted(key)
    with open_searchers(wanted, sought) as searchers:
        in_tables = searchers.begin(lambda scanner: list(search_ledger(scanner, wanted, ledger)))
        places = list_places(settings, ledger, also)
        done, total = 0, sum(each.landed.size for each in places)
        for place, readings in searchers.search(places):
            done += place.landed.size
            if progress is not None:
                progress("verify", done, total)
            yield from readings
        yield from in_tables.result()
        # After the tables are read: else their transaction would hold the log.
        shorten_log(ledger)
        for _, readings in searchers.search(list(list_ledger_files(ledger))):
            yield from readings


def _note(ledger: Ledger, report: VerifyReport) -> None:
    """Note what was read and found, for evidence and for pages."""
    standing: Counter[str] = Counter()
    for each in report.hits:
        standing[each.standing] += each.count
    numbers = sorted({number for each in report.found for number in each.requests})
    facts: dict[str, Any] = {
        "pushlift": __version__,
        "requests_sought": report.requests,
        "stores": dict(report.stores),
        "objects": report.objects,
        "read_bytes": report.read_bytes,
        "hits": dict(sorted(standing.items())),
        "found_places": len(report.found),
        "found_in": [
            {"store": each.store, "name": each.name, "count": each.count} for each in report.found[:NAMED]
        ],
        "found_requests": numbers[:REQUESTS],
        "unread": len(report.unread),
        "evidence_fault": report.evidence.fault,
    }
    note(ledger, "verification", facts)
    kept = {
        "at": report.at.isoformat(),
        "is_proven": report.is_proven,
        "objects": report.objects,
        "read_bytes": report.read_bytes,
        "found": len(report.found),
    }
    write_fact(ledger, VERIFIED_FACT, json.dumps(kept))


def _describe_hits(hits: Sequence[Hit]) -> Iterator[str]:
    for standing in Standing:
        chosen = [each for each in hits if each.standing is standing]
        if not chosen:
            continue
        mark = "FOUND" if standing is Standing.FOUND else "apart"
        count = sum(each.count for each in chosen)
        yield f"{mark}: {count:,} times in {len(chosen):,}: {SENTENCES[standing]}"
        if standing in {Standing.FOUND, Standing.LEAVING}:
            yield from (f"  {each.count:>10,}  {each.store} {each.name}" for each in chosen[:SHOWN])
            if len(chosen) > SHOWN:
                yield f"  … and {len(chosen) - SHOWN:,} more; --json has all of them"
