"""What Liftoff has: the occurrences that some plan delivered."""

from datetime import date

import pyarrow as pa
from sqlalchemy import select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import IN_DOUBT_OR_DONE, postbacks

_CHUNK = 50_000


def read_delivered(ledger: Ledger, liftoff_app_id: str, mode: str, first: date, last: date) -> pa.Array:
    """Read the occurrences of some days that were delivered to an app in a mode."""
    table = postbacks.c
    query = select(table.occurrence_id).where(
        IN_DOUBT_OR_DONE,
        table.state == "delivered",
        table.liftoff_app_id == liftoff_app_id,
        table.mode == mode,
        table.event_date.between(first, last),
    )
    with begin_read(ledger) as connection:
        chunks = connection.execution_options(yield_per=_CHUNK).scalars(query).partitions()
        return pa.chunked_array(
            [pa.array(chunk, pa.string()) for chunk in chunks], pa.string()
        ).combine_chunks()
