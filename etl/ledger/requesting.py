"""How requests get into the ledger: numbered, one for each id and app, begun anew where they were lifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, case, func, select

from etl.ledger.database import AnyRow
from etl.ledger.dialects import insert_into, tabulate
from etl.ledger.evidence import note_requests_within
from etl.ledger.opt_out_tables import opt_out_requests

if TYPE_CHECKING:
    from etl.ledger.opt_outs import Answered, Request

Place = tuple[str, str]
"""A request's subject and app."""


def upsert_within(connection: Connection, found: Sequence[Request], now: datetime) -> list[int]:
    """Record requests within the caller's transaction; gives the numbers of those that are begun by it.

    A known one keeps its number, and is begun only where it was lifted, or is to be erased now and was not.
    """
    known = _find_known(connection, [(each.subject, each.app_id) for each in found])
    numbered = _number(connection, found, known)
    _upsert(connection, numbered, now)
    begun = {
        each.number
        for each in numbered
        if each.state != "waiting" and _is_begun(each, known.get((each.subject, each.app_id)))
    }
    return sorted(begun)


def _is_begun(new: Request, old: AnyRow | None) -> bool:
    return old is None or old.state == "lifted" or (new.kind == "erase" and old.kind != "erase")


def find_numbers(connection: Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Find the numbers of recorded requests."""
    return {place: row.number for place, row in _find_known(connection, places).items()}


def note_answers_within(connection: Connection, now: datetime, answers: Sequence[Answered]) -> None:
    """Note for the evidence what Liftoff said of requests; a request that never left is no answer."""
    numbers = find_numbers(connection, [(each.subject, each.app_id) for each in answers])
    told: dict[tuple[str, str | None, int | None, str | None], list[int]] = {}
    for each in answers:
        answered = None if each.answered_at is None else each.answered_at.isoformat()
        key = (each.submission, each.code, each.status, answered)
        told.setdefault(key, []).append(numbers[each.subject, each.app_id])
    for (outcome, code, status, answered), those in told.items():
        facts = {"outcome": outcome, "code": code, "status": status, "answered_at": answered}
        if status is not None:
            note_requests_within(connection, now, "submitted", those, facts)


def _find_known(connection: Connection, places: Sequence[Place]) -> dict[Place, AnyRow]:
    if not places:
        return {}
    table = opt_out_requests.c
    wanted = tabulate(
        connection,
        {"subject": [subject for subject, _ in places], "app_id": [app_id for _, app_id in places]},
    )
    joined = opt_out_requests.join(
        wanted, (table.subject == wanted.c.subject) & (table.app_id == wanted.c.app_id)
    )
    query = select(table.subject, table.app_id, table.number, table.state, table.kind).select_from(joined)
    return {(row.subject, row.app_id): row for row in connection.execute(query)}


def _number(connection: Connection, found: Sequence[Request], known: dict[Place, AnyRow]) -> list[Request]:
    """Give each request its number; new ones go on from the greatest."""
    numbers = {place: row.number for place, row in known.items()}
    last = connection.execute(select(func.coalesce(func.max(opt_out_requests.c.number), 0))).scalar_one()
    for each in found:
        if (each.subject, each.app_id) not in numbers:
            last += 1
            numbers[each.subject, each.app_id] = last
    return [replace(each, number=numbers[each.subject, each.app_id]) for each in found]


def _upsert(connection: Connection, found: Sequence[Request], now: datetime) -> None:
    statement = insert_into(connection, opt_out_requests)
    old, new = opt_out_requests.c, statement.excluded
    is_anew = (old.state == "lifted") | ((new.kind == "erase") & (old.kind != "erase"))
    changed = {
        name: case((is_anew, new[name]), else_=old[name])
        for name in (
            *("id_type", "identifier", "store_id", "list_id", "received_at", "installs", "state"),
            *("suppressed_at", "submission", "erasure"),
        )
    }
    changed["kind"] = case((new.kind == "erase", new.kind), else_=old.kind)
    for name in ("requested_at", "deadline_at"):
        changed[name] = case((new[name] < old[name], new[name]), else_=old[name])
    for name in ("lifted_at", "lifted_by", "lift_reason", "erased_at", "verified_at"):
        changed[name] = case((is_anew, None), else_=old[name])
    rows = [_spell(each) | {"suppressed_at": None if each.state == "waiting" else now} for each in found]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["subject", "app_id"], set_=changed), rows
    )


def _spell(request: Request) -> dict[str, object]:
    return {each.name: getattr(request, each.name) for each in fields(request)}
