"""The fixed vocabulary of events: what AppsFlyer calls them, what Liftoff does (Liftoff: Analytics S2S)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from etl.appsflyer.topics import Topic

INSTALL: Final = "install"
# Conversions are named by their topic, not by what stands in `event_name`.
CONVERSIONS: Final = (Topic.INSTALL, Topic.REINSTALL, Topic.RE_ENGAGEMENT, Topic.RE_ATTRIBUTION)
# AppsFlyer tells of a person who installs again under these topics, so they may count as installs.
_INSTALLS_AGAIN: Final = frozenset({Topic.INSTALL, Topic.REINSTALL, Topic.RE_ATTRIBUTION})
_LONGEST: Final = 100
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What a program puts into a name: an id, a time, a number that counts something, or a place to fill.
_GENERATED: Final = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-|[0-9]{5}"
    r"|(?<![0-9A-Za-z])(?=[0-9A-Fa-f]*[0-9])(?=[0-9A-Fa-f]*[A-Fa-f])[0-9A-Fa-f]{12}"
    r"|[{}<>$%@]|[0-9]{4}[-_/.][0-9]{2}[-_/.][0-9]{2}"
)


def check_vocabulary(events: Mapping[str, str]) -> Mapping[str, str]:
    """Accept a mapping whose names are fixed strings, and in which an install is `install` and nothing else.

    Raises:
        ValueError: the first name that is not; the message says what to write.
    """
    for source, name in events.items():
        if not source.strip() or _CONTROLS.search(source):
            raise ValueError(f"{source!r} is no event of AppsFlyer's: it is empty or has control characters")
        _check_name(source, name)
        if source == Topic.INSTALL and name != INSTALL:
            raise ValueError(f'Liftoff calls installs "install", so they cannot be {name!r}; leave them out')
        if name == INSTALL and source not in _INSTALLS_AGAIN:
            raise ValueError(f'{source!r} is no install, so Liftoff must not be told "install" of it')
    return events


def name_event(topic: str, event_name: str, events: Mapping[str, str]) -> str | None:
    """Give Liftoff's name of an event of AppsFlyer's, or None where it has none."""
    if topic == Topic.INSTALL:
        return INSTALL
    if topic in CONVERSIONS:
        return events.get(topic)
    return None if event_name in CONVERSIONS or not topic else events.get(event_name)


def list_vocabulary(events: Mapping[str, str]) -> frozenset[str]:
    """List the names that may be told to Liftoff."""
    return frozenset({INSTALL, *events.values()})


def _check_name(source: str, name: str) -> None:
    if not name or name != name.strip() or _CONTROLS.search(name):
        raise ValueError(f"the name for {source!r} is empty, or has white space around or control characters")
    if len(name) > _LONGEST:
        raise ValueError(f"the name for {source!r} has more than {_LONGEST} characters; describe it shorter")
    if _GENERATED.search(name):
        raise ValueError(
            f"{name!r} looks made by a program; Liftoff wants a fixed word for a point in the app's flow, "
            'such as "purchase"'
        )
