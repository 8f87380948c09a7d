"""Opt-out requests: one for each id and app, from its list until nothing of it is left to do.

The id itself stays here only as long as it must: until Liftoff accepted it and it is erased. After that its
keyed hash is what remains, by which nobody can be found who is not looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, bindparam, case, func, literal, select, tuple_, update

from etl.errors import UsageError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import TextList, is_among
from etl.ledger.evidence import note_requests_within
from etl.ledger.links import unlink_within
from etl.ledger.opt_out_tables import opt_out_requests
from etl.ledger.requesting import upsert_within
from etl.ledger.suppressions import SuppressionKind, lift_within, suppress_within

State = Literal["waiting", "open", "done", "lifted"]
Submission = Literal["not_needed", "due", "accepted", "not_processed", "refused"]
Erasure = Literal["not_needed", "due", "erased", "erased_except_landing", "verified"]

What = Literal["submission", "erasure"]

CHUNK: Final = 5_000
OVER: Final = ("erased", "erased_except_landing", "verified", "not_needed")


@dataclass(frozen=True, slots=True)
class Request:
    """A wish for one id and one app, or `*` for all; `subject` is the id's keyed hash.

    `number` is the ledger's: by it the request is named in evidence, which holds no hashes.

    `identifier` is the id itself, and None once it is not needed any more. A request that is `waiting` is for
    an id of more installs than a person has: nobody is suppressed before somebody looked.
    """

    subject: str
    app_id: str
    id_type: str
    kind: SuppressionKind
    identifier: str | None = field(repr=False)
    store_id: str | None
    list_id: str
    requested_at: datetime
    received_at: datetime
    deadline_at: datetime
    installs: int | None
    state: State
    submission: Submission
    erasure: Erasure
    suppressed_at: datetime | None = None
    submission_code: str | None = None
    submission_status: int | None = None
    submitted_at: datetime | None = None
    answered_at: datetime | None = None
    erased_at: datetime | None = None
    verified_at: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """As much of a request as is needed to do what is due of it."""

    subject: str
    app_id: str
    id_type: str
    identifier: str = field(repr=False)
    store_id: str | None


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request to be recorded, and the keyed hashes of all forms of its id."""

    request: Request
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What Liftoff said of a request."""

    subject: str
    app_id: str
    submission: Submission
    code: str | None
    status: int | None
    answered_at: datetime | None


def add_requests(ledger: Ledger, found: Sequence[NewRequest]) -> None:
    """Record requests and suppress their people, all in a transaction.

    The same id and app is one request, whatever became of it: the earliest date and deadline hold. It begins
    anew where it was lifted, waited and need not any more, or is to be erased now and was not before; Liftoff
    is told where it was not, or did not take it. Those that wait suppress nobody.
    """
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        begun = upsert_within(connection, [each.request for each in found], now)
        note_requests_within(connection, now, "suppressed", begun, {})
        for (app_id, kind), subjects in _group_forms(found).items():
            suppress_within(connection, subjects, app_id, kind, now)


def list_requests(ledger: Ledger, *, states: Sequence[State] = ("open",)) -> Iterator[Request]:
    """List requests in some states, those with the nearest deadline first."""
    query = _select().where(opt_out_requests.c.state.in_(list(states)))
    with begin_read(ledger) as connection:
        yield from (
            Request(*row) for row in connection.execute(query.order_by(opt_out_requests.c.deadline_at))
        )


def list_due(ledger: Ledger, what: What) -> list[Due]:
    """List the open requests of which something is due, by app and subject."""
    return list(stream_due(ledger, what))


def stream_due(ledger: Ledger, what: What) -> Iterator[Due]:
    """Give the open requests of which something is due, by app and subject, each at most once.

    They are read some thousand at a time, each time in a transaction of its own, so that what became of some
    may be recorded before others are read.
    """
    table = opt_out_requests.c
    place = tuple_(table.app_id, table.subject)
    # As a plain column, SQLite would take the index of states and sort all that are open for each page.
    is_open = func.coalesce(table.state, "") == "open"
    query = select(*[table[each.name] for each in fields(Due)]).where(
        is_open, table[what] == "due", table.identifier.is_not(None)
    )
    ordered = query.order_by(table.app_id, table.subject).limit(CHUNK)
    after = ("", "")
    while True:
        with begin_read(ledger) as connection:
            page = [Due(*row) for row in connection.execute(ordered.where(place > after))]
        if not page:
            return
        yield from page
        after = (page[-1].app_id, page[-1].subject)


def find_requests(ledger: Ledger, subjects: Iterable[str]) -> list[Request]:
    """Find every request of a person by the keyed hashes of an id."""
    wanted = sorted(set(subjects))
    with begin_read(ledger) as connection:
        return [
            Request(*row)
            for start in range(0, len(wanted), CHUNK)
            for row in connection.execute(
                _select().where(opt_out_requests.c.subject.in_(wanted[start : start + CHUNK]))
            )
        ]


def record_answers(ledger: Ledger, answers: Sequence[Answered]) -> None:
    """Record what Liftoff said, durably, before the next body leaves; what was not answered stays due."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for each in answers:
        key = (each.app_id, each.submission, each.code, each.status, each.answered_at)
        groups.setdefault(key, []).append(each.subject)
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        for (app_id, submission, code, status, answered_at), subjects in groups.items():
            values = {
                "submission": submission,
                "submission_code": code,
                "submission_status": status,
                "submitted_at": now,
                "answered_at": answered_at,
            }
            numbers = _change(connection, app_id, subjects, values)
            # A request that never left is no answer.
            if status is not None:
                at = None if answered_at is None else answered_at.isoformat()
                facts = {"outcome": submission, "code": code, "status": status, "answered_at": at}
                note_requests_within(connection, now, "submitted", numbers, facts)


