"""The two places where SQLite's SQL and Postgres's differ: upserts, and lists as tables."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import (
    ARRAY,
    Connection,
    FromClause,
    Integer,
    Table,
    Text,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Start an INSERT that can say what to do on a conflict."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def tabulate(connection: Connection, columns: Mapping[str, Sequence[str]]) -> FromClause:
    """Turn lists of equal length into a table of texts, plus `position`, the index in the lists.

    The table travels as one parameter a column, so its length meets no limit on parameters.
    """
    if connection.dialect.name == "sqlite":
        return tabulate_for_sqlite(columns)
    return tabulate_for_postgres(columns)


def tabulate_for_sqlite(columns: Mapping[str, Sequence[str]]) -> FromClause:
    """Read the lists back from one JSON array of rows."""
    rows = json.dumps(list(zip(*columns.values(), strict=True)))
    each = func.json_each(rows).table_valued(column("key", Integer), column("value", Text))
    texts = [
        func.json_extract(each.c.value, f"$[{index}]", type_=Text).label(name)
        for index, name in enumerate(columns)
    ]
    return select(each.c.key.label("position"), *texts).subquery()


def tabulate_for_postgres(columns: Mapping[str, Sequence[str]]) -> FromClause:
    """Unnest the arrays side by side; ordinality starts at one."""
    arrays = [literal(list(values), ARRAY(Text)) for values in columns.values()]
    names = [column(name, Text) for name in columns]
    rows = func.unnest(*arrays).table_valued(*names, with_ordinality="ordinality").render_derived()
    texts = [rows.c[name] for name in columns]
    return select((rows.c.ordinality - 1).label("position"), *texts).subquery()
