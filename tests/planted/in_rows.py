"""Defects of a row: each spoils a sound message of an Android app, or of the app that it asks for."""

import random
import uuid
from datetime import datetime, timedelta
from typing import Final

from tests.planted.apps import Message, set_time
from tests.planted.kinds import Kinds

KINDS = Kinds()
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


@KINDS.quarantined("missing_app_id")
def no_app(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The app's id is blank."""
    message["app_id"] = ""


@KINDS.quarantined("unknown_app")
def app_of_somebody_else(message: Message, _at: datetime, _chance: random.Random) -> None:
    """An app that is not configured, where only those are let in."""
    message["app_id"] = "com.example.stranger"


@KINDS.quarantined("missing_event_name")
def no_name(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The event has no name."""
    message["event_name"] = None


@KINDS.quarantined("missing_event_time")
def no_time(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The event has no time, in no zone."""
    del message["event_time"], message["event_time_selected_timezone"]


@KINDS.quarantined("unusable_event_time")
def time_in_words(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The event's time is no time."""
    message |= {"event_time": "yesterday", "event_time_selected_timezone": "yesterday"}


@KINDS.quarantined("event_time_before_2011")
def clock_that_was_never_set(message: Message, at: datetime, _chance: random.Random) -> None:
    """The event happened in 1970."""
    set_time(message, "event_time", at.replace(year=1970))


@KINDS.quarantined("event_time_in_future")
def clock_ahead(message: Message, at: datetime, _chance: random.Random) -> None:
    """The event happens two days after it landed."""
    set_time(message, "event_time", at + timedelta(days=2))


@KINDS.flagged("malformed:appsflyer_id")
def appsflyer_id_cut(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The AppsFlyer id lost its second half."""
    message["appsflyer_id"] = message["appsflyer_id"].partition("-")[0]


@KINDS.flagged("malformed:advertising_id")
def advertising_id_without_hyphens(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The advertising id is no UUID."""
    message["advertising_id"] = message["advertising_id"][:30].replace("-", "_")


@KINDS.flagged("malformed:ip")
def address_of_a_name(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The address is a host's name."""
    message["ip"] = "gateway.example.com"


@KINDS.flagged("private_ip")
def address_of_a_home(message: Message, _at: datetime, chance: random.Random) -> None:
    """The address is one of a private network."""
    message["ip"] = f"192.168.1.{chance.randrange(2, 250)}"


@KINDS.flagged("zero_id:advertising_id")
def advertising_id_of_zeros(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The advertising id is all zeros, and nobody withheld it."""
    message["advertising_id"] = NOBODY


@KINDS.flagged("id_contradicts_platform")
def apple_id_on_android(message: Message, _at: datetime, chance: random.Random) -> None:
    """An Android device has an id that Apple gives out."""
    message["idfv"] = str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper()


@KINDS.flagged("placeholder_user_id")
def user_called_null(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The user's id is a word for nobody."""
    message["customer_user_id"] = "undefined"


@KINDS.flagged("email_as_user_id")
def user_called_by_address(message: Message, _at: datetime, chance: random.Random) -> None:
    """The user's id is an e-mail address."""
    message["customer_user_id"] = f"someone{chance.randrange(1000)}@example.com"


@KINDS.flagged("email_in_value")
def address_in_the_value(message: Message, _at: datetime, chance: random.Random) -> None:
    """The app wrote an e-mail address into the event's value."""
    message["event_value"] = f'{{"contact": "someone{chance.randrange(1000)}@example.com"}}'


@KINDS.flagged("install_after_event")
def installed_afterwards(message: Message, at: datetime, _chance: random.Random) -> None:
    """The install comes an hour after the event."""
    set_time(message, "install_time", at + timedelta(hours=1))
    set_time(message, "attributed_touch_time", at - timedelta(hours=1))


@KINDS.flagged("touch_after_install")
def touched_afterwards(message: Message, at: datetime, _chance: random.Random) -> None:
    """The touch that won the install comes after it."""
    set_time(message, "install_time", at - timedelta(days=2))
    set_time(message, "attributed_touch_time", at - timedelta(days=1))


@KINDS.flagged("time_before_2011")
def installed_in_1970(message: Message, at: datetime, _chance: random.Random) -> None:
    """The install happened in 1970."""
    for field in ("install_time", "attributed_touch_time"):
        set_time(message, field, at.replace(year=1970))


@KINDS.flagged("organic_with_touch")
def organic_but_touched(message: Message, _at: datetime, _chance: random.Random) -> None:
    """Nobody brought the person, and there is a touch."""
    message["media_source"] = "organic"


@KINDS.flagged("revenue_without_currency")
def money_of_nowhere(message: Message, _at: datetime, _chance: random.Random) -> None:
    """There is revenue and no currency."""
    message |= {"event_revenue": "9.99", "event_revenue_currency": ""}


@KINDS.flagged("unknown_currency:event_revenue_currency")
def money_of_a_game(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The currency is none of ISO 4217."""
    message |= {"event_revenue": "9.99", "event_revenue_currency": "GEM"}


@KINDS.flagged("negative_revenue")
def sale_below_zero(message: Message, _at: datetime, _chance: random.Random) -> None:
    """A purchase takes money away."""
    message |= {"event_name": "af_purchase", "event_revenue": "-9.99", "event_revenue_currency": "USD"}


@KINDS.flagged("implausible_revenue")
def sale_of_millions(message: Message, _at: datetime, _chance: random.Random) -> None:
    """One purchase earns more than one ever did."""
    message |= {"event_revenue": "25000000", "event_revenue_currency": "USD", "event_revenue_usd": "25000000"}


@KINDS.flagged("unparsable:event_revenue")
def money_in_words(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The revenue is no amount."""
    message |= {"event_revenue": "a lot", "event_revenue_currency": "USD"}


@KINDS.flagged("money_rounded")
def money_too_fine(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The revenue has more decimals than the lake keeps."""
    message |= {"event_revenue": "1.00000000000049", "event_revenue_currency": "USD"}


@KINDS.flagged("unknown_country")
def country_by_name(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The country is no code of ISO 3166."""
    message["country_code"] = "ZZ"


@KINDS.flagged("unknown_platform")
def platform_of_a_toaster(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The platform is none that AppsFlyer measures."""
    message["platform"] = "toaster"


@KINDS.flagged("platform_contradicts_app")
def package_on_ios(message: Message, _at: datetime, _chance: random.Random) -> None:
    """A package's name, on iOS."""
    message["platform"] = "ios"


@KINDS.flagged("topic_contradicted")
def install_that_is_an_event(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The fields that tell the topic disagree."""
    message["event_type"] = "re-engagement"


@KINDS.flagged("generated_event_name")
def event_of_one_order(message: Message, _at: datetime, chance: random.Random) -> None:
    """The event's name holds an order's number."""
    message["event_name"] = f"order_{chance.randrange(10**9, 10**10)}_paid"


@KINDS.flagged("untidy_event_name")
def event_with_a_blank(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The event's name ends with a blank."""
    message["event_name"] = "af_login "


@KINDS.flagged("campaign_name_too_long")
def campaign_sentinel(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The campaign's name was too long, and its stand-in arrived."""
    message["campaign"] = "c_name_exceeded_max_length"


@KINDS.flagged("unreplaced_macro")
def macro_of_a_network(message: Message, _at: datetime, _chance: random.Random) -> None:
    """A network's macro arrived instead of the campaign."""
    message["campaign"] = "{campaign_name}"


@KINDS.flagged("malformed_window")
def window_in_words(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The lookback window is no length of time."""
    message["af_attribution_lookback"] = "seven"


@KINDS.flagged("weak_identity")
def person_without_ids(message: Message, _at: datetime, _chance: random.Random) -> None:
    """The row names nobody."""
    for field in ("appsflyer_id", "customer_user_id", "advertising_id"):
        del message[field]
