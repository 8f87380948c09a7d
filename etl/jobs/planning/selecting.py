"""Select from the lake what a plan is made of: a few passes over a few columns, then each chosen row once.

`is_first_event` is decided for each of Liftoff's events and each person of an app, from the lake's whole
history:

- false where an earlier occurrence is in the lake (times that are equal: the lesser `occurrence_id` is
  earlier);
- true where none is, and none can be missing: the person installed the app after the lake's history of it
  began, and no day since may not be relied on (`history.py`). The install is that which the person's rows of
  an install or its in-app events tell; rows of re-engagements and re-attributions tell their own times;
- null otherwise, and for a row whose person or whose time is in doubt (`weak_identity`, `possible_twin`).

Test messages are no history. The halves of a retargeting pair are one occurrence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from etl.appsflyer.identity import PERSON_FIELDS
from etl.appsflyer.topics import Topic
from etl.jobs.planning.request import EventKind, Fresh
from etl.lake.reading import LakeTable
from etl.lake.tables import EVENTS
from etl.stores import Store

BATCH_ROWS: Final = 32_768
# Rows that share their occurrence with others are taken together, at most about so many.
PAIR_ROWS: Final = 200_000
_SCANNED_ROWS: Final = 32_768
_MEMORY: Final = "512MB"
_THREADS: Final = 2
_QUERIES: Final = Path(__file__).with_name("queries")
_FOLDED: Final = frozenset({"advertising_id", "idfa"})
# Their `install_time` is when the app was installed, and not when the person came back.
_INSTALL_TOPICS: Final = frozenset({Topic.INSTALL, Topic.INSTALL_IN_APP_EVENT, Topic.REINSTALL})
_KIND: Final = ("topic", "event_name")
_NARROW: Final = (*_KIND, "occurrence_id", "event_time", "install_time", "is_test_message", "quality_flags")


@dataclass(frozen=True, slots=True)
class Days:
    """The days of an app that are chosen, both ends included, and those of its history before them."""

    app_id: str
    first: date
    last: date

    def list_days(self) -> list[date]:
        """List the chosen days."""
        return [self.first + timedelta(days=place) for place in range((self.last - self.first).days + 1)]

    def chosen(self) -> ds.Expression:
        """Test for the chosen days."""
        return self._of_app() & (pc.field("event_date") >= self.first) & (pc.field("event_date") <= self.last)

    def history(self) -> ds.Expression:
        """Test for the days before the chosen ones."""
        return self._of_app() & (pc.field("event_date") < self.first)

    def all(self) -> ds.Expression:
        """Test for the chosen days and those before them."""
        return self._of_app() & (pc.field("event_date") <= self.last)

    def day(self, day: date) -> ds.Expression:
        """Test for one day."""
        return self._of_app() & (pc.field("event_date") == day)

    def _of_app(self) -> ds.Expression:
        return pc.field("app_id") == self.app_id


@dataclass(frozen=True, slots=True)
class Unmapped:
    """How many occurrences of a day have a name that the vocabulary does not know."""

    event_date: date
    source_name: str
    occurrences: int


class Selection:
    """One version of a lake's events, in the hands of DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: ds.Dataset, days: Days) -> None:
        """Begin with a connection of its own."""
        self._connection, self._dataset, self._days = connection, dataset, days

    def find_kinds(self) -> list[tuple[str, str]]:
        """Find the topics and names of events up to the last chosen day."""
        self._scan(_KIND, self._days.all())
        return self._connection.sql(_read("kinds")).fetchall()

    def take_kinds(self, kinds: Sequence[EventKind]) -> None:
        """Take the kinds of events as they were named."""
        words = {word: place for place, word in enumerate(sorted({each.event_name or "" for each in kinds}))}
        asked = {each.event_name for each in kinds if each.is_asked}
        columns = {
            "topic": pa.array([each.topic for each in kinds], pa.string()),
            "name": pa.array([each.name for each in kinds], pa.string()),
            "source_name": pa.array([each.source_name for each in kinds], pa.string()),
            "event_name": pa.array([each.event_name for each in kinds], pa.string()),
            # None where it is not asked for and is no history of what is.
            "word": pa.array(
                [
                    words[each.event_name] if each.event_name in asked and each.event_name else None
                    for each in kinds
                ],
                pa.int32(),
            ),
            "is_asked": pa.array([each.is_asked for each in kinds], pa.bool_()),
            "tells_install": pa.array([each.topic in _INSTALL_TOPICS for each in kinds], pa.bool_()),
        }
        self._create("kinds", pa.table(columns))

    def count_unmapped(self) -> list[Unmapped]:
        """Count what has no name at Liftoff."""
        self._scan((*_KIND, "event_date", "occurrence_id", "is_test_message"), self._days.chosen())
        return [Unmapped(*row) for row in self._connection.sql(_read("unmapped")).fetchall()]

    def choose(
        self, complete: Mapping[date, datetime], delivered: pa.Array, fresh: Fresh | None = None
    ) -> int:
        """Decide which rows are chosen, and what history tells of them; gives their number."""
        whole = ("event_date", "event_id", "loaded_at", "is_primary_attribution")
        self._scan((*_NARROW, *PERSON_FIELDS, *whole), self._days.chosen())
        self._connection.execute(_read("seen"))
        self._scan((*_NARROW, *PERSON_FIELDS), self._days.history())
        self._connection.execute(_read("firsts"))
        self._create(
            "complete",
            pa.table(
                {
                    "event_date": pa.array(list(complete), pa.date32()),
                    "since": pa.array(list(complete.values()), pa.timestamp("us", "UTC")),
                }
            ),
        )
        self._create(
            "delivered", pa.table({"occurrence_id": delivered}), "occurrence_id::uuid as occurrence_id"
        )
        self._connection.execute(
            "create table pairs as select occurrence_id from seen where is_asked group by 1"
            " having count(*) > 1"
        )
        since = {
            "since": fresh.since if fresh else None,
            "pairs_since": fresh.pairs_since if fresh else None,
        }
        self._connection.execute(_read("chosen"), since)
        self._connection.execute("drop table seen; drop table firsts; drop table delivered; drop table pairs")
        return int(self._connection.sql("select count(*) from chosen").fetchall()[0][0])

    def read_rows(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Read the chosen rows, some ten thousand at a time, day by day.

        All rows of an occurrence are in one table. Besides the columns: `is_first_event`, `is_delivered` and
        `source_name`.
        """
        counted = self._connection.sql(
            "select event_date, count(*) filter (is_pair) from chosen group by event_date order by event_date"
        ).fetchall()
        for day, pair_rows in counted:
            parts = 1 + pair_rows // PAIR_ROWS
            for part in range(parts):
                yield from self._read_part(columns, day, part, parts)

    def _read_part(self, columns: Sequence[str], day: date, part: int, parts: int) -> Iterator[pa.Table]:
        """Read rows with Arrow; DuckDB sees of them only what tells which are chosen."""
        alone: list[pa.Table] = []
        pairs: list[pa.Table] = []
        scanner = self._scanner(tuple(dict.fromkeys((*columns, *_KIND, "event_id"))), self._days.day(day))
        for batch in scanner.to_batches():
            marks = self._mark(batch, {"day": day, "part": part, "parts": parts})
            pairs.append(_take_rows(batch, marks.filter(marks["is_pair"])))
            alone.append(_take_rows(batch, marks.filter(pc.invert(marks["is_pair"]))))
            if sum(rows.num_rows for rows in alone) >= BATCH_ROWS:
                yield pa.concat_tables(alone).combine_chunks()
                alone.clear()
        for rest in (alone, pairs):
            if any(rows.num_rows for rows in rest):
                yield pa.concat_tables(rest).combine_chunks()

    def _mark(self, batch: pa.RecordBatch, which: Mapping[str, object]) -> pa.Table:
        """Say which of a batch's rows are chosen, by their places, and what was decided of them."""
        keys = pa.Table.from_batches([batch.select([*_KIND, "event_id"])])
        self._connection.register(
            "scanned", keys.append_column("place", pa.array(range(keys.num_rows), pa.int64()))
        )
        return self._connection.sql(_read("rows"), params=which).to_arrow_table()

    def _scan(self, columns: Sequence[str], where: ds.Expression) -> None:
        """Offer rows to the next query, which may read them once."""
        self._connection.register("scanned", self._scanner(columns, where).to_reader())

    def _scanner(self, columns: Sequence[str], where: ds.Expression) -> ds.Scanner:
        return self._dataset.scanner(
            columns=list(columns),
            filter=where,
            batch_size=_SCANNED_ROWS,
            batch_readahead=2,
            fragment_readahead=1,
        )

    def _create(self, name: str, rows: pa.Table, columns: str = "*") -> None:
        self._connection.register("given", rows)
        self._connection.execute(f"create table {name} as select {columns} from given")  # noqa: S608 - our own
        self._connection.unregister("given")


def _take_rows(batch: pa.RecordBatch, marks: pa.Table) -> pa.Table:
    """Take the rows that are marked, and what was decided of them."""
    rows = pa.Table.from_batches([batch])
    if marks.num_rows < rows.num_rows:
        rows = rows.take(marks["place"])
    for name in ("is_first_event", "is_delivered", "source_name"):
        rows = rows.append_column(name, marks[name])
    return rows


@contextmanager
def open_selection(lake: Store, days: Days) -> Iterator[Selection]:
    """Open the events of some days as they are now: later commits are not seen."""
    dataset = LakeTable(lake, EVENTS).dataset()
    with (
        tempfile.TemporaryDirectory(prefix="pushlift-") as folder,
        duckdb.connect(config={"autoinstall_known_extensions": False}) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
        connection.execute(f"SET memory_limit = '{_MEMORY}'; SET threads = {_THREADS}")
        connection.execute(f"SET temp_directory = '{folder}'; SET preserve_insertion_order = false")
        connection.execute(f"CREATE MACRO name_person(event) AS {_spell_person()}")
        yield Selection(connection, dataset, days)


def _spell_person() -> str:
    """Spell in SQL how `etl.appsflyer.identity` names a person; a test holds the two together."""
    keys = (f"lower(event.{name})" if name in _FOLDED else f"event.{name}" for name in PERSON_FIELDS)
    tests = (
        f"event.{name} is not null and not regexp_full_match(event.{name}, '[0\\-\\s]*')"
        for name in PERSON_FIELDS
    )
    return f"case {' '.join(f'when {test} then {key}' for test, key in zip(tests, keys, strict=True))} end"


def _read(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")
