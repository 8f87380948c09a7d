import pyarrow as pa
import pytest

from etl.appsflyer.messages import Stray
from etl.appsflyer.unify import UnifiedBatch, as_text, unify_fields
from tests.appsflyer.text_rows import Row, make_batch


def unify(*rows: Row, strays: tuple[Stray, ...] = ()) -> UnifiedBatch:
    """Unify some rows."""
    return unify_fields(make_batch(*rows, strays=strays))


def field(batch: UnifiedBatch, name: str) -> list[str | None]:
    """Give a field's texts; an absent one is all null."""
    found = batch.fields.get(name)
    return [None] * batch.rows if found is None else list(as_text(found).to_pylist())


def extras(batch: UnifiedBatch) -> list[tuple[int, str, str]]:
    """Give everything set apart: row, wire name, text."""
    return [
        (row, extra.name, text)
        for extra in batch.extras
        for row, text in zip(extra.rows.tolist(), extra.texts.to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("name", ["campaign", "media_source", "original_url"])
def test_empty_and_null_are_absent(name: str) -> None:
    """With many values or few, empty text is null, and a field that is all null is gone."""
    assert field(unify({name: ""}, {name: "x"}, {name: None}), name) == [None, "x", None]
    assert name not in unify({name: ""}, {name: None}).fields


@pytest.mark.parametrize(
    ("v1", "v2"),
    [
        ("fb_adgroup_name", "af_ad"),
        ("fb_campaign_id", "af_c_id"),
        ("click_time", "attributed_touch_time"),
        ("cost_per_install", "af_cost_value"),
        ("agency", "af_prt"),
        ("appsflyer_device_id", "appsflyer_id"),
        ("click_url", "original_url"),
        ("download_time_selected_timezone", "device_download_time_selected_timezone"),
        ("re_targeting_conversion_type", "retargeting_conversion_type"),
    ],
)
def test_a_v1_name_is_translated_and_shows_the_version(v1: str, v2: str) -> None:
    """A name that only V1.0 had is its V2.0 name, and marks the message."""
    batch = unify({v1: "x"}, {v2: "y"})
    assert field(batch, v2) == ["x", "y"]
    assert batch.is_v1.tolist() == [True, False]


def test_a_message_that_says_its_version_is_believed() -> None:
    """What `api_version` says counts for more than names."""
    batch = unify({"api_version": "1.0"}, {"api_version": "2.0", "agency": "x"}, {"agency": "x"})
    assert batch.is_v1.tolist() == [True, False, True]


@pytest.mark.parametrize("name", ["event_name", "campaign", "media_source"])
def test_a_spelling_fills_gaps_and_contradicts_into_extra(name: str) -> None:
    """The V2 name comes first; what another spelling says otherwise is kept beside it."""
    other = name.upper()
    batch = unify({name: "a", other: "a"}, {other: "b"}, {name: "c", other: "d"}, {name: "e"})
    assert field(batch, name) == ["a", "b", "c", "e"]
    assert extras(batch) == [(2, other, "d")]


def test_a_dictionary_stays_one_when_it_is_merged() -> None:
    """A field with few values is a dictionary, filled from a spelling or not."""
    batch = unify({"media_source": "a"}, {"Media_Source": "b"})
    assert pa.types.is_dictionary(batch.fields["media_source"].type)


def test_the_event_type_of_v1_is_no_name_where_there_is_one() -> None:
    """`in-app-event` names nothing; `install` names an event that has no other name; V2 is left alone."""
    batch = unify(
        {"api_version": "1.0", "event_type": "in-app-event", "event_name": "buy"},
        {"api_version": "1.0", "event_type": "install"},
        {"api_version": "1.0", "event_type": "in-app-event"},
        {"api_version": "2.0", "event_type": "install"},
    )
    assert field(batch, "event_name") == ["buy", "install", None, None]


def test_an_organic_attribution_type_is_a_media_source() -> None:
    """V1.0 told organic by its type; the text is kept."""
    batch = unify(
        {"api_version": "1.0", "attribution_type": "Organic"},
        {"api_version": "1.0", "attribution_type": "regular"},
    )
    assert field(batch, "media_source") == ["organic", None]
    assert extras(batch) == [(0, "attribution_type", "Organic"), (1, "attribution_type", "regular")]


def test_the_currency_of_v1_belongs_to_the_amounts_that_are_there() -> None:
    """It is the revenue's, the cost's or both's, never one of an amount that is missing or a V2 message's."""
    v1 = {"api_version": "1.0", "currency": "EUR"}
    batch = unify(
        {**v1, "event_revenue": "5"},
        {**v1, "cost_per_install": "2"},
        {**v1, "event_revenue": "5", "event_revenue_currency": "USD"},
        v1,
        {"api_version": "2.0", "currency": "EUR", "event_revenue": "5"},
    )
    assert field(batch, "event_revenue_currency") == ["EUR", None, "USD", None, None]
    assert field(batch, "af_cost_currency") == [None, "EUR", None, None, None]
    assert [name for _, name, _ in extras(batch)] == ["currency"] * 5


def test_brand_and_model_are_joined_as_v2_does() -> None:
    """Both make `brand::model`, a model alone is the type."""
    v1 = {"api_version": "1.0"}
    batch = unify(
        {**v1, "device_brand": "A", "device_model": "M"}, {**v1, "device_model": "M"}, {"device_model": "M"}
    )
    assert field(batch, "device_type") == ["A::M", "M", None]


def test_what_is_unknown_is_set_apart() -> None:
    """Unknown names, as columns or as strays, keep row, name and text; empty ones are absent."""
    batch = unify({"new": "x"}, {"new": ""}, strays=(Stray(1, "rare", "y"), Stray(0, "rare", "")))
    assert extras(batch) == [(0, "new", "x"), (1, "rare", "y")]
