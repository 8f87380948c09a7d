"""Which identity fields the rows of each app have ever had.

Endpoints select different fields: a row that lacks a field which others of its app have may be a
twin of one of them, and is flagged `weak_identity`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import select

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.schema import app_identities

AppIdentities = dict[str, frozenset[str]]
"""For each app id, the names of the identity fields (`appsflyer_id`, `idfv`, …)."""


def read_app_identities(ledger: Ledger) -> AppIdentities:
    """Read every app's identity fields."""
    fields: defaultdict[str, set[str]] = defaultdict(set)
    with begin_read(ledger) as connection:
        for app_id, field in connection.execute(select(app_identities.c.app_id, app_identities.c.field)):
            fields[app_id].add(field)
    return {app_id: frozenset(names) for app_id, names in fields.items()}


def merge_app_identities(ledger: Ledger, seen: Mapping[str, Collection[str]]) -> None:
    """Add the fields that a run has seen; none is ever removed, and concurrent merges all count."""
    rows = [
        {"app_id": app_id, "field": field}
        for app_id, fields in sorted(seen.items())
        for field in sorted(fields)
    ]
    if not rows:
        return
    with begin_write(ledger) as connection:
        statement = insert_into(connection, app_identities)
        connection.execute(statement.on_conflict_do_nothing(), rows)
