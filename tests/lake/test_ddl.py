import re
from pathlib import Path

import pytest

from etl.lake.ddl import FILES, write_ddl
from etl.lake.library import find_sql_folder
from etl.lake.spelling import ATHENA, TRINO
from etl.lake.tables import EVENTS, TABLES

COLUMN = re.compile(r"^    [`\"](\w+)[`\"] (.+?) comment '([^']+)',?$", re.MULTILINE)


def test_files_are_current(tmp_path: Path) -> None:
    """What lies in sql/ddl/ is what the authorities say now; `python -m etl.lake.ddl` makes it so."""
    for _ in range(2):
        write_ddl(tmp_path / "ddl")
    for name in FILES:
        written = (tmp_path / "ddl" / name).read_text(encoding="utf-8")
        assert (find_sql_folder() / "ddl" / name).read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", FILES)
def test_each_column_is_declared_once(name: str) -> None:
    """Those of `events`, with comments that Glue takes, the partitions last; every table is registered."""
    text = FILES[name]()
    found = COLUMN.findall(text)
    inside = [each for each in EVENTS.schema.names if each not in EVENTS.partition_by]
    assert [column for column, _, _ in found] == [*inside, *EVENTS.partition_by]
    assert max(len(meaning.encode()) for _, _, meaning in found) <= 255
    assert min(len(meaning) for _, _, meaning in found) > 9
    assert all(f"s3://my-bucket/lake/{table.name}" in text for table in TABLES)


def test_types_are_the_engines() -> None:
    """Hive's names for Athena; a precision that Trino's Hive connector takes."""
    athena = {name: kind for name, kind, _ in COLUMN.findall(FILES["athena.sql"]())}
    trino = {name: kind for name, kind, _ in COLUMN.findall(FILES["trino.sql"]())}
    asked = ("event_id", "event_time", "event_revenue", "wifi", "extra", "quality_flags", "event_date")
    assert [athena[name] for name in asked] == [
        *("string", "timestamp", "decimal(28,10)", "boolean", "map<string,string>", "array<string>", "date")
    ]
    assert [trino[name] for name in asked] == [
        *("varchar", "timestamp(3)", "decimal(28, 10)", "boolean", "map(varchar, varchar)", "array(varchar)"),
        "date",
    ]


def test_every_type_is_spelled_for_every_engine() -> None:
    """A table with a type of a new kind is not forgotten."""
    for table in TABLES:
        assert all(dialect.spell(each.type) for each in table.schema for dialect in (ATHENA, TRINO))
