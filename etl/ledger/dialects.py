"""Where SQLite's SQL and Postgres's differ: upserts, lists as tables, and lists and maps as parameters.

A list or a map that is one parameter leaves a statement's text as it is, however long it is: the text is
compiled once, and one statement does what would be one a row. Python's driver for SQLite gives its lock away
at each, and threads that compute have it then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    FromClause,
    Integer,
    Table,
    Text,
    TypeDecorator,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine


class _List(TypeDecorator[Sequence[Any]]):
    """A list as one parameter: JSON for SQLite, an array for Postgres."""

    impl = Text
    cache_ok = True
    element: type[TypeEngine[Any]] = Text

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose how the parameter travels."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.element))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - a text or a list
        """Write the list out."""
        if value is None:
            return None
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class TextList(_List):
    """A parameter that is a list of texts."""

    cache_ok = True


class NumberList(_List):
    """A parameter that is a list of whole numbers."""

    cache_ok = True
    element = BigInteger


class is_among(FunctionElement[bool]):  # noqa: N801 - it is called as a function
    """Whether a column's value is in a list, which is one parameter: `is_among(column, parameter)`."""

    name = "is_among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> is_among:  # noqa: ARG002 - SQLAlchemy's signature
        """Stay as it is: SQLAlchemy would compare it with 1 for SQLite, which then looks at every row."""
        return self


class find_number(FunctionElement[int]):  # noqa: N801 - as above
    """The number that a map has for a column's value, null where it has none: `find_number(column, map)`.

    The map is one parameter: JSON whose keys are the column's values as texts.
    """

    name = "find_number"
    type = Integer()
    inherit_cache = True


@compiles(is_among, "sqlite")
def _spell_is_among_for_sqlite(element: is_among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    value, listed = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{value} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - SQLAlchemy's own texts


@compiles(is_among, "postgresql")
def _spell_is_among_for_postgres(element: is_among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    value, listed = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{value} = ANY ({listed})"


@compiles(find_number, "sqlite")
def _spell_find_number_for_sqlite(element: find_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    value, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({numbers}, '$.\"' || {value} || '\"')"


@compiles(find_number, "postgresql")
def _spell_find_number_for_postgres(element: find_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    value, numbers = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(CAST({numbers} AS jsonb) ->> CAST({value} AS text) AS integer)"


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Start an INSERT that can say what to do on a conflict."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def list_texts(connection: Connection, texts: Sequence[str]) -> FromClause:
    """Turn a list into a table with one column, `text`; the list travels as one parameter."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.dumps(list(texts))).table_valued(column("value", Text))
        return select(each.c.value.label("text")).subquery()
    unnested = func.unnest(literal(list(texts), ARRAY(Text))).table_valued(column("text", Text))
    return select(unnested.render_derived().c.text).subquery()


def spell_instant(connection: Connection, instant: datetime) -> str:
    """Spell an instant for `read_instant`, as SQLAlchemy stores it in SQLite."""
    utc = instant.astimezone(UTC)
    is_sqlite = connection.dialect.name == "sqlite"
    return (utc.replace(tzinfo=None) if is_sqlite else utc).isoformat(" ", "microseconds")


def read_instant(connection: Connection, texts: ColumnElement[str]) -> ColumnElement[Any]:
    """Read instants that were spelled by `spell_instant` from a column of texts."""
    return texts if connection.dialect.name == "sqlite" else cast(texts, DateTime(timezone=True))


def tabulate(connection: Connection, columns: Mapping[str, Sequence[str | None]]) -> FromClause:
    """Turn lists of equal length into a table of texts, plus `position`, the index in the lists.

    The table travels as one parameter a column, so its length meets no limit on parameters.
    """
    if connection.dialect.name == "sqlite":
        return tabulate_for_sqlite(columns)
    return tabulate_for_postgres(columns)


def tabulate_for_sqlite(columns: Mapping[str, Sequence[str | None]]) -> FromClause:
    """Read the lists back from one JSON array of rows."""
    rows = json.dumps(list(zip(*columns.values(), strict=True)))
    each = func.json_each(rows).table_valued(column("key", Integer), column("value", Text))
    texts = [
        func.json_extract(each.c.value, f"$[{index}]", type_=Text).label(name)
        for index, name in enumerate(columns)
    ]
    return select(each.c.key.label("position"), *texts).subquery()


def tabulate_for_postgres(columns: Mapping[str, Sequence[str | None]]) -> FromClause:
    """Unnest the arrays side by side; ordinality starts at one."""
    arrays = [literal(list(values), ARRAY(Text)) for values in columns.values()]
    names = [column(name, Text) for name in columns]
    rows = func.unnest(*arrays).table_valued(*names, with_ordinality="ordinality").render_derived()
    texts = [rows.c[name] for name in columns]
    return select((rows.c.ordinality - 1).label("position"), *texts).subquery()
