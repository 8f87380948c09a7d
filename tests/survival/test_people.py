"""Who did what, when: equal events merge, different ones never do, and doubt is flagged."""

from urllib.parse import urlencode

import pytest

from tests.survival.landing import Lake, Landing, Row, as_line, message

NOBODY = {"appsflyer_id": ...}
FULL = {
    "event_revenue": "5.5",
    "event_revenue_currency": "EUR",
    "event_value": '{"a": 1, "b": "x"}',
    "campaign": "c",
    "af_ad": "ad",
    "wifi": True,
    "event_time_selected_timezone": "2026-09-01 19:00:00.123+0900",
}
V1 = {
    "appsflyer_device_id": "1600000000000-1234567",
    "appsflyer_id": ...,
    "api_version": ...,
    "event_time": "2026-09-01 10:00:00",
    "fb_adgroup_name": "ad",
    "af_ad": ...,
    "event_type": "in-app-event",
    "event_value": '{"b":"x","a":1}',
    "currency": "EUR",
    "event_revenue_currency": ...,
    "wifi": "true",
}
PAIR = {"event_name": "pair", "event_revenue": "9.99"}


def v1(**changes: object) -> bytes:
    """Make a line of a V1.0 message, a copy of `v2` with the same changes."""
    return as_line(**{**FULL, **V1, **changes})


def v2(**changes: object) -> bytes:
    """Make a line of a full V2.0 message."""
    return as_line(**{**FULL, **changes})


FILES = {
    "withheld.json": as_line(**NOBODY, event_name="w", app_id="nobody", city="Oslo")
    + as_line(**NOBODY, event_name="w", app_id="nobody", city="Rome"),
    "withheld_again.json": as_line(**NOBODY, event_name="w", app_id="nobody", city="Rome"),
    "lesser.json": as_line(event_name="whole", app_id="weak")
    + as_line(
        event_name="lesser",
        app_id="weak",
        appsflyer_id=...,
        advertising_id="6b3c8a0e-5f3d-4c1b-9e0a-2f7d1c4b5a69",
    )
    + as_line(event_name="nameless", app_id="weak", **NOBODY),
    "only_idfv.json": as_line(
        event_name="x", app_id="only_idfv", appsflyer_id=..., idfv="0F2B6A34-7C1D-4E5F-8A9B-1C2D3E4F5A6B"
    ),
    "zeros.json": as_line(
        event_name="zeros",
        app_id="zeros",
        appsflyer_id=...,
        idfa="00000000-0000-0000-0000-000000000000",
        advertising_id="0",
        customer_user_id="me",
    ),
    "conversions.json": b"".join(
        as_line(event_name=name) for name in ("install", "reinstall", "re-attribution", "re-engagement")
    ),
    "a_v1_first.json": v1(event_name="v1 first"),
    "b_v2_second.json": v2(event_name="v1 first"),
    "c_v2_first.json": v2(event_name="v2 first"),
    "d_v1_second.json": v1(event_name="v2 first"),
    "pair.json": as_line(
        **PAIR,
        media_source="ua_int",
        is_primary_attribution=False,
        conversion_type="install",
        campaign_type="ua",
    )
    + as_line(
        **PAIR,
        media_source="rt_int",
        is_primary_attribution=True,
        conversion_type="re-engagement",
        campaign_type="retargeting",
    ),
    "organic.json": as_line(event_name="o", media_source="organic")
    + as_line(event_name="o", media_source="Organic")
    + as_line(event_name="o", media_source=None),
    "forms.json": as_line(event_name="f", event_value={"b": 1, "a": 2}, wifi=True)
    + as_line(event_name="f", event_value='{"a":2,"b":1}', wifi="true"),
    "forms.log": urlencode(message(event_name="f", event_value='{ "a": 2, "b": 1 }', wifi="true")).encode()
    + b"\n",
    "orders.json": as_line(event_name="orders", event_value='{"order": 123456789012345678901}')
    + as_line(event_name="orders", event_value='{"order": 123456789012345678902}'),
    "separators.json": as_line(event_name="s\x1fx", event_value="y")
    + as_line(event_name="s", event_value="x\x1fy"),
    "coarse.json": as_line(event_name="coarse", event_time="2026-09-01 10:00:00", city="Oslo")
    + as_line(event_name="coarse", event_time="2026-09-01 10:00:00.500", city="Oslo")
    + as_line(event_name="coarse", event_time="2026-09-01 10:00:00", city="Oslo")
    + as_line(event_name="coarse", event_time="2026-09-01 10:00:01", city="Oslo"),
}


def flags_of(row: Row) -> set[str]:
    """Give the flags of a row as a set."""
    return set(row["quality_flags"] or [])


def test_two_people_who_are_both_withheld_stay_two(lake: Lake) -> None:
    """With all ids withheld every field tells people apart, and both rows are weak."""
    rows = lake.events_of("withheld.json")
    assert [row["city"] for row in rows] == ["Oslo", "Rome"]
    assert all(flags_of(row) == {"weak_identity"} for row in rows)


def test_an_exact_resend_of_a_withheld_person_merges(lake: Lake) -> None:
    """A row that is equal in all fields is the same row."""
    assert lake.load_of("withheld_again.json")["duplicates"] == 1


