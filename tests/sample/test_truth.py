import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from etl.sample import write_truth
from tests.sample.reading import INSTALLS, Landing, Message, identify


@pytest.fixture(params=["mixed", "benchmark_shape"])
def landing(request: pytest.FixtureRequest) -> Landing:
    """Each shape in turn."""
    found: Landing = request.getfixturevalue(request.param)
    return found


def find_events(landing: Landing) -> dict[tuple[object, ...], Message]:
    """Keep one message of each identity, a V2 one where there is one."""
    by_version = sorted(landing.messages, key=lambda message: "attribution_type" in message, reverse=True)
    return {identify(message): message for message in by_version}


def name_topic(message: Message) -> str:
    """Name the topic by the fields that every endpoint has."""
    name = str(message.get("event_name") or message["event_type"])
    if name in INSTALLS:
        return name.replace("-", "_")
    conversion = message.get("retargeting_conversion_type") or message.get("re_targeting_conversion_type")
    is_primary = str(message.get("is_primary_attribution")).lower() != "false"
    kind = str(conversion).replace("-", "_") if conversion and is_primary else "install"
    return f"{kind}_in_app_event"


def test_every_message_is_accounted_for(landing: Landing) -> None:
    """Messages are events, duplicates and junk, and nothing else."""
    truth = landing.truth
    assert truth.messages == len(landing.messages) + len(landing.junk)
    assert truth.messages == truth.events + truth.duplicates + sum(truth.quarantined.values())


def test_events_are_the_distinct_identities(landing: Landing) -> None:
    """Resends and V1 twins are no events of their own; all else is."""
    assert landing.truth.events == len(find_events(landing))


def test_occurrences_are_distinct_without_the_media_source(landing: Landing) -> None:
    """The two halves of a retargeting pair are one occurrence."""
    assert landing.truth.occurrences == len({identity[:-1] for identity in find_events(landing)})
    assert landing.truth.occurrences < landing.truth.events


def test_events_are_counted_by_app_name_and_topic(landing: Landing) -> None:
    """Counts by app, event name and topic add up what the files say."""
    events = find_events(landing).values()
    assert landing.truth.events_by_app == Counter(event["app_id"] for event in events)
    assert landing.truth.events_by_name == Counter(e.get("event_name") or e["event_type"] for e in events)
    assert landing.truth.events_by_topic == Counter(name_topic(event) for event in events)


def test_revenue_is_exact_and_once_an_occurrence(landing: Landing) -> None:
    """Revenue adds the decimal texts of event_revenue, one half of a pair only."""
    occurrences = {identity[:-1]: event for identity, event in find_events(landing).items()}
    totals: dict[tuple[str, str], Decimal] = {}
    for event in occurrences.values():
        if event.get("event_revenue"):
            key = str(event["app_id"]), str(event["event_revenue_currency"])
            totals[key] = totals.get(key, Decimal(0)) + Decimal(str(event["event_revenue"]))
    told = landing.truth.revenue
    assert totals == {(app, c): Decimal(text) for app, by in told.items() for c, text in by.items()}


def test_v1_revenue_stands_in_event_values(mixed: Landing) -> None:
    """What only V1 tells of purchases is summed apart, from event_value."""
    totals: dict[tuple[str, str], Decimal] = {}
    for event in find_events(mixed).values():
        if "attribution_type" in event and event.get("currency"):
            value = json.loads(str(event["event_value"]))
            key = str(event["app_id"]), value["af_currency"]
            totals[key] = totals.get(key, Decimal(0)) + Decimal(value["af_revenue"])
    told = mixed.truth.revenue_v1
    assert totals == {(app, c): Decimal(text) for app, by in told.items() for c, text in by.items()}


def test_junk_is_counted_by_kind(mixed: Landing) -> None:
    """Each line of junk is told by what is wrong with it."""
    assert mixed.truth.quarantined == Counter(name_junk(line) for line in mixed.junk)


def name_junk(line: bytes) -> str:
    """Say what is wrong with a line."""
    if line.startswith(b"<!DOCTYPE"):
        return "html_page"
    if b"\xff" in line:
        return "invalid_utf8"
    if not line.startswith(b"{"):
        return "scalar"
    return "missing_app_id" if line.endswith(b"}") else "truncated"


def test_the_truth_can_be_written(mixed: Landing, tmp_path: Path) -> None:
    """The truth is plain JSON."""
    write_truth(mixed.truth, tmp_path / "truth.json")
    told = json.loads((tmp_path / "truth.json").read_text())
    assert told["events"] == mixed.truth.events
    assert told["revenue"] == mixed.truth.revenue
