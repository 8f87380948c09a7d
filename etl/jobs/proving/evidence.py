"""The chain of evidence in object storage: segments of it are written once each, and checked as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from etl.errors import EvidenceBroken
from etl.lake.upkeep import list_present
from etl.ledger.database import Ledger
from etl.ledger.evidence import (
    ChainHead,
    Segment,
    list_unwritten,
    mark_written,
    read_head,
    seal_records,
)
from etl.ledger.holding import hold_lock
from etl.proving.chain import BrokenChainError, Head, Json, append_record, check_chain, mask_ids, split_chain
from etl.stores import Store, create_object, find_object, read_object

EVIDENCE: Final = "evidence/"
LOCK: Final = "evidence"
LOCK_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 300.0
SEGMENT_RECORDS: Final = 500


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """The chain's length and head as the ledger has them, and what is wrong with what is in the store."""

    length: int
    head: str
    fault: str | None = None


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
        head = read_head(ledger)
        try:
            check_chain(_read_lines(opt_outs), Head(head.length, head.digest))
        except BrokenChainError as error:
            return EvidenceState(head.length, head.digest, str(error))
    return EvidenceState(head.length, head.digest)


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


def name_segment(first: int) -> str:
    """Name a segment's object, so that a listing is in the chain's order."""
    return f"{EVIDENCE}{first:012d}.jsonl"


def _write_segments(ledger: Ledger, opt_outs: Store) -> None:
    for segment in list_unwritten(ledger):
        _write_segment(opt_outs, segment)
        mark_written(ledger, segment)


def _write_segment(opt_outs: Store, segment: Segment) -> None:
    key, content = name_segment(segment.first), str(segment.content).encode()
    if create_object(opt_outs, key, content):
        return
    present = find_object(opt_outs, key)
    if present is None or read_object(opt_outs, present) != content:
        raise EvidenceBroken(
            f"{opt_outs.uri_of(key)} is not the evidence that this ledger wrote (links {segment.first} to"
            f" {segment.last}): another ledger's, or that of one restored from a backup. Move the evidence"
            " that is there to where it is kept; what is to be written waits in the ledger."
        )


def _read_lines(opt_outs: Store) -> Iterator[bytes]:
    for each in list_present(opt_outs, EVIDENCE):
        yield from split_chain(read_object(opt_outs, each))


def _mask(value: Json) -> Json:
    if isinstance(value, str):
        return mask_ids(value)
    if isinstance(value, list):
        return [_mask(each) for each in value]
    if isinstance(value, dict):
        return {mask_ids(name): _mask(each) for name, each in value.items()}
    return value