def record_erasure(ledger: Ledger, done: Iterable[tuple[str, str]], erasure: Erasure) -> None:
    """Record how far requests, each a subject and an app, are erased; those that are over lose their id.

    Some thousand go into a transaction: what a kill leaves is due still.
    """
    by_app: dict[str, list[str]] = {}
    for subject, app_id in done:
        by_app.setdefault(app_id, []).append(subject)
    for app_id, subjects in by_app.items():
        for start in range(0, len(subjects), CHUNK):
            with begin_write(ledger) as connection:
                now = ledger.clock(connection)
                change = {"erasure": erasure, "verified_at" if erasure == "verified" else "erased_at": now}
                numbers = _change(connection, app_id, subjects[start : start + CHUNK], change)
                note_requests_within(connection, now, "erased", numbers, {"as": erasure})


def lift_requests(ledger: Ledger, subject: str, forms: Iterable[str], who: str, reason: str) -> int:
    """Lift every request of a subject, its id's suppressions and those of linked ids; gives how many."""
    table = opt_out_requests.c
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        statement = update(opt_out_requests).where(table.subject == subject, table.state != "lifted")
        values = {
            "state": "lifted",
            "identifier": None,
            "lifted_at": now,
            "lifted_by": who,
            "lift_reason": reason,
        }
        lifted = statement.values(**values).returning(table.app_id, table.number)
        found = connection.execute(lifted).all()
        numbers = [number for _, number in found]
        note_requests_within(connection, now, "lifted", numbers, {"by": who, "reason": reason})
        listed = list(forms)
        for app_id, _ in found:
            lift_within(connection, listed, app_id, now)
            # A row may have been known by a digest of the id.
            for known_by in dict.fromkeys((subject, *listed)):
                for linked_app, form in unlink_within(connection, known_by, app_id):
                    lift_within(connection, [form], linked_app, now)
        return len(found)


def count_requests(ledger: Ledger) -> dict[str, int]:
    """Count requests by state, and by what of the open ones is due."""
    table = opt_out_requests.c
    due = {
        f"{name}_due": func.sum(case(((table.state == "open") & (table[name] == "due"), 1), else_=0))
        for name in ("submission", "erasure")
    }
    with begin_read(ledger) as connection:
        states = connection.execute(select(table.state, func.count()).group_by(table.state)).all()
        counted = connection.execute(select(*due.values())).one()
    found = {"waiting": 0, "open": 0, "done": 0, "lifted": 0} | {row[0]: row[1] for row in states}
    return found | {name: count or 0 for name, count in zip(due, counted, strict=True)}


def require_request(found: Sequence[Request]) -> Sequence[Request]:
    """Give requests, or raise UsageError where there is none."""
    if not found:
        raise UsageError("The ledger knows no request of this id; it was never on a list, or is another id.")
    return found


def _group_forms(found: Sequence[NewRequest]) -> dict[tuple[str, SuppressionKind], set[str]]:
    groups: dict[tuple[str, SuppressionKind], set[str]] = {}
    for each in found:
        if each.request.state != "waiting":
            groups.setdefault((each.request.app_id, each.request.kind), set()).update(each.forms)
    return groups


def _change(
    connection: Connection, app_id: str, subjects: Sequence[str], values: Mapping[str, object]
) -> list[int]:
    """Change requests of an app, and end those of which nothing is due any more; gives their numbers."""
    table = opt_out_requests.c
    listed = bindparam("subjects", list(subjects), type_=TextList)
    chosen = (table.app_id == app_id) & is_among(table.subject, listed)
    submission, erasure = (
        literal(values[name]) if name in values else table[name] for name in ("submission", "erasure")
    )
    is_over = (table.state == "open") & (submission != "due") & erasure.in_(OVER)
    ended = {
        "state": case((is_over, "done"), else_=table.state),
        "identifier": case((is_over, None), else_=table.identifier),
    }
    changed = update(opt_out_requests).where(chosen).values(**values, **ended)
    return list(connection.scalars(changed.returning(table.number)))


def _select() -> Select[Any]:
    return select(*[opt_out_requests.c[each.name] for each in fields(Request)])
