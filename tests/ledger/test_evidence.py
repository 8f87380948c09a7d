"""What happens to requests is noted where it happens, sealed in order, and kept until it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from etl.errors import LedgerError
from etl.ledger.database import Ledger, begin_read, begin_write, open_ledger
from etl.ledger.evidence import (
    ChainHead,
    count_unsealed,
    list_unwritten,
    mark_written,
    note,
    note_within,
    read_head,
    seal_records,
)
from etl.ledger.evidence_tables import evidence_records
from etl.ledger.opt_outs import (
    Answered,
    NewRequest,
    add_requests,
    find_requests,
    lift_requests,
    record_answers,
    record_erasure,
)
from etl.ledger.upgrade import upgrade_ledger
from etl.ledger.waiting import confirm_requests
from tests.ledger.test_opt_outs import NOW, REQUEST


def link(head: ChainHead, records: Sequence[Mapping[str, Any]]) -> tuple[str, ChainHead]:
    """Make lines that tell where they stand."""
    lines = [f"{head.length + place} {record['event']}\n" for place, record in enumerate(records, 1)]
    return "".join(lines), ChainHead(head.length + len(records), f"digest-{head.length + len(records)}")


def noted(ledger: Ledger) -> list[tuple[str, list[int]]]:
    """List what was noted, with the requests' numbers."""
    query = select(evidence_records.c.record).order_by(evidence_records.c.id)
    with begin_read(ledger) as connection:
        records = [json.loads(record) for record in connection.scalars(query)]
    return [(record["event"], record.get("requests", [])) for record in records]


def add(ledger: Ledger, *subjects: str, **changes: object) -> None:
    """Record requests."""
    made = [replace(REQUEST, subject=each, **changes) for each in subjects]  # type: ignore[arg-type]  # names of its fields
    add_requests(ledger, [NewRequest(each, (each.subject,)) for each in made])


def test_segments_go_on_from_the_head(ledger: Ledger) -> None:
    """In the order in which things were noted, some at a time, and kept until they are written."""
    for name in ("a", "b", "c"):
        note(ledger, name, {})

    assert seal_records(ledger, link, 2)
    assert seal_records(ledger, link, 2)
    assert not seal_records(ledger, link, 2)

    assert read_head(ledger) == ChainHead(3, "digest-3")
    first, second = list_unwritten(ledger)
    assert (first.first, first.last, first.content) == (1, 2, "1 a\n2 b\n")
    assert (second.first, second.last, second.content) == (3, 3, "3 c\n")
    mark_written(ledger, first)
    assert list_unwritten(ledger) == [second]
    assert (count_unsealed(ledger), read_head(ledger).length) == (0, 3)


def test_what_is_undone_was_never_noted(ledger: Ledger) -> None:
    """A record stands and falls with the transaction of what it tells."""
    with pytest.raises(ZeroDivisionError), begin_write(ledger) as connection:
        note_within(connection, NOW, "undone", {})
        _ = 1 // 0

    assert count_unsealed(ledger) == 0


def test_a_request_keeps_its_number(ledger: Ledger) -> None:
    """Numbers only grow; an id that comes again is not begun again, one that was lifted is."""
    add(ledger, "hash-1", "hash-2")
    add(ledger, "hash-2", "hash-3")
    lift_requests(ledger, "hash-2", ["hash-2"], "me", "a mistake")
    add(ledger, "hash-2", "hash-1")

    found = {each.subject: each.number for each in find_requests(ledger, ["hash-1", "hash-2", "hash-3"])}
    assert found == {"hash-1": 1, "hash-2": 2, "hash-3": 3}
    assert noted(ledger) == [
        ("suppressed", [1, 2]),
        ("suppressed", [3]),
        ("lifted", [2]),
        ("suppressed", [2]),
    ]


def test_each_step_of_a_request_is_noted(ledger: Ledger) -> None:
    """One that waits is suppressed once a person has looked; what Liftoff did not answer is no event."""
    add(ledger, "hash-1", state="waiting")
    confirm_requests(ledger, "hash-1", ["hash-1"], "a person")
    record_answers(ledger, [Answered("hash-1", "*", "due", None, None, None)])
    record_answers(ledger, [Answered("hash-1", "*", "accepted", None, 200, NOW)])
    record_erasure(ledger, [("hash-1", "*")], "erased")

    assert noted(ledger) == [("suppressed", [1]), ("submitted", [1]), ("erased", [1])]


def test_requests_of_before_are_numbered_in_their_order(ledger_url: str) -> None:
    """An upgrade numbers what is there, and what comes after goes on from it."""
    ledger = open_ledger(ledger_url)
    config = Config()
    config.set_main_option("script_location", "etl.ledger:migrations")
    with begin_write(ledger) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for place, subject in enumerate(("hash-b", "hash-a", "hash-c")):
            received_at = datetime(2026, 11, 9 - place, tzinfo=UTC)
            statement = text(
                "INSERT INTO opt_out_requests (subject, app_id, id_type, kind, list_id, requested_at,"
                " received_at, deadline_at, state, submission, erasure) VALUES"
                " (:subject, '*', 'gaid', 'erase', 'l', :at, :at, :at, 'done', 'accepted', 'erased')"
            )
            at = received_at.replace(tzinfo=None).isoformat(" ") if ledger.is_sqlite else received_at
            connection.execute(statement, {"subject": subject, "at": at})

    add(upgrade_ledger(ledger_url), "hash-d")

    found = find_requests(ledger, ["hash-a", "hash-b", "hash-c", "hash-d"])
    numbers = {each.number: each.subject for each in found}
    assert numbers == {1: "hash-c", 2: "hash-a", 3: "hash-b", 4: "hash-d"}


def test_a_number_is_one_requests(ledger: Ledger) -> None:
    """Whatever writes into the ledger."""
    add(ledger, "hash-1", "hash-2")

    with pytest.raises(LedgerError), begin_write(ledger) as connection:
        connection.execute(text("UPDATE opt_out_requests SET number = 1"))
