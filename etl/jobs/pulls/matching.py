"""Pair the events of a Pull file with those of the lake, and tell what is left and what differs.

Two records are one event if they name the same person, the same event and the same second. Of several,
those are paired first that agree in value, source and revenue, then those that agree in less. A person is
named by AppsFlyer's id; where the lake's row has none, by the best id that it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import Any, Final, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.identity import NO_PERSON_RANK
from etl.jobs.pulls.narrowing import COMPARED, create_side, fill_side

Numbers = npt.NDArray[np.int64]

_HERE: Final = Path(__file__).parent
_DEED: Final = ("app_id", "event_name", "second")


def _column(name: str) -> str:
    return f"field_{COMPARED.index(name)}"


# What a pair must agree in, beside person, name and second: the closest first.
_ROUNDS: Final = (
    (_column("event_value"), _column("media_source"), _column("event_revenue")),
    (_column("event_value"), _column("media_source")),
    (_column("media_source"),),
    (_column("event_value"),),
    (),
)


@dataclass(frozen=True, slots=True)
class HourCount:
    """What became of the events of an hour (UTC), an app and a name."""

    hour: str
    app_id: str
    event_name: str
    equal: int
    differing: int
    missing_in_push: int
    missing_in_pull: int


@dataclass(frozen=True, slots=True)
class Counts:
    """A comparison in numbers.

    `different` counts the pairs whose values differ, by field, of the fields `compared`. `not_in_push` are
    fields that no row of the lake has here, so that nothing was compared. Rows that name nobody cannot be
    paired: `nameless_pull`, `nameless_push`.
    """

    hours: tuple[HourCount, ...] = ()
    different: Mapping[str, int] = field(default_factory=dict)
    compared: tuple[str, ...] = ()
    not_in_push: tuple[str, ...] = ()
    nameless_pull: int = 0
    nameless_push: int = 0


class Matcher:
    """Takes the rows of both sides, pairs them, and counts.

    Some 300 bytes a row; what does not fit in memory is spilled, as hashes, to a temporary folder that goes
    with it.
    """

    def __init__(self) -> None:
        """Open it with nothing in it."""
        self._connection = duckdb.connect(config={"memory_limit": "1GB"})
        self._connection.execute("set enable_progress_bar = false")
        self._connection.execute(f"set temp_directory = '{gettempdir()}/pushlift-pull-{token_hex(8)}'")
        for side in ("pull", "push"):
            self._connection.execute(create_side(side))
        self._connection.execute("create table pairs (pull bigint, push bigint)")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        self._connection.close()

    def add_pull(self, rows: pa.Table) -> None:
        """Take records of the file, as `prepare_rows` gives them."""
        self._add("pull", rows)

    def add_push(self, rows: pa.Table) -> None:
        """Take rows of the lake, as `prepare_rows` gives them."""
        self._add("push", rows)

    def pair(self) -> None:
        """Pair the rows of both sides, each with one at most."""
        ranks = self._ask(f"select distinct rank from push where rank < {NO_PERSON_RANK} order by rank")  # noqa: S608 - a number
        for (rank,) in ranks:
            for agreed in _ROUNDS:
                self._connection.execute(_spell_round(rank, agreed))

    def list_missing(self) -> Numbers:
        """List the numbers of the file's records that the lake lacks; those that name nobody are not told."""
        found = self._connection.sql(
            f"select number from pull anti join pairs on number = pairs.pull where rank < {NO_PERSON_RANK}"  # noqa: S608 - a number
        ).fetchnumpy()["number"]
        return np.sort(np.asarray(found, dtype=np.int64))

    def count(self, present: Collection[str]) -> Counts:
        """Count what the pairing came to; `present` are the fields that the file has a column for."""
        asked = [name for name in COMPARED if name in present]
        told = self._ask(f"select {_list(f'count({_column(name)})' for name in COMPARED)} from push")[0]  # noqa: S608 - ours
        absent = {name for name, count in zip(COMPARED, told, strict=True) if not count}
        # An event without a source is organic: that is a value.
        not_in_push = tuple(name for name in asked if name in absent - {"media_source"})
        compared = tuple(name for name in asked if name not in not_in_push)
        self._connection.execute(_spell_differing(compared))
        sums = [f"count(*) filter ({_differs(name)})" for name in compared]
        found = self._ask(f"select {_list(sums)} from paired")[0] if compared else ()  # noqa: S608 - ours
        counted = dict(zip(compared, found, strict=True))
        hours = self._ask((_HERE / "hours.sql").read_text(encoding="utf-8"))
        nameless = (
            self._ask(f"select count(*) from {side} where rank = {NO_PERSON_RANK} and {test}")[0][0]  # noqa: S608 - ours
            for side, test in (("pull", "true"), ("push", "is_due"))
        )
        return Counts(
            tuple(HourCount(_spell_hour(hour), *rest) for hour, *rest in hours),
            {name: count for name, count in counted.items() if count},
            compared,
            not_in_push,
            *nameless,
        )

    def read_details(self) -> Iterator[tuple[str, ...]]:
        """Give each event that is not equal: its kind, hour, app and name, its line, and its id in the lake.

        To be asked after `count`.
        """
        found = self._connection.sql((_HERE / "details.sql").read_text(encoding="utf-8"))
        for batch in found.to_arrow_reader(10_000):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            yield from ((kind, _spell_hour(hour), *rest) for kind, hour, *rest in rows)

    def _add(self, side: str, rows: pa.Table) -> None:
        if rows.num_rows:
            self._connection.register("incoming", rows)
            self._connection.execute(fill_side(side, "incoming"))
            self._connection.unregister("incoming")

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.sql(query).fetchall()
        return rows


