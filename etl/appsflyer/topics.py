"""Which of the Push API's seven topics a message belongs to.

Vendor document followed: "AppsFlyer: Push API V2.0", its tables of event message types and of duplicate
retargeting events.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Topic(StrEnum):
    """The Push API's message topics."""

    INSTALL = "install"
    INSTALL_IN_APP_EVENT = "install_in_app_event"
    RE_ENGAGEMENT = "re_engagement"
    RE_ENGAGEMENT_IN_APP_EVENT = "re_engagement_in_app_event"
    RE_ATTRIBUTION = "re_attribution"
    RE_ATTRIBUTION_IN_APP_EVENT = "re_attribution_in_app_event"
    REINSTALL = "reinstall"


IN_APP_FAMILY = "in_app"

_BASES = {
    "install": Topic.INSTALL,
    "re_engagement": Topic.RE_ENGAGEMENT,
    "reengagement": Topic.RE_ENGAGEMENT,
    "re_attribution": Topic.RE_ATTRIBUTION,
    "reattribution": Topic.RE_ATTRIBUTION,
    "reinstall": Topic.REINSTALL,
    "re_install": Topic.REINSTALL,
}
# A reinstall's in-app events arrive under the install's topic: the vendor has no topic of their own.
_IN_APP = {
    Topic.INSTALL: Topic.INSTALL_IN_APP_EVENT,
    Topic.REINSTALL: Topic.INSTALL_IN_APP_EVENT,
    Topic.RE_ENGAGEMENT: Topic.RE_ENGAGEMENT_IN_APP_EVENT,
    Topic.RE_ATTRIBUTION: Topic.RE_ATTRIBUTION_IN_APP_EVENT,
}


def decide_topic(  # noqa: PLR0913, PLR0917 - the six fields that tell a topic, the clearest first
    event_type: str | None,
    conversion_type: str | None,
    campaign_type: str | None,
    is_primary_attribution: bool | None,  # noqa: FBT001 - a field of the message, passed by keyword
    retargeting_conversion_type: str | None,
    event_name: str | None,
) -> Topic:
    """Decide the topic from the fields that tell it, the clearest first.

    The newer `event_type` where it says so; else `conversion_type` with `campaign_type`; else
    `is_primary_attribution` false, which only the install in-app half of a retargeting pair has; else
    `retargeting_conversion_type`; else the event name.
    """
    return (
        topic_of_event_type(event_type)
        or topic_of_conversion(conversion_type, campaign_type, event_name)
        or (Topic.INSTALL_IN_APP_EVENT if is_primary_attribution is False else None)
        or _place(_BASES.get(_simplify(retargeting_conversion_type)), event_name)
        or _BASES.get(_simplify(event_name))
        or Topic.INSTALL_IN_APP_EVENT
    )


def topic_of_event_type(event_type: str | None) -> Topic | None:
    """Give the topic that the newer `event_type` says; None where it says none, as V1.0's does not."""
    return _read_event_type(_simplify(event_type))


def topic_of_conversion(
    conversion_type: str | None, campaign_type: str | None, event_name: str | None
) -> Topic | None:
    """Give the topic that `conversion_type` says with `campaign_type`; None where it says none."""
    return _read_conversion(_simplify(conversion_type), _simplify(campaign_type), event_name)


def is_conversion_name(event_name: str) -> bool:
    """Tell whether an event is itself a conversion, by its name."""
    return _simplify(event_name) in _BASES


def topic_family(topic: Topic) -> str:
    """Give the part of the topic that belongs to an event's identity: one for all in-app events."""
    return IN_APP_FAMILY if topic.endswith("in_app_event") else topic.value


def _simplify(text: str | None) -> str:
    return re.sub(r"[\s\-_]+", "_", (text or "").strip().casefold())


def _read_event_type(event_type: str) -> Topic | None:
    """Read `organic-install`, `re-engagement-in-app-event` …; V1.0's `in-app-event` tells nothing."""
    name = event_type.removeprefix("organic_")
    if name.endswith("_in_app_event"):
        base = _BASES.get(name.removesuffix("_in_app_event"))
        return _IN_APP[base] if base else None
    return _BASES.get(name)


def _read_conversion(conversion: str, campaign: str, event_name: str | None) -> Topic | None:
    base = _BASES.get(conversion)
    if base is Topic.REINSTALL and campaign == "retargeting":
        base = Topic.RE_ATTRIBUTION
    return _place(base, event_name)


def _place(base: Topic | None, event_name: str | None) -> Topic | None:
    """Give the base topic to an event that is itself a conversion, its in-app topic to any other."""
    if base is None or is_conversion_name(event_name or ""):
        return base
    return _IN_APP[base]
