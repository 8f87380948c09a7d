from decimal import Decimal

import pytest

from etl.appsflyer.flags import spell_flags
from etl.appsflyer.messages import Stray
from etl.appsflyer.normalize import TEST_APP_ID, TEST_APPSFLYER_ID, normalize_batch
from tests.appsflyer.text_rows import Row, make_batch, normalize_rows, read_column


def test_rows_stay_in_order_with_their_positions() -> None:
    """A batch is typed row by row, and none is dropped."""
    batch = normalize_rows({"event_name": "a"}, {"event_name": None}, {"event_name": "c"})
    assert read_column(batch, "event_name") == ["a", None, "c"]
    assert read_column(batch, "source_position") == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "text", "value", "flag"),
    [
        ("wifi", "TRUE", True, None),
        ("wifi", "perhaps", None, "unparsable:wifi"),
        ("event_revenue", "1.10", Decimal("1.10"), None),
        ("event_revenue", "1,10", None, "unparsable:event_revenue"),
        ("event_revenue", "0.12345678901", Decimal("0.1234567890"), "money_rounded"),
    ],
)
def test_values_are_typed_or_flagged(name: str, text: str, value: object, flag: str | None) -> None:
    """What cannot be typed, or not exactly, is named and kept as text in `extra`."""
    batch = normalize_rows({name: text})
    assert read_column(batch, name) == [value]
    assert spell_flags(batch.flags).to_pylist() == [[flag] if flag else None]
    assert read_column(batch, "extra") == [{name: text} if flag else None]


def test_a_time_that_cannot_be_read_is_kept_as_text() -> None:
    """Clocks name what is no time, and `extra` keeps it."""
    batch = normalize_rows({"install_time": "soon"})
    assert read_column(batch, "clock_issues") == [["unparsable:install_time"]]
    assert read_column(batch, "extra") == [{"install_time": "soon"}]


@pytest.mark.parametrize(
    ("row", "version"),
    [({}, "2.0"), ({"agency": "x"}, "1.0"), ({"api_version": "1.0"}, "1.0"), ({"api_version": "2.1"}, "2.1")],
)
def test_the_version_is_said_or_shown(row: Row, version: str) -> None:
    """What a message says of its version stays; else its names show it."""
    assert read_column(normalize_rows(row), "api_version") == [version]


def test_the_vendors_test_message_is_recognised() -> None:
    """By its app or by its made-up person."""
    batch = normalize_rows({"app_id": TEST_APP_ID}, {"appsflyer_id": TEST_APPSFLYER_ID}, {})
    assert read_column(batch, "is_test_message") == [True, True, False]


def test_ids_are_searched_where_apps_put_them() -> None:
    """URLs, event values and unknown fields are searched; a row's own id is none of the finds."""
    own, other = "6b3c8a0e-5f3d-4c1b-9e0a-2f7d1c4b5a69", "11111111-5f3d-4c1b-9e0a-2f7d1c4b5a69"
    batch = normalize_rows(
        {"idfv": own, "original_url": f"https://a.b/?x={own}"},
        {"event_value": f'{{"id": "{other}"}}'},
        {"new": other},
        strays=(Stray(0, "rare", other),),
    )
    assert read_column(batch, "embedded_ids") == [[other], [other], [other]]


def test_a_topic_is_decided_for_each_row() -> None:
    """Rows with equal fields share their topic, whatever stands between them."""
    rows = [
        {"event_name": "install"},
        {"event_name": "buy"},
        {"event_name": "install"},
        {"event_type": "reinstall"},
    ]
    topics = ["install", "install_in_app_event", "install", "reinstall"]
    assert read_column(normalize_rows(*rows), "topic") == topics


def test_fields_of_very_many_values_do_not_mix_up_topics() -> None:
    """More combinations of values than a number can count are still told apart."""
    count = 2000
    names = ("event_type", "conversion_type", "campaign_type", "retargeting_conversion_type", "event_name")
    rows = [{name: f"{name}{number}" for name in names} for number in range(count)]
    rows[0]["event_type"] = rows[-1]["event_type"] = "reinstall"
    topics = read_column(normalize_rows(*rows, *rows), "topic")
    assert [place for place, topic in enumerate(topics) if topic == "reinstall"] == [
        0,
        count - 1,
        count,
        2 * count - 1,
    ]


def test_a_batch_without_any_known_field_is_typed_all_the_same() -> None:
    """Rows of strangers are rows, for the rules to judge."""
    batch = normalize_batch(make_batch({"what": "x"}, {"what": None}))
    assert batch.rows == 2
    assert read_column(batch, "event_time") == [None, None]
    assert read_column(batch, "extra") == [{"what": "x"}, None]


def test_rows_give_their_texts_back() -> None:
    """What a quarantined row shows is its fields under V2 names, as they came."""
    batch = normalize_rows({"event_revenue": "1.10"}, {"agency": "x", "event_time": None})
    assert batch.texts_of([1, 0]) == [
        {"app_id": "id1", "event_name": "buy", "appsflyer_id": "1-2", "af_prt": "x"},
        {
            "app_id": "id1",
            "event_name": "buy",
            "event_time": "2026-09-01 10:00:00.123",
            "appsflyer_id": "1-2",
            "event_revenue": "1.10",
        },
    ]
