"""The chain of evidence in object storage: segments of it are written once each, and checked as a whole.

Each ledger has a chain of its own, in a folder: one that is begun anew goes on beside what an older one
wrote, which stays and is checked in itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from etl.errors import EvidenceBroken
from etl.jobs.runs import name_run
from etl.ledger.database import Ledger
from etl.ledger.evidence import (
    ChainHead,
    Segment,
    list_unwritten,
    mark_written,
    read_head,
    seal_records,
)
from etl.ledger.facts import claim_fact, read_fact
from etl.ledger.holding import hold_lock
from etl.proving.chain import BrokenChainError, Head, Json, append_record, check_chain, mask_ids, split_chain
from etl.stores import LandedObject, Store, create_object, find_object, list_present, read_object

EVIDENCE: Final = "evidence/"
CHAIN_FACT: Final = "evidence_chain"
LOCK: Final = "evidence"
LOCK_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 300.0
SEGMENT_RECORDS: Final = 500


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """The chain's length and head as the ledger has them, and what is wrong with what is in the store.

    `others` are the chains of other ledgers, of which nobody here knows where they must end.
    """

    length: int
    head: str
    fault: str | None = None
    others: int = 0


def write_evidence(ledger: Ledger, opt_outs: Store) -> ChainHead:
    """Chain what was noted since the last time, and write it; gives the new head.

    Safe to kill and to repeat. Raises EvidenceBroken where something else is in a segment's place; LockHeld.
    """
    with hold_lock(ledger, LOCK, LOCK_SECONDS, WAIT_SECONDS):
        _write_segments(ledger, opt_outs)
        while seal_records(ledger, make_links, SEGMENT_RECORDS):
            _write_segments(ledger, opt_outs)
    return read_head(ledger)


def check_evidence(ledger: Ledger, opt_outs: Store) -> EvidenceState:
    """Hold the evidence in the store against the ledger's head: a link changed, missing or added is told."""
    with hold_lock(ledger, LOCK, LOCK_SECONDS, WAIT_SECONDS):
        head, own = read_head(ledger), read_fact(ledger, CHAIN_FACT)
        chains = _group_chains(opt_outs)
        segments = chains.pop(own or "", [])
        faults = [_find_fault(opt_outs, segments, Head(head.length, head.digest))]
        for name, others in chains.items():
            fault = _find_fault(opt_outs, others, None)
            faults.append(fault and f"In the chain {name or 'without a name'}: {fault}")
    fault = next(filter(None, faults), None)
    return EvidenceState(head.length, head.digest, fault, len(chains))


def make_links(head: ChainHead, records: Sequence[Mapping[str, Any]]) -> tuple[str, ChainHead]:
    """Make links of records that go on from a head; what people wrote is masked, should it hold an id."""
    lines: list[bytes] = []
    last = Head(head.length, head.digest)
    for record in records:
        masked = _mask(dict(record))
        assert isinstance(masked, dict)  # noqa: S101 - as the record is
        line, last = append_record(last, masked)
        lines.append(line)
    return b"".join(lines).decode(), ChainHead(last.length, last.digest)


def name_segment(chain: str, first: int) -> str:
    """Name a segment's object, so that a listing is in the chain's order."""
    return f"{EVIDENCE}{chain}/{first:012d}.jsonl"


def _write_segments(ledger: Ledger, opt_outs: Store) -> None:
    for segment in list_unwritten(ledger):
        chain = claim_fact(ledger, CHAIN_FACT, name_run(datetime.now(UTC)))
        _write_segment(opt_outs, chain, segment)
        mark_written(ledger, segment)


def _write_segment(opt_outs: Store, chain: str, segment: Segment) -> None:
    key, content = name_segment(chain, segment.first), str(segment.content).encode()
    if create_object(opt_outs, key, content):
        return
    present = find_object(opt_outs, key)
    if present is None or read_object(opt_outs, present) != content:
        raise EvidenceBroken(
            f"{opt_outs.uri_of(key)} is not the evidence that this ledger wrote (links {segment.first} to"
            f" {segment.last}), as where a ledger was restored from a backup. Move the evidence from there on"
            " to where it is kept; what is to be written waits in the ledger."
        )


def _group_chains(opt_outs: Store) -> dict[str, list[LandedObject]]:
    """List the segments of each chain, in its order."""
    chains: dict[str, list[LandedObject]] = {}
    for each in list_present(opt_outs, EVIDENCE):
        name, _, _ = each.key.removeprefix(EVIDENCE).rpartition("/")
        chains.setdefault(name, []).append(each)
    return chains


def _find_fault(opt_outs: Store, segments: Sequence[LandedObject], expected: Head | None) -> str | None:
    """Say what is wrong with a chain; one that need not end anywhere ends where it does."""
    lines = [line for each in segments for line in split_chain(read_object(opt_outs, each))]
    try:
        check_chain(lines, expected or _read_end(lines))
    except BrokenChainError as error:
        return str(error)
    return None


def _read_end(lines: Sequence[bytes]) -> Head:
    try:
        return Head(len(lines), json.loads(lines[-1])["hash"])
    except (ValueError, LookupError, TypeError):
        return Head(len(lines))


def _mask(value: Json) -> Json:
    if isinstance(value, str):
        return mask_ids(value)
    if isinstance(value, list):
        return [_mask(each) for each in value]
    if isinstance(value, dict):
        return {mask_ids(name): _mask(each) for name, each in value.items()}
    return value
