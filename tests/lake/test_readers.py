"""pyarrow, pandas, DuckDB and Polars see the same rows, and the log holds no identifier."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from etl.appsflyer.fields import identifier_fields
from etl.lake.families import choose_schema
from etl.lake.tables import EVENTS, TABLES, file_schema, find_table
from tests.services.worlds import World, message

ODD_APPS = (
    "com.plain",
    "a b/c",
    "käse=1",
    "100%",
    "../up",
    ".",
    "%41",
    "x" * 300,
    "__HIVE_DEFAULT_PARTITION__",
)
MONEY = "12345678901234.1234567891"


@pytest.fixture
def read_world(local_world: World) -> World:
    """A lake with odd app ids, money, maps, lists and quarantine."""
    rows = [message(number, app_id=app) for number, app in enumerate(ODD_APPS)]
    odd = message(50, event_revenue=MONEY, new_field="new", wifi="perhaps", event_time="2026-09-01 01:00:00")
    local_world.land([*rows, odd, b"no json", message(51, event_name=None)])
    local_world.ingest()
    return local_world


def open_table(world: World) -> DeltaTable:
    """Open `events`, which is there."""
    found = find_table(world.lake, EVENTS)
    assert found is not None
    return found


def test_every_reader_may_read(read_world: World) -> None:
    """All tables need reader version 1 and writer version 2, no more."""
    for table in TABLES:
        delta = find_table(read_world.lake, table)
        assert delta is not None
        assert (delta.protocol().min_reader_version, delta.protocol().min_writer_version) == (1, 2)


def test_odd_app_ids_come_back_as_they_were(read_world: World) -> None:
    """A partition's value is the app id itself, whatever its folder had to be called."""
    apps = {row["app_id"] for row in read_world.events("app_id")}

    assert apps == {*ODD_APPS, "id1234567890"}
    assert {row["app_id"]: row["event_date"] for row in read_world.events("app_id", "event_date")}[
        "100%"
    ] == date(2026, 9, 1)


def test_polars_scans_it(read_world: World) -> None:
    """Polars gives the same rows; it takes app ids from folders, where the last two cannot stand."""
    found = pl.scan_delta(read_world.lake.uri_of("events")).collect()

    assert {*ODD_APPS[:-2], "id1234567890"} < set(found["app_id"])
    assert sorted(found["event_id"]) == [row["event_id"] for row in read_world.events("event_id")]


def test_duckdb_reads_the_live_files(read_world: World) -> None:
    """The files that the log names, handed to DuckDB, hold the rows."""
    query = "select count(*), sum(event_revenue) from read_parquet(?, hive_partitioning = false)"

    count, revenue = duckdb.execute(query, [open_table(read_world).file_uris()]).fetchall()[0]

    assert count == len(ODD_APPS) + 1
    assert revenue == Decimal(MONEY) + sum(Decimal(f"{number}.5") for number in range(len(ODD_APPS)))


def test_pandas_reads_it(read_world: World) -> None:
    """A pandas frame gets Arrow types: exact money, instants in UTC, lists and maps."""
    found = open_table(read_world).to_pyarrow_dataset().to_table().to_pandas(types_mapper=pd.ArrowDtype)
    odd = found[found["event_revenue"] == Decimal(MONEY)].iloc[0]

    assert str(found["event_time"].dtype) == "timestamp[us, tz=UTC][pyarrow]"
    assert dict(odd["extra"]) == {"new_field": "new", "wifi": "perhaps"}
    assert "unparsable:wifi" in list(odd["quality_flags"])


def test_the_columns_are_those_that_are_declared(read_world: World) -> None:
    """Each table's schema is the declared one, in its order, and no file holds a column that is not."""
    for table in TABLES:
        read = read_world.read(table)
        assert [(field.name, field.type) for field in read.schema] == [
            (field.name, field.type) for field in table.schema
        ]


def test_the_files_hold_the_types_that_the_log_tells(read_world: World) -> None:
    """Strict readers compare a file's types with the log's; a dictionary is an encoding, not a type."""
    for uri in open_table(read_world).file_uris():
        written = [(field.name, field.type) for field in pq.read_schema(uri)]
        assert written == [(field.name, field.type) for field in choose_schema(uri, file_schema(EVENTS))]


def read_log(world: World) -> str:
    """Read all bytes of the logs."""
    folder = Path(world.lake.uri)
    return "".join(path.read_text() for path in sorted(folder.glob("*/_delta_log/*.json")))


def test_no_identifier_is_in_the_log(local_world: World) -> None:
    """Nothing of a message but its app, its times and its topic comes into the log, checkpoints included."""
    names = [field.name for field in identifier_fields()]
    secret = {name: f"SECRET-{name}" for name in names} | {
        "event_name": "SECRET-name",
        "custom_data": "SECRET-data",
    }
    local_world.land([message(1, **secret), b"SECRET no json", message(2, app_id=None, **secret)])
    local_world.ingest()
    for table in TABLES:
        delta = find_table(local_world.lake, table)
        assert delta is not None
        delta.create_checkpoint()

    folders = Path(local_world.lake.uri).glob("*/_delta_log/*")
    assert len(local_world.events()) == 1
    assert [path.name for path in folders if b"SECRET" in path.read_bytes()] == []


def test_identifiers_stay_out_of_the_statistics_that_writers_take() -> None:
    """No column of which a writer may put ranges into the log identifies a person."""
    personal = {field.name for field in identifier_fields()}

    for table in TABLES:
        assert not personal & set(table.statistics)
        assert not {"raw", "message", "event_name", "event_value"} & set(table.statistics)


def test_the_log_tells_which_columns_have_statistics(read_world: World) -> None:
    """`delta.dataSkippingStatsColumns` names them, and each file's statistics are of no others."""
    for table in TABLES:
        delta = find_table(read_world.lake, table)
        assert delta is not None
        columns = delta.metadata().configuration["delta.dataSkippingStatsColumns"]
        assert columns == ",".join(table.statistics)
    added = [json.loads(line)["add"] for line in read_log(read_world).splitlines() if '"add"' in line]
    told = {name for action in added for name in json.loads(action["stats"])["minValues"]}
    assert told <= {name for table in TABLES for name in table.statistics}


def test_statistics_let_readers_pass_over_files(read_world: World) -> None:
    """A filter outside the ranges reads nothing, one inside finds its row."""
    dataset = open_table(read_world).to_pyarrow_dataset()
    inside = pc.field("event_time") >= pc.scalar(read_world.events("event_time")[0]["event_time"])

    assert dataset.to_table(filter=inside).num_rows > 0
    assert dataset.to_table(filter=pc.field("event_date") == date(2020, 1, 1)).num_rows == 0
