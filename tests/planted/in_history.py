"""Defects that only the weeks before tell: the last day of a month, changed.

Each takes an app's sound messages of the day's two hours, in order of time, and gives what lands instead.
"""

import random
import uuid
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tests.planted.apps import App, Message, make_message, set_time
from tests.planted.in_batches import pick
from tests.planted.kinds import Kinds

KINDS = Kinds()
TIMES: Final = ("event_time", "install_time", "attributed_touch_time")


def read_time(message: Message, field: str = "event_time") -> datetime:
    """Read one of a message's times."""
    return datetime.fromisoformat(f"{message[field]}+00:00")


def split_hours(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """Give the messages of the first hour, and of the second."""
    first = read_time(messages[0]).hour
    return (
        [each for each in messages if read_time(each).hour == first],
        [each for each in messages if read_time(each).hour != first],
    )


@KINDS.checked("history.volume")
def volume_drops(messages: list[Message], _chance: random.Random) -> list[Message]:
    """An hour has an eighth of its events."""
    before, hour = split_hours(messages)
    return before + hour[::8]


@KINDS.checked("history.volume")
def volume_spikes(messages: list[Message], chance: random.Random) -> list[Message]:
    """An hour has five times its events."""
    app = App(messages[0]["app_id"], messages[0]["selected_timezone"])
    _, hour = split_hours(messages)
    return messages + [make_message(app, read_time(each), chance) for each in hour for _ in range(4)]


@KINDS.checked("history.volume")
def hour_missing(messages: list[Message], _chance: random.Random) -> list[Message]:
    """An hour has no event at all."""
    return split_hours(messages)[0]


@KINDS.checked("history.volume")
def event_missing(messages: list[Message], _chance: random.Random) -> list[Message]:
    """The app sends as ever, but one event of it comes no more."""
    return [each for each in messages if each["event_name"] != "af_login"]


@KINDS.checked("history.field_vanished")
def field_vanishes(messages: list[Message], _chance: random.Random) -> list[Message]:
    """The endpoint selects the campaign no more."""
    for message in messages:
        del message["campaign"]
    return messages


@KINDS.checked("history.field_appeared")
def field_appears(messages: list[Message], _chance: random.Random) -> list[Message]:
    """The endpoint sends a field that it did not."""
    for message in messages:
        message["carrier"] = "Telco"
    return messages


@KINDS.checked("history.field_appeared")
def unknown_field_appears(messages: list[Message], _chance: random.Random) -> list[Message]:
    """AppsFlyer sends a field that nobody knows yet."""
    for message in messages:
        message["brand_new_field"] = "yes"
    return messages


@KINDS.checked("history.field_changed_type")
def number_becomes_id(messages: list[Message], chance: random.Random) -> list[Message]:
    """A field that held numbers holds UUIDs."""
    for message in messages:
        message["af_siteid"] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return messages


@KINDS.checked("history.null_share")
def field_thins_out(messages: list[Message], chance: random.Random) -> list[Message]:
    """A field that was always there is there in a third of the rows."""
    for message in pick(messages, 0.66, chance):
        message["language"] = None
    return messages


@KINDS.checked("history.unparsable")
def boolean_in_words(messages: list[Message], chance: random.Random) -> list[Message]:
    """A field that could be read can be read no more."""
    for message in pick(messages, 0.5, chance):
        message["wifi"] = "sometimes"
    return messages


@KINDS.checked("history.clock_issues")
def offset_of_another_zone(messages: list[Message], chance: random.Random) -> list[Message]:
    """Local times bear an offset that their zone does not have."""
    for message in pick(messages, 0.3, chance):
        message["event_time_selected_timezone"] = message["event_time_selected_timezone"][:-5] + "+0545"
    return messages


@KINDS.checked("history.zone_changed")
def zone_is_changed(messages: list[Message], _chance: random.Random) -> list[Message]:
    """Somebody chose another zone in AppsFlyer."""
    for message in messages:
        message["selected_timezone"] = "Asia/Tokyo"
        for field in TIMES:
            set_time(message, field, read_time(message, field))
    return messages


@KINDS.checked("history.utc_is_local")
def utc_is_local(messages: list[Message], _chance: random.Random) -> list[Message]:
    """What is sent as UTC is the zone's local time."""
    for message in messages:
        at = read_time(message)
        offset = at.astimezone(ZoneInfo(message["selected_timezone"])).utcoffset() or timedelta()
        set_time(message, "event_time", at + offset)
    return messages
