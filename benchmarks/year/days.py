"""A day of an app: what happened, to whom and when."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.year.arrays import Numbers, pick
from benchmarks.year.columns import Deeds, install_moment
from benchmarks.year.shape import APPS, CONVERSIONS, DAY, FIRST_DAY, NAMES, SOURCES, rows_of

# Of a thousand rows of a day.
_INSTALLS, _OTHER_CONVERSIONS, _TOLD_TWICE = 40, 6, 12


def make_day(place: int, day: int, total: int) -> pa.Table:
    """Make the rows of an app and UTC day, in no order, without the partition's columns."""
    app, rows = APPS[place], rows_of(place, day, total)
    chance = np.random.default_rng([place, day])
    kinds = _choose_kinds(chance, rows)
    people = _choose_people(chance, place, day, total, kinds)
    deeds = Deeds(app, day, kinds, people, _moments(chance, day, kinds, people))
    told = deeds.make()
    twice = np.flatnonzero((kinds >= len(CONVERSIONS)) & (chance.integers(0, 1000, rows) < _TOLD_TWICE))
    halves = _retell(told.take(pa.array(twice)))
    # The halves of a pair are one message after the other; what is written plainly is shuffled.
    return pa.concat_tables([told, halves]).take(pa.array(chance.permutation(rows + len(twice))))


def _choose_kinds(chance: np.random.Generator, rows: int) -> Numbers:
    """Give a number for each row: a conversion's place, or that of an event's name behind them."""
    weights = 1 / np.arange(1, len(NAMES) + 1)
    names = chance.choice(len(NAMES), rows, p=weights / weights.sum()) + len(CONVERSIONS)
    draw = chance.integers(0, 1000, rows)
    found = np.where(draw < _INSTALLS, 0, names)
    others = (draw >= _INSTALLS) & (draw < _INSTALLS + 3 * _OTHER_CONVERSIONS)
    return np.where(others, 1 + (draw - _INSTALLS) // _OTHER_CONVERSIONS, found).astype(np.int64)


def _choose_people(chance: np.random.Generator, place: int, day: int, total: int, kinds: Numbers) -> Numbers:
    """Choose who did each row: mostly those who installed lately; a number says app, day and which."""
    ages = np.where(kinds == 0, 0, np.minimum(chance.exponential(15, len(kinds)).astype(np.int64), 300))
    installed = day - ages
    each_day = max(1, rows_of(place, max(day, 0), total) * _INSTALLS // 1000)
    which = np.where(kinds == 0, np.cumsum(kinds == 0), chance.integers(0, each_day, len(kinds)))
    return (np.int64(place) << 44) | ((installed + 1_000) << 28) | which


def _moments(chance: np.random.Generator, day: int, kinds: Numbers, people: Numbers) -> Numbers:
    """Give the microsecond, UTC, of each row."""
    start = (FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + day) * DAY
    within = np.where(kinds == 0, install_moment(people), chance.integers(0, DAY // 1000, len(kinds)) * 1000)
    return start + within


def _retell(rows: pa.Table) -> pa.Table:
    """Tell rows once more, as the original source's half of a pair."""
    changed = {
        "event_id": pc.utf8_reverse(rows["event_id"]),
        "is_primary_attribution": pa.repeat(pa.scalar(value=False), rows.num_rows),
        "media_source": pick(SOURCES, np.full(rows.num_rows, 3)),
        "topic": pick(("install_in_app_event",), np.zeros(rows.num_rows, int)),
    }
    for name, column in changed.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(
            place, rows.schema.field(place), pa.chunked_array([column]).cast(rows.schema.field(place).type)
        )
    return rows