def _spell_round(rank: int, agreed: Sequence[str]) -> str:
    """Spell the statement that pairs rows alike in person, name and second, and in what is agreed."""
    keys = (*_DEED, f"person_{rank}", *agreed)
    pull = _spell_side("pull", rank, agreed, "number")
    push = _spell_side("push", rank, agreed, "not is_due, number")
    return (
        f"insert into pairs select pull_rows.number, push_rows.number from ({pull}) as pull_rows"  # noqa: S608 - ours
        f" join ({push}) as push_rows using ({_list((*keys, 'place'))})"
    )


def _spell_side(side: str, rank: int, agreed: Sequence[str], order: str) -> str:
    """Spell the query of a side's rows that are not paired, numbered among those that are alike.

    Of the lake's rows those whose person has no better name.
    """
    person = f"person_{rank}"
    keys = _list((*_DEED, person, *agreed))
    chosen = _list(("number", *_DEED, person, *(f"coalesce({each}, 0) as {each}" for each in agreed)))
    return (
        f"select {chosen}, row_number() over (partition by {keys} order by {order}) as place"  # noqa: S608 - ours
        f" from {side} anti join pairs on number = pairs.{side} where {person} is not null"
        + (f" and rank = {rank}" if side == "push" else "")
    )


def _spell_differing(compared: Sequence[str]) -> str:
    fields = (f"p.{_column(name)} as pull_{name}, l.{_column(name)} as push_{name}" for name in compared)
    tests = (f"p.{_column(name)} is distinct from l.{_column(name)}" for name in compared)
    labels = ("p.label as line", "l.label as event_id", "p.app_id", "p.event_name", "p.second")
    chosen = _list((*labels, *fields, f"({' or '.join(tests) or 'false'}) as differs"))
    return (
        f"create or replace view paired as select {chosen} from pairs"  # noqa: S608 - names of our own
        " join pull as p on p.number = pairs.pull join push as l on l.number = pairs.push"
    )


def _differs(name: str) -> str:
    return f"where pull_{name} is distinct from push_{name}"


def _list(parts: Collection[str] | Iterator[str]) -> str:
    return ", ".join(parts)


def _spell_hour(hour: int) -> str:
    return f"{np.datetime64(hour * 3600, 's')}Z"
