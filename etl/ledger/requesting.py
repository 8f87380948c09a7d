"""How requests get into the ledger: numbered, one for each id and app, begun anew where they were lifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, case, cast, func, literal, select, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from etl.ledger.database import AnyRow
from etl.ledger.dialects import insert_into, read_instant, spell_instant, tabulate
from etl.ledger.opt_out_tables import opt_out_requests

if TYPE_CHECKING:
    from etl.ledger.opt_outs import Request

Place = tuple[str, str]
"""A request's subject and app."""

# What differs from request to request of a list; the rest is mostly the same.
_VARYING: Final = ("subject", "identifier", "number", "requested_at", "deadline_at")
_ALIKE: Final = tuple(
    column.name for column in opt_out_requests.c if column.name not in {*_VARYING, "suppressed_at"}
)
_read_alike: Final = attrgetter(*_ALIKE)


def upsert_within(connection: Connection, found: Sequence[Request], now: datetime) -> list[int]:
    """Record requests within the caller's transaction; gives the numbers of those that are begun by it.

    A known one keeps its number, and is begun only where it was lifted, waited and need not any more, or is
    to be erased now and was not.
    """
    known = _find_known(connection, [(each.subject, each.app_id) for each in found])
    numbers = _number(connection, found, known)
    for requests in _group_alike(found):
        _upsert_alike(connection, requests, numbers, now)
    begun = {
        numbers[each.subject, each.app_id]
        for each in found
        if each.state != "waiting" and _is_begun(each, known.get((each.subject, each.app_id)))
    }
    return sorted(begun)


def _is_begun(new: Request, old: AnyRow | None) -> bool:
    if old is None or old.state in {"lifted", "waiting"}:
        return True
    return new.kind == "erase" and old.kind != "erase"


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


def _number(connection: Connection, found: Sequence[Request], known: dict[Place, AnyRow]) -> dict[Place, int]:
    """Give each request its number; new ones go on from the greatest."""
    numbers = {place: row.number for place, row in known.items()}
    last = connection.execute(select(func.coalesce(func.max(opt_out_requests.c.number), 0))).scalar_one()
    for each in found:
        if (each.subject, each.app_id) not in numbers:
            last += 1
            numbers[each.subject, each.app_id] = last
    return numbers


def _group_alike(found: Sequence[Request]) -> Iterator[list[Request]]:
    """Group requests that are alike in all of `_ALIKE`; of one place there is one in a group.

    Further ones of a place come later, in their order.
    """
    rounds: list[dict[tuple[object, ...], list[Request]]] = []
    times: Counter[Place] = Counter()
    for each in found:
        place = (each.subject, each.app_id)
        if times[place] == len(rounds):
            rounds.append({})
        rounds[times[place]].setdefault(_read_alike(each), []).append(each)
        times[place] += 1
    yield from (group for groups in rounds for group in groups.values())


def _upsert_alike(
    connection: Connection, found: Sequence[Request], numbers: Mapping[Place, int], now: datetime
) -> None:
    """Record requests in one statement, whose parameters are a list of what varies, and the rest once."""
    table = opt_out_requests.c
    listed = tabulate(
        connection,
        {
            "subject": [each.subject for each in found],
            "identifier": [each.identifier for each in found],
            "number": [str(numbers[each.subject, each.app_id]) for each in found],
            "requested_at": [spell_instant(connection, each.requested_at) for each in found],
            "deadline_at": [spell_instant(connection, each.deadline_at) for each in found],
        },
    )
    suppressed_at = None if found[0].state == "waiting" else now
    alike = {name: getattr(found[0], name) for name in _ALIKE} | {"suppressed_at": suppressed_at}
    columns = {
        "subject": listed.c.subject,
        "identifier": listed.c.identifier,
        "number": cast(listed.c.number, table.number.type),
        "requested_at": read_instant(connection, listed.c.requested_at),
        "deadline_at": read_instant(connection, listed.c.deadline_at),
        **{name: literal(value, table[name].type) for name, value in alike.items()},
    }
    # SQLite would read ON CONFLICT as a join of a SELECT without WHERE.
    rows = select(*columns.values()).where(true())
    statement = insert_into(connection, opt_out_requests)
    upsert = statement.from_select(list(columns), rows)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["subject", "app_id"], set_=_choose_values(statement.excluded)
        )
    )


def _choose_values(new: ReadOnlyColumnCollection[str, Any]) -> dict[str, ColumnElement[Any]]:
    """Choose what a request that is recorded already becomes, column by column."""
    old = opt_out_requests.c
    # What was to be erased stays so, unless it was lifted.
    is_less = (old.kind == "erase") & (new.kind != "erase") & (old.state != "lifted")
    is_anew = (
        (old.state == "lifted")
        | ((old.state == "waiting") & (new.state != "waiting") & ~is_less)
        | ((new.kind == "erase") & (old.kind != "erase"))
    )
    # Named as a type of which Liftoff was not told, or did not take it, and now as one of theirs.
    is_told = (
        (old.state.in_(["open", "done"]) & (new.state != "waiting"))
        & (new.submission == "due")
        & old.submission.in_(["not_needed", "refused", "not_processed"])
    )
    changed: dict[str, ColumnElement[Any]] = {
        name: case((is_anew, new[name]), else_=old[name])
        for name in ("list_id", "received_at", "installs", "suppressed_at", "erasure")
    }
    changed["kind"] = case((is_less, old.kind), else_=new.kind)
    for name in ("id_type", "identifier", "store_id", "submission"):
        changed[name] = case((is_anew | is_told, new[name]), else_=old[name])
    changed["state"] = case((is_anew, new.state), (is_told, "open"), else_=old.state)
    for name in ("requested_at", "deadline_at"):
        is_earlier = (new[name] < old[name]) | (old.state == "lifted")
        changed[name] = case((is_earlier, new[name]), else_=old[name])
    for name in ("lifted_at", "lifted_by", "lift_reason", "erased_at", "verified_at"):
        changed[name] = case((is_anew, None), else_=old[name])
    return changed
