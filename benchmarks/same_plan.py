"""Whether two SQLite ledgers hold the same plan of one lake, but for its id, instants and order.

`python -m benchmarks.same_plan LEDGER OTHER`: each must hold one plan. Rows are compared by what they say,
plans by hash and counts; positions must be each number from 0 once.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

OF_A_PLANNING = frozenset(
    {"plan_id", "position", "settled_at", "created_at", "id", "who", "reason", "summary"}
)
SHOWN = 3


def find_differences(one: Path, other: Path) -> Iterator[str]:
    """Tell what differs, table by table."""
    with closing(sqlite3.connect(one)) as left, closing(sqlite3.connect(other)) as right:
        for table, order in (
            ("plans", "id"),
            ("plan_counts", "event_date, event_name, code"),
            ("postbacks", "occurrence_id, event_id"),
        ):
            rows = zip_longest(_read(left, table, order), _read(right, table, order))
            differing = [pair for pair in rows if pair[0] != pair[1]]
            yield from (f"{table}: {mine!r} is {theirs!r}" for mine, theirs in differing[:SHOWN])
            if len(differing) > SHOWN:
                yield f"{table}: {len(differing) - SHOWN:,} more"
        yield from (f"{path}: positions are not each number once" for path in _find_gaps(left, right))


def _read(connection: sqlite3.Connection, table: str, order: str) -> sqlite3.Cursor:
    names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    kept = ", ".join(name for name in names if name not in OF_A_PLANNING)
    return connection.execute(f"SELECT {kept} FROM {table} ORDER BY {order}")  # noqa: S608 - our own names


def _find_gaps(*connections: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT count(DISTINCT position) = count(*) AND max(position) + 1 = count(*) FROM postbacks"
    for connection in connections:
        if connection.execute(query).fetchone() == (0,):
            yield str(connection.execute("PRAGMA database_list").fetchone()[2])


if __name__ == "__main__":
    found = list(find_differences(Path(sys.argv[1]), Path(sys.argv[2])))
    sys.stdout.write("\n".join(found or ["the same plan"]) + "\n")
    sys.exit(bool(found))
