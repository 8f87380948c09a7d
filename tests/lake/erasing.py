"""People planted in a lake, and a reader that knows nothing of how they are erased."""

import json
import uuid
from collections.abc import Iterable
from urllib.parse import quote

from etl.lake.tables import EVENTS, POSTBACKS, QUARANTINE
from etl.lake.wanted import Wanted, WantedId
from tests.services.worlds import Row, World, message


def device_of(person: int) -> str:
    """Give a person's device id."""
    return str(uuid.UUID(int=person * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128), version=4))


def appsflyer_id_of(person: int) -> str:
    """Give a person's install."""
    return f"1756684800000-{person + 10**15:019d}"


def event_of(person: int, number: int, **fields: object) -> Row:
    """Make an event of a person; the number tells its events apart."""
    ids = {"appsflyer_id": appsflyer_id_of(person), "idfa": device_of(person).upper()}
    return message(number, **ids, ip="198.51.100.7", user_agent="agent/1", **fields)


def events_of(person: int, **fields: object) -> list[Row]:
    """Make a person's events: plain, and with the device in a URL beside another's install."""
    url = f"https://a.example/?idfa={quote(device_of(person))}"
    beside = message(person * 10 + 1, **fields, original_url=url, event_value="{}")
    return [event_of(person, person * 10, **fields), beside]


def broken_of(person: int) -> list[bytes]:
    """Make messages that go to quarantine, with the device in text, percent-encoded twice, and in no text."""
    device = device_of(person)
    twice = "".join(f"%25{ord(each):02X}" for each in device.upper())
    return [
        f'{{"idfa": "{device}"'.encode(),
        json.dumps({"event_name": "x", "original_url": twice}).encode(),
        b'{"broken": "\xff\xfe' + device.upper().encode(),
    ]


def wanted_of(people: Iterable[int], *apps: str) -> Wanted:
    """Want people by device and install."""
    return Wanted(
        WantedId(each, frozenset(apps))
        for person in people
        for each in (device_of(person), appsflyer_id_of(person))
    )


def everything_of(person: int, **fields: object) -> list[Row | bytes]:
    """Make a person's events and broken messages."""
    return [*events_of(person, **fields), *broken_of(person)]


def holds(world: World, person: int) -> bool:
    """Tell whether any row of the current version spells a person's device or install."""
    rows = [row for table in (EVENTS, QUARANTINE, POSTBACKS) for row in world.read(table).to_pylist()]
    text = repr(rows).casefold()
    return device_of(person) in text or appsflyer_id_of(person) in text


def spell_events(world: World) -> list[str]:
    """Spell the events as they are read, in the order of their ids."""
    return [repr(row) for row in world.events()]
