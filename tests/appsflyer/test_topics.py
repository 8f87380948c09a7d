import pytest

from etl.appsflyer.topics import Topic, decide_topic, topic_family

# AppsFlyer: Push API V2.0, event message types: conversion_type, campaign_type, event_name → topic.
TABLE = [
    ("Install", "UA", "install", Topic.INSTALL),
    ("Install", "Organic", "install", Topic.INSTALL),
    ("Install", "UA", "af_purchase", Topic.INSTALL_IN_APP_EVENT),
    ("Install", "Organic", "af_purchase", Topic.INSTALL_IN_APP_EVENT),
    ("Re-engagement", "Retargeting", "re-engagement", Topic.RE_ENGAGEMENT),
    ("Re-engagement", "Retargeting", "af_purchase", Topic.RE_ENGAGEMENT_IN_APP_EVENT),
    ("Reinstall", "Retargeting", "re-attribution", Topic.RE_ATTRIBUTION),
    ("Reinstall", "UA", "reinstall", Topic.REINSTALL),
    ("Reinstall", "Organic", "reinstall", Topic.REINSTALL),
    ("Reinstall", "Retargeting", "af_purchase", Topic.RE_ATTRIBUTION_IN_APP_EVENT),
]


def decide(**fields: str | bool | None) -> Topic:
    """Decide the topic of a message that has some of the fields."""
    names = (
        "event_type",
        "conversion_type",
        "campaign_type",
        "is_primary_attribution",
        "retargeting_conversion_type",
        "event_name",
    )
    return decide_topic(*(fields.get(name) for name in names))  # type: ignore[arg-type]


@pytest.mark.parametrize(("conversion", "campaign", "event_name", "topic"), TABLE)
def test_the_vendors_table_is_followed(conversion: str, campaign: str, event_name: str, topic: Topic) -> None:
    """Each row of the table of event message types gives its topic."""
    assert decide(conversion_type=conversion, campaign_type=campaign, event_name=event_name) is topic


@pytest.mark.parametrize(
    ("event_type", "topic"),
    [
        ("install", Topic.INSTALL),
        ("organic-install", Topic.INSTALL),
        ("install-in-app-event", Topic.INSTALL_IN_APP_EVENT),
        ("organic-install-in-app-event", Topic.INSTALL_IN_APP_EVENT),
        ("re-engagement", Topic.RE_ENGAGEMENT),
        ("re-engagement-in-app-event", Topic.RE_ENGAGEMENT_IN_APP_EVENT),
        ("re-attribution", Topic.RE_ATTRIBUTION),
        ("reattribution", Topic.RE_ATTRIBUTION),
        ("re-attribution-in-app-event", Topic.RE_ATTRIBUTION_IN_APP_EVENT),
        ("reinstall", Topic.REINSTALL),
        ("organic-reinstall", Topic.REINSTALL),
    ],
)
def test_the_newer_event_type_comes_first(event_type: str, topic: Topic) -> None:
    """Where a message says its topic, nothing else counts."""
    assert decide(event_type=event_type, conversion_type="Install", event_name="x") is topic


def test_the_event_type_of_v1_tells_nothing() -> None:
    """`in-app-event` is the name of no topic."""
    found = decide(event_type="in-app-event", conversion_type="Re-engagement", event_name="buy")
    assert found is Topic.RE_ENGAGEMENT_IN_APP_EVENT


def test_only_the_install_half_of_a_pair_is_not_primary() -> None:
    """False tells the install's half; null and true tell nothing."""
    sent = {"retargeting_conversion_type": "re-engagement", "event_name": "buy"}
    assert decide(**sent, is_primary_attribution=False) is Topic.INSTALL_IN_APP_EVENT
    assert decide(**sent, is_primary_attribution=True) is Topic.RE_ENGAGEMENT_IN_APP_EVENT
    assert decide(**sent) is Topic.RE_ENGAGEMENT_IN_APP_EVENT


def test_the_name_of_a_conversion_tells_the_rest() -> None:
    """With nothing else an event is a conversion by its name, else an in-app event."""
    assert decide(event_name="install") is Topic.INSTALL
    assert decide(event_name="Re-Attribution") is Topic.RE_ATTRIBUTION
    assert decide(event_name="buy") is decide() is Topic.INSTALL_IN_APP_EVENT


@pytest.mark.parametrize("topic", Topic)
def test_in_app_events_are_one_family(topic: Topic) -> None:
    """Both halves of a pair share their family; conversions have one each."""
    expected = "in_app" if "in_app" in topic.value else topic.value
    assert topic_family(topic) == expected
