"""Deliveries restored from the lake, so that a ledger that was lost sends nothing twice."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import bindparam, exists, text, update

from etl.ledger.database import Ledger, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.postback_tables import plans, postbacks

RESTORED_COLUMNS: Final = (
    "plan_id",
    "position",
    "app_id",
    "occurrence_id",
    "event_id",
    "liftoff_app_id",
    "mode",
    "event_date",
    "source_name",
    "event_name",
    "state",
    "code",
    "attempts",
    "settled_at",
)
"""What the lake tells of each row; its newest state, if it tells several."""

CHUNK: Final = 5_000

_OTHER: Final = postbacks.alias("other")
_CATCH_UP: Final = (
    update(postbacks)
    .values(
        state=bindparam("new_state"),
        code=bindparam("new_code"),
        attempts=bindparam("new_attempts"),
        settled_at=bindparam("new_settled_at"),
        exported_state=bindparam("new_state"),
        sender=None,
        not_before=None,
    )
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position == bindparam("at"),
        postbacks.c.state == "queued",
        # One that was exported so, and is queued since, was queued again by a person.
        postbacks.c.exported_state.is_distinct_from(bindparam("new_state")),
        ~exists().where(
            _OTHER.c.occurrence_id == postbacks.c.occurrence_id,
            _OTHER.c.liftoff_app_id == postbacks.c.liftoff_app_id,
            _OTHER.c.mode == postbacks.c.mode,
            # As the index says it, which then serves.
            text("other.state IN ('sending', 'unknown', 'delivered')"),
        ),
    )
)


def restore_deliveries(ledger: Ledger, rows: pa.Table) -> int:
    """Restore rows as the lake shows them, with a finished plan for each that is not there; return how many.

    Columns are those of `RESTORED_COLUMNS`; `code` and `settled_at` may be null. Of what the ledger has, only
    rows that are queued still change, as in a backup that is older than the lake. So this may be repeated,
    and of two rows that exclude each other the first stands.
    """
    restored = 0
    for start in range(0, rows.num_rows, CHUNK):
        batch = rows.slice(start, CHUNK).select(list(RESTORED_COLUMNS)).to_pylist()
        with begin_write(ledger) as connection:
            now = ledger.clock(connection)
            found = {row["plan_id"]: _describe_plan(row, now) for row in batch}
            statement = insert_into(connection, plans).on_conflict_do_nothing()
            connection.execute(statement, list(found.values()))
            insert = (
                insert_into(connection, postbacks).on_conflict_do_nothing().returning(postbacks.c.position)
            )
            restored += len(connection.execute(insert, [_describe(row) for row in batch]).all())
            restored += connection.execute(_CATCH_UP, [_describe_change(row) for row in batch]).rowcount
    return restored


def _describe_plan(row: Mapping[str, Any], now: datetime) -> dict[str, object]:
    """Describe a plan of which only rows are known."""
    return {
        "id": row["plan_id"],
        "app_id": row["app_id"],
        "liftoff_app_id": row["liftoff_app_id"],
        "mode": row["mode"],
        "state": "finished",
        "filter": "{}",
        "configuration_hash": "",
        "rows": 0,
        "next_position": 0,
        "summary": '{"restored": true}',
        "canary": "off",
        "created_at": now,
        "finished_at": now,
    }


def _describe_change(row: Mapping[str, Any]) -> dict[str, object]:
    """Describe what became of a row that the ledger takes for queued."""
    changed = {f"new_{name}": row[name] for name in ("state", "code", "attempts", "settled_at")}
    return changed | {"plan": row["plan_id"], "at": row["position"]}


def _describe(row: Mapping[str, Any]) -> dict[str, object]:
    """Describe a row, which the lake has already as it is."""
    described = {name: row[name] for name in RESTORED_COLUMNS if name != "app_id"}
    return described | {"exported_state": row["state"]}
