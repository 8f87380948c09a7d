"""Which other ids were suppressed with a request, so that they can be lifted with it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, delete, false, func, or_, select

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import TextList, insert_into, is_among
from etl.ledger.opt_out_tables import opt_out_links, opt_out_requests
from etl.ledger.suppressions import SuppressionKind, suppress_within

CHUNK: Final = 1_000
_BETWEEN = " "


@dataclass(frozen=True, slots=True)
class Link:
    """The keyed hashes of another id's forms, suppressed in an app for the sake of a request."""

    subject: str
    app_id: str
    linked_app: str
    forms: tuple[str, ...] = field(repr=False)
    kind: SuppressionKind = "erase"


def link_subjects(ledger: Ledger, links: Sequence[Link]) -> None:
    """Suppress linked ids, and note which request had that done; some thousand in a transaction."""
    for start in range(0, len(links), CHUNK):
        with begin_write(ledger) as connection:
            _link(ledger, connection, links[start : start + CHUNK])


def count_links(ledger: Ledger, subject: str, app_id: str) -> int:
    """Count the forms that were suppressed for the sake of a request."""
    table = opt_out_links.c
    query = select(func.count()).where(table.subject == subject, table.app_id == app_id)
    with begin_read(ledger) as connection:
        return connection.execute(query).scalar_one()


def find_linked(ledger: Ledger, places: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Find those of some forms, each with the app of its suppression, that were suppressed as links.

    What a request names itself is none, whoever else it is linked with.
    """
    links, requests = opt_out_links.c, opt_out_requests.c
    spelled = bindparam("linked", [f"{app_id}{_BETWEEN}{form}" for app_id, form in places], type_=TextList)
    forms = bindparam("forms", [form for _, form in places], type_=TextList)
    asked = select(requests.subject).where(is_among(requests.subject, forms), requests.state != "lifted")
    linked = select(links.linked).where(is_among(links.linked, spelled)).distinct()
    with begin_read(ledger) as connection:
        wished = set(connection.scalars(asked))
        found = map(_split, connection.scalars(linked))
        return {(app_id, form) for app_id, form in found if form not in wished}


def unlink_within(connection: Connection, subject: str, app_id: str) -> list[tuple[str, str]]:
    """Forget what a request is linked with; gives the app and form of each that no other request has."""
    table = opt_out_links.c
    mine = (table.subject == subject) & (table.app_id == app_id)
    linked = list(connection.scalars(select(table.linked).where(mine)))
    connection.execute(delete(opt_out_links).where(mine))
    others = set(connection.scalars(select(table.linked).where(table.linked.in_(linked))))
    forms = [_split(each) for each in linked if each not in others]
    requests = opt_out_requests.c
    asked = connection.execute(
        select(requests.app_id, requests.subject).where(
            requests.subject.in_([form for _, form in forms]), requests.state != "lifted"
        )
    )
    wished = {(row.app_id, row.subject) for row in asked}
    return [each for each in forms if each not in wished]


def find_linking(ledger: Ledger, forms: Iterable[str]) -> set[tuple[str, str]]:
    """Find the subject and app of each request with which one of some hashes was suppressed."""
    table = opt_out_links.c
    ends = [table.linked.like(f"%{_BETWEEN}{form}") for form in forms]
    with begin_read(ledger) as connection:
        found = connection.execute(select(table.subject, table.app_id).where(or_(false(), *ends)))
        return {(row.subject, row.app_id) for row in found}


def _link(ledger: Ledger, connection: Connection, links: Sequence[Link]) -> None:
    now = ledger.clock(connection)
    rows = [
        {"subject": each.subject, "app_id": each.app_id, "linked": f"{each.linked_app}{_BETWEEN}{form}"}
        for each in links
        for form in each.forms
    ]
    groups: dict[tuple[str, SuppressionKind], set[str]] = {}
    for each in links:
        groups.setdefault((each.linked_app, each.kind), set()).update(each.forms)
    for (app_id, kind), forms in groups.items():
        suppress_within(connection, forms, app_id, kind, now)
    statement = insert_into(connection, opt_out_links)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["subject", "app_id", "linked"]), rows)


def _split(linked: str) -> tuple[str, str]:
    app_id, _, form = linked.rpartition(_BETWEEN)
    return app_id, form
