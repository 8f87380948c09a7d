"""What lands: sound days, and for each kind of defect the same with the defect planted, from a seed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.planted import in_batches, in_history, in_objects, in_rows
from tests.planted.apps import App, make_message, make_messages, write_lines
from tests.planted.in_objects import pack
from tests.planted.kinds import Kind

ANDROID: Final = App("com.planted.game")
IOS: Final = App("id1234567890", "Europe/Berlin")
# In summer, in both zones: no day of the month has 23 or 25 hours.
BEGIN: Final = datetime(2026, 6, 1, tzinfo=UTC)
SOUND_ROWS: Final = 12
PLANTED_ROWS: Final = 3
# A day's events come in two hours, the last of the day before and the first of its own.
HOURS: Final = (-1, 0)
EVENTS_AN_HOUR: Final = (130, 150)
# The last day of the month and the four weeks before it, which are what it is judged by.
CLEAN_DAYS: Final = 28

OBJECT_KINDS: Final[Mapping[str, Kind]] = in_objects.KINDS
ROW_KINDS: Final[Mapping[str, Kind]] = in_rows.KINDS
BATCH_KINDS: Final[Mapping[str, Kind]] = in_batches.KINDS
HISTORY_KINDS: Final[Mapping[str, Kind]] = in_history.KINDS
# Enough rows for the rules that say nothing of a few.
BATCH_ROWS: Final[Mapping[str, int]] = {"value_in_the_name": 1_150, "item_in_the_name": 1_200}
USUAL_BATCH_ROWS: Final = 560


@dataclass(frozen=True, slots=True)
class Landing:
    """An object that lands, and how many of its messages are spoilt, or rows planted."""

    key: str
    data: bytes
    app_id: str
    planted: int


def key_of(name: str, landed_at: datetime, folder: str = "push/v2") -> str:
    """Name an object as an endpoint does, by the hour in which it landed."""
    return f"{folder}/{landed_at:%Y/%m/%d/%H}/{name}.json.gz"


def plant_in_objects(landed_at: datetime, chance: random.Random) -> Iterator[tuple[Kind, Landing]]:
    """Plant each kind of object, in an object of its own."""
    for kind in OBJECT_KINDS.values():
        lines = write_lines(make_messages(ANDROID, landed_at, SOUND_ROWS, chance))
        data = kind.plant(lines)
        assert isinstance(data, bytes)
        yield kind, Landing(key_of(kind.name, landed_at), data, ANDROID.app_id, 1)


def plant_in_rows(landed_at: datetime, chance: random.Random) -> Iterator[tuple[Kind, Landing]]:
    """Plant each kind of row among sound ones, in an object of its own."""
    for kind in ROW_KINDS.values():
        messages = make_messages(ANDROID, landed_at, SOUND_ROWS, chance)
        for _ in range(PLANTED_ROWS):
            at = landed_at + timedelta(milliseconds=chance.randrange(3_600_000))
            spoilt = make_message(ANDROID, at, chance)
            kind.plant(spoilt, at, chance)
            messages.insert(chance.randrange(len(messages) + 1), spoilt)
        data = pack(write_lines(messages))
        yield kind, Landing(key_of(kind.name, landed_at), data, ANDROID.app_id, PLANTED_ROWS)


def plant_in_batches(landed_at: datetime, chance: random.Random) -> Iterator[tuple[Kind, Landing]]:
    """Plant each kind of batch in an app of its own."""
    for number, kind in enumerate(BATCH_KINDS.values()):
        app = App(f"com.planted.batch{number:02d}")
        rows = BATCH_ROWS.get(kind.name, USUAL_BATCH_ROWS)
        messages = kind.plant(make_messages(app, landed_at, rows, chance), chance)
        assert isinstance(messages, list)
        yield (
            kind,
            Landing(key_of(kind.name, landed_at), pack(write_lines(messages)), app.app_id, len(messages)),
        )


def land_day(
    day: datetime, chance: random.Random, kinds: Mapping[str, Kind] | None = None
) -> Iterator[Landing]:
    """Land a day of both apps: sound, but for the kinds that are planted in an app each, by its id."""
    for app in (ANDROID, IOS):
        hours = [day + timedelta(hours=hour) for hour in HOURS]
        messages = [
            each
            for hour in hours
            for each in make_messages(app, hour, chance.randint(*EVENTS_AN_HOUR), chance)
        ]
        messages.sort(key=lambda message: str(message["event_time"]))
        kind = (kinds or {}).get(app.app_id)
        landed = kind.plant(messages, chance) if kind else messages
        assert isinstance(landed, list)
        key = key_of(app.app_id, day + timedelta(hours=1))
        yield Landing(key, pack(write_lines(landed)), app.app_id, len(landed) if kind else 0)


def list_days() -> list[datetime]:
    """List the days of the clean month."""
    return [BEGIN + timedelta(days=number) for number in range(CLEAN_DAYS)]


def pair_history_kinds() -> Iterator[dict[str, Kind]]:
    """Pair the kinds of history up, one for each app, so that a run judges two."""
    kinds = [*HISTORY_KINDS.values()]
    for first, second in zip(kinds[::2], [*kinds[1::2], None], strict=False):
        yield {ANDROID.app_id: first} | ({IOS.app_id: second} if second else {})


def count_kinds() -> int:
    """Count the kinds that a net of rules must catch."""
    return sum(len(kinds) for kinds in (OBJECT_KINDS, ROW_KINDS, BATCH_KINDS, HISTORY_KINDS))
