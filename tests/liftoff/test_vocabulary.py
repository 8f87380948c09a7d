from dataclasses import replace

import pytest

from etl.liftoff.vocabulary import check_vocabulary, name_event
from tests.liftoff.event_rows import ANDROID, POLICY, map_row

EVENTS = {"af_purchase": "purchase", "re_engagement": "return", "level 1": "level_1"}


@pytest.mark.parametrize(
    ("topic", "event_name", "name"),
    [
        ("install", "install", "install"),
        ("install", None, "install"),
        ("install_in_app_event", "af_purchase", "purchase"),
        ("re_engagement_in_app_event", "af_purchase", "purchase"),
        ("re_engagement", "re-engagement", "return"),
        ("re_attribution", "re-attribution", None),
        ("reinstall", "reinstall", None),
        ("install_in_app_event", "AF_PURCHASE", None),
        ("install_in_app_event", "af_purchase ", None),
        ("install_in_app_event", "install", None),
        ("install_in_app_event", "re_engagement", None),
        (None, "af_purchase", None),
    ],
)
def test_conversions_go_by_topic_and_events_by_name(
    topic: str | None, event_name: str | None, name: str | None
) -> None:
    """Installs need no mapping; an in-app event that an app calls `install` is none."""
    assert name_event(topic or "", event_name or "", EVENTS) == name
    row = {**ANDROID, "topic": topic, "event_name": event_name}
    assert map_row(row, replace(POLICY, events=EVENTS)).get("event_name") == name


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ({"": "x"}, "no event of AppsFlyer's"),
        ({"a\nb": "x"}, "control characters"),
        ({"a": ""}, "is empty"),
        ({"a": " purchase"}, "white space"),
        ({"a": "pur\tchase"}, "control characters"),
        ({"a": "p" * 101}, "more than 100"),
        ({"a": "purchase_1710428966"}, "made by a program"),
        ({"a": "purchase_9173fe74-0578-4658-a461-ebb0b4fce6d6"}, "made by a program"),
        ({"a": "order-4f9a0c7be1d2"}, "made by a program"),
        ({"a": "purchase_{id}"}, "made by a program"),
        ({"a": "2026-03-14 purchase"}, "made by a program"),
        ({"a": "ann@example.com"}, "made by a program"),
        ({"install": "first_open"}, 'calls installs "install"'),
        ({"af_purchase": "install"}, "is no install"),
        ({"re_engagement": "install"}, "is no install"),
    ],
)
def test_names_that_are_not_fixed_are_refused(events: dict[str, str], problem: str) -> None:
    """Liftoff asks for hard-coded strings; a program's would be countless."""
    with pytest.raises(ValueError, match=problem):
        check_vocabulary(events)


def test_fixed_words_are_accepted() -> None:
    """Numbers that name a step, and other scripts, are words like others."""
    events = {
        "a": "level_10_complete",
        "b": "Покупка",
        "c": "d7 retained",
        "d": "deadbeef",
        "reinstall": "install",
        "install": "install",
    }
    assert check_vocabulary(events) == events
