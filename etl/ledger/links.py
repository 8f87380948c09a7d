"""Which other ids were suppressed with a request, so that they can be lifted with it."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from etl.ledger.database import Ledger, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.opt_out_tables import opt_out_links
from etl.ledger.suppressions import suppress_within

_BETWEEN = " "


def link_subjects(ledger: Ledger, request: tuple[str, str], app_id: str, forms: Iterable[str]) -> None:
    """Suppress the forms of an id in an app, and note which request (its subject and app) had that done."""
    wanted = sorted(set(forms))
    rows = [
        {"subject": request[0], "app_id": request[1], "linked": f"{app_id}{_BETWEEN}{form}"}
        for form in wanted
    ]
    with begin_write(ledger) as connection:
        suppress_within(connection, wanted, app_id, "erase", ledger.clock(connection))
        statement = insert_into(connection, opt_out_links)
        connection.execute(
            statement.on_conflict_do_nothing(index_elements=["subject", "app_id", "linked"]), rows
        )


def unlink_within(connection: Connection, subject: str, app_id: str) -> list[tuple[str, str]]:
    """Forget what a request is linked with; gives the app and form of each that no other request is."""
    table = opt_out_links.c
    mine = (table.subject == subject) & (table.app_id == app_id)
    linked = list(connection.scalars(select(table.linked).where(mine)))
    connection.execute(delete(opt_out_links).where(mine))
    others = set(connection.scalars(select(table.linked).where(table.linked.in_(linked))))
    return [_split(each) for each in linked if each not in others]


def _split(linked: str) -> tuple[str, str]:
    app_id, _, form = linked.rpartition(_BETWEEN)
    return app_id, form