def test_an_identity_by_a_lesser_field_than_others_is_weak(lake: Lake) -> None:
    """Where other rows of the app have the AppsFlyer id, a row without it is flagged."""
    assert [flags_of(row) for row in lake.events_of("lesser.json")] == [
        set(),
        {"weak_identity"},
        {"weak_identity"},
    ]


def test_an_identity_as_good_as_the_apps_others_is_not_weak(lake: Lake) -> None:
    """An app whose endpoint never sends the AppsFlyer id has no weak rows for it."""
    assert flags_of(lake.event_of("only_idfv.json")) == set()


def test_zeros_are_no_id(lake: Lake) -> None:
    """Two people without advertising ids are told apart by the next field; nothing is weak about it.

    That the ids are zeros is told.
    """
    assert flags_of(lake.event_of("zeros.json")) == {"zero_id:advertising_id", "zero_id:idfa"}


def test_install_reinstall_and_re_attribution_at_one_instant_stay_apart(lake: Lake) -> None:
    """Conversions of different kinds are different events and different occurrences."""
    rows = lake.events_of("conversions.json")
    assert [row["topic"] for row in rows] == ["install", "reinstall", "re_attribution", "re_engagement"]
    assert len({row["event_id"] for row in rows}) == len({row["occurrence_id"] for row in rows}) == 4


@pytest.mark.parametrize(
    ("kept", "gone"), [("b_v2_second.json", "a_v1_first.json"), ("c_v2_first.json", "d_v1_second.json")]
)
def test_copies_of_both_versions_become_one(lake: Lake, kept: str, gone: str) -> None:
    """Of a V1 and a V2 copy the V2 one is published, whichever landed first."""
    assert lake.event_of(kept)["api_version"] == "2.0"
    assert lake.load_of(gone)["duplicates"] == 1


def test_the_halves_of_a_retargeting_pair_are_two_rows_and_one_occurrence(lake: Lake) -> None:
    """Both sources' rows are published; revenue is summed once an occurrence."""
    first, second = lake.events_of("pair.json")
    assert (first["topic"], second["topic"]) == ("install_in_app_event", "re_engagement_in_app_event")
    assert first["event_id"] != second["event_id"]
    assert first["occurrence_id"] == second["occurrence_id"]


def test_every_spelling_of_organic_is_one_source(lake: Lake) -> None:
    """`organic`, `Organic` and nothing are one media source."""
    assert lake.load_of("organic.json")["duplicates"] == 2


def test_post_and_get_forms_become_one(lake: Lake) -> None:
    """An event value as object or as text, in any order and spacing, is one value."""
    assert lake.load_of("forms.json")["duplicates"] == 1
    assert lake.load_of("forms.log")["duplicates"] == 1


def test_orders_that_differ_in_the_last_of_many_digits_stay_two(lake: Lake) -> None:
    """No number of an event value is rounded before it is compared."""
    assert len(lake.events_of("orders.json")) == 2


def test_no_character_moves_the_border_between_parts(lake: Lake) -> None:
    """A name and a value whose texts together are equal are still two events."""
    assert len(lake.events_of("separators.json")) == 2


def test_a_time_without_milliseconds_merges_only_with_its_equal(lake: Lake) -> None:
    """It is the possible twin of others in its second, and of none in the next."""
    rows = lake.events_of("coarse.json")
    assert lake.load_of("coarse.json")["duplicates"] == 1
    assert [flags_of(row) for row in rows] == [{"possible_twin"}, set(), set()]


def test_what_identities_an_app_has_is_remembered(landing: Landing) -> None:
    """A row is weak as well when only rows of earlier runs had the better id."""
    landing.land({"1.json": as_line(event_name="whole")})
    landing.run()
    landing.land(
        {
            "2.json": as_line(
                event_name="lesser", appsflyer_id=..., idfv="0F2B6A34-7C1D-4E5F-8A9B-1C2D3E4F5A6B"
            )
        }
    )
    landing.run()
    lake = landing.read()
    assert flags_of(lake.event_of("1.json")) == set()
    assert flags_of(lake.event_of("2.json")) == {"weak_identity"}


def test_a_twin_is_recognised_against_the_lake_and_never_in_itself(landing: Landing) -> None:
    """A row meets its twin of an earlier run; reprocessing makes no row the twin of its own former self."""
    coarse = as_line(event_name="c", event_time="2026-09-01 10:00:00")
    landing.land(
        {"1.json": coarse, "lone.json": as_line(event_name="lone", event_time="2026-09-01 10:00:00")}
    )
    landing.run()
    landing.run(is_reprocess=True)
    assert all(flags_of(row) == set() for row in landing.read().events)
    landing.land({"2.json": as_line(event_name="c", event_time="2026-09-01 10:00:00.700")})
    landing.run()
    assert flags_of(landing.read().event_of("2.json")) == {"possible_twin"}


def test_the_other_half_of_a_pair_is_no_twin(landing: Landing) -> None:
    """Rows with milliseconds are not doubted for sharing a second with each other."""
    landing.land({"1.json": as_line(event_name="p", media_source="ua_int")})
    landing.run()
    landing.land(
        {
            "2.json": as_line(event_name="p", media_source="rt_int"),
            "3.json": as_line(event_name="other", event_time="2026-09-01 10:00:00"),
        }
    )
    landing.run()
    assert flags_of(landing.read().event_of("2.json")) == set()
