"""The account of a run: its rows of `loads`, `checks` and `profiles`, once it is known what they say."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

import pyarrow as pa

from etl.jobs.attempts import Attempt
from etl.lake.drafts import DraftFile, write_draft
from etl.lake.loads import LoadCounts, loads_table
from etl.lake.tables import CHECKS, LOADS, PROFILES
from etl.quality.checks import Check
from etl.quality.profile import Profile, profiles_table
from etl.quality.records import checks_table


def write_accounts(
    attempt: Attempt, loads: Sequence[LoadCounts], checks: Sequence[Check], profiles: Iterable[Profile]
) -> list[DraftFile]:
    """Write the account as drafts; those tables where there is anything to say.

    Each call writes under other names: a run that is audited again never writes over what a plan names.
    """
    run = attempt.run
    path = f"{attempt.stem}-{secrets.token_hex(2)}.parquet"
    profiled = [profiles_table(each, run.id, run.started_at) for each in profiles]
    tables = (
        (LOADS, loads_table(loads, run.id, run.started_at)),
        (CHECKS, checks_table(checks, run.id, run.started_at)),
        (PROFILES, pa.concat_tables([PROFILES.schema.empty_table(), *profiled])),
    )
    drafts = []
    for table, rows in tables:
        if rows.num_rows:
            attempt.register(table, [path])
        drafts.append(write_draft(attempt.lake, table, path, [rows]))
    return [draft for draft in drafts if draft is not None]
