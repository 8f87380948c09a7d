"""Defects of a batch: single rows may be sound, or merely flagged, but there are too many of a sort.

Each takes an app's sound messages of an hour and gives what lands instead.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tests.planted.apps import Message, set_time
from tests.planted.kinds import Kinds

KINDS = Kinds()


def pick(messages: Sequence[Message], share: float, chance: random.Random) -> Iterator[Message]:
    """Pick so many of the messages, at random."""
    yield from chance.sample(messages, round(share * len(messages)))


@KINDS.checked("batch.mostly_usable")
def app_that_forgot_the_name(messages: list[Message], chance: random.Random) -> list[Message]:
    """Most messages have no event name, and are quarantined."""
    for message in pick(messages, 0.8, chance):
        message["event_name"] = ""
    return messages


@KINDS.checked("batch.quarantine_small")
def release_with_a_bug(messages: list[Message], chance: random.Random) -> list[Message]:
    """Every fifth message has no time."""
    for message in pick(messages, 0.2, chance):
        del message["event_time"], message["event_time_selected_timezone"]
    return messages


@KINDS.checked("batch.duplicates_few")
def resend_storm(messages: list[Message], chance: random.Random) -> list[Message]:
    """Every message arrives five times."""
    stormy = messages * 5
    chance.shuffle(stormy)
    return stormy


@KINDS.checked("batch.identity_strong")
def sdk_without_ids(messages: list[Message], chance: random.Random) -> list[Message]:
    """Most rows name nobody."""
    for message in pick(messages, 0.8, chance):
        for field in ("appsflyer_id", "customer_user_id", "advertising_id", "idfv"):
            message.pop(field, None)
    return messages


@KINDS.checked("batch.clocks_sound")
def offset_of_another_season(messages: list[Message], chance: random.Random) -> list[Message]:
    """Local times are an hour off in a third of the rows."""
    for message in pick(messages, 0.35, chance):
        told = message["event_time_selected_timezone"]
        message["event_time_selected_timezone"] = f"{told[:11]}{(int(told[11:13]) + 1) % 24:02d}{told[13:]}"
    return messages


@KINDS.checked("batch.revenue_has_currency")
def shop_without_currency(messages: list[Message], _chance: random.Random) -> list[Message]:
    """No purchase has a currency."""
    for message in messages:
        message["event_revenue_currency"] = ""
    return messages


@KINDS.checked("batch.revenue_positive")
def sign_turned_round(messages: list[Message], _chance: random.Random) -> list[Message]:
    """Purchases are negative."""
    for message in messages:
        if "event_revenue" in message:
            message["event_revenue"] = f"-{message['event_revenue']}"
    return messages


@KINDS.checked("batch.flags_few")
def country_in_words(messages: list[Message], chance: random.Random) -> list[Message]:
    """Half of the rows have a country that is none, so half are flagged."""
    for message in pick(messages, 0.6, chance):
        message["country_code"] = "Germany"
    return messages


@KINDS.checked("events.revenue_range")
def thousandths_for_dollars(messages: list[Message], _chance: random.Random) -> list[Message]:
    """Every event is a purchase, and each is told a thousandfold."""
    for message in messages:
        message |= {"event_name": "af_purchase", "event_revenue_currency": "USD"}
        message["event_revenue"] = message["event_revenue_usd"] = "40000.00"
    return messages


@KINDS.checked("batch.event_names_bounded")
def value_in_the_name(messages: list[Message], _chance: random.Random) -> list[Message]:
    """Every event has a name of its own."""
    for number, message in enumerate(messages):
        message["event_name"] = f"level {number} won"
    return messages


@KINDS.checked("batch.names_few")
def item_in_the_name(messages: list[Message], _chance: random.Random) -> list[Message]:
    """Every third event has a name of its own."""
    for number, message in enumerate(messages):
        message["event_name"] = f"bought item {number // 3}"
    return messages


@KINDS.checked("batch.install_before_event")
def install_clock_ahead(messages: list[Message], chance: random.Random) -> list[Message]:
    """A tenth of the installs come after their events."""
    for message in pick(messages, 0.1, chance):
        at = datetime.fromisoformat(f"{message['event_time']}+00:00")
        set_time(message, "install_time", at + timedelta(minutes=30))
    return messages


@KINDS.checked("events.platform_known")
def platform_by_its_maker(messages: list[Message], chance: random.Random) -> list[Message]:
    """A fifth of the rows come from platforms that nobody measures."""
    for message in pick(messages, 0.2, chance):
        message["platform"] = "toaster"
    return messages


@KINDS.checked("batch.api_version_known")
def version_of_tomorrow(messages: list[Message], chance: random.Random) -> list[Message]:
    """A tenth of the messages are of a version that nobody knows."""
    for message in pick(messages, 0.1, chance):
        message["api_version"] = "3.0"
    return messages
