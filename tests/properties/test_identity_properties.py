"""Who did what, when does not depend on how a message says it."""

import json
from urllib.parse import quote_plus

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.normalize import normalize_batch
from etl.appsflyer.queries import read_queries
from tests.appsflyer.text_rows import SOUND, Row, make_batch, normalize_rows, read_column

V1_NAMES = {
    "appsflyer_id": "appsflyer_device_id",
    "af_ad": "fb_adgroup_name",
    "campaign": "fb_campaign_name",
    "af_prt": "agency",
    "original_url": "click_url",
}

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(str.strip)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), words
)
event_values = st.dictionaries(words, st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=5)
messages = st.fixed_dictionaries(
    {"event_name": words, "appsflyer_id": words.filter(lambda word: word.strip("0- ") != "")},
    optional={
        "event_value": st.builds(json.dumps, event_values),
        "media_source": words,
        "campaign": words,
        "af_ad": words,
        "af_prt": words,
        "original_url": words,
        "wifi": st.sampled_from(["true", "false"]),
        "is_primary_attribution": st.sampled_from(["true", "false"]),
    },
)


def identify(*rows: Row) -> list[tuple[object, object]]:
    """Give the event and occurrence ids of rows, each identified alone."""
    batches = [normalize_rows(row) for row in rows]
    return [
        (batch.columns["event_id"][0].as_py(), batch.columns["occurrence_id"][0].as_py()) for batch in batches
    ]


def shuffle_value(text: str) -> str:
    """Write a JSON object with its keys the other way round and more spaces."""
    items = list(json.loads(text).items())
    return json.dumps(dict(reversed(items)), indent=1, ensure_ascii=False)


@settings(max_examples=100, deadline=None)
@given(message=messages)
def test_v1_names_make_no_other_event(message: dict[str, str]) -> None:
    """A copy under V1.0 names, milliseconds in the twin only, is the same event."""
    twin = {"event_time_selected_timezone": "2026-09-01 19:00:00.123+0900"}
    renamed: Row = {
        **{V1_NAMES.get(name, name): text for name, text in message.items()},
        **twin,
        "appsflyer_id": None,
        "event_time": "2026-09-01 10:00:00",
        "event_type": "in-app-event",
    }
    v2, v1 = identify({**message, **twin}, renamed)
    assert v1 == v2


@settings(max_examples=100, deadline=None)
@given(
    message=messages, nothing=st.sampled_from([None, ""]), fields=st.sets(st.sampled_from(list(V1_NAMES)[1:]))
)
def test_saying_nothing_makes_no_other_event(
    message: dict[str, str], nothing: str | None, fields: set[str]
) -> None:
    """Absent, null and empty are one."""
    silent = {name: text for name, text in message.items() if name not in fields}
    one, other = identify(silent, {**silent, **dict.fromkeys(fields, nothing)})
    assert one == other


@settings(max_examples=100, deadline=None)
@given(message=messages)
def test_the_order_and_spacing_of_a_value_make_no_other_event(message: dict[str, str]) -> None:
    """Equal JSON is an equal event value; so are the spellings of a boolean."""
    spelled = {name: text.upper() if text in {"true", "false"} else text for name, text in message.items()}
    if "event_value" in message:
        spelled["event_value"] = shuffle_value(message["event_value"])
    one, other = identify(message, spelled)
    assert one == other


@settings(max_examples=100, deadline=None)
@given(message=messages)
def test_get_and_post_are_one_event(message: dict[str, str]) -> None:
    """A message sent as a query has the identity of the one sent as JSON."""
    fields = {**SOUND, **message}
    query = "&".join(f"{name}={quote_plus(text)}" for name, text in fields.items() if text is not None)
    batch = read_queries(pa.array([f"/push?{query}".encode()]), np.array([1]))
    sent = normalize_batch(batch)
    assert [(sent.columns["event_id"][0].as_py(), sent.columns["occurrence_id"][0].as_py())] == identify(
        message
    )


@settings(max_examples=100, deadline=None)
@given(
    message=messages,
    name=st.sampled_from(["app_id", "appsflyer_id", "event_name", "event_value", "media_source"]),
    word=words,
)
def test_another_part_makes_another_event(message: dict[str, str], name: str, word: str) -> None:
    """Each part of an identity counts, whatever the others are."""
    changed = {**message, name: f"other {word}"}
    (one, occurrence), (other, other_occurrence) = identify(message, changed)
    assert one != other
    assert (occurrence == other_occurrence) is (name == "media_source")


rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "app_id": st.sampled_from(["id1", "id2", ""]),
            "appsflyer_id": st.sampled_from(["", "0", "9-9"]),
            "idfa": words,
            "event_name": st.sampled_from(["install", "buy", "", "re-engagement"]),
            "event_type": st.sampled_from(["in-app-event", "install", "x"]),
            "event_time": st.sampled_from(["2026-09-01 10:00:00", "soon", "", "2026-09-01 11:00:00.5"]),
            "event_value": st.sampled_from(["{}", "{broken", '{"a": 12345678901234567890123}', "1.0"]),
            "event_revenue": st.sampled_from(["1.5", "0.12345678901", "1,5", ""]),
            "wifi": st.sampled_from(["true", "1", "x", ""]),
            "agency": words,
            "currency": st.sampled_from(["EUR", ""]),
            "Media_Source": st.sampled_from(["a", "organic"]),
            "media_source": st.sampled_from(["a", "b", ""]),
            "api_version": st.sampled_from(["1.0", "2.0"]),
            "selected_timezone": st.sampled_from(["UTC", "Europe/Oslo", "Mars"]),
            "new": words,
        },
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(rows=rows)
def test_rows_do_not_depend_on_their_neighbours(rows: list[dict[str, str]]) -> None:
    """Normalizing row by row gives what normalizing all at once gives."""
    together = normalize_batch(make_batch(*rows))
    alone = [normalize_batch(make_batch(row)) for row in rows]
    for name in together.columns.keys() | {name for batch in alone for name in batch.columns}:
        if name != "source_position":
            assert read_column(together, name) == [read_column(batch, name)[0] for batch in alone], name
    assert together.flags.tolist() == [int(batch.flags[0]) for batch in alone]
    assert together.identities.second_key.tolist() == [int(batch.identities.second_key[0]) for batch in alone]
    assert together.identities.person_rank.tolist() == [
        int(batch.identities.person_rank[0]) for batch in alone
    ]


@pytest.mark.parametrize("name", ["event_id", "occurrence_id"])
def test_ids_are_spread_evenly(name: str) -> None:
    """A thousand instants of one deed have a thousand ids."""
    rows = [
        {"event_time": f"2026-09-01 10:00:{number // 100:02d}.{number % 100:03d}"} for number in range(1000)
    ]
    assert len(set(normalize_rows(*rows).columns[name].to_pylist())) == 1000
