import numpy as np
import pyarrow as pa
import pytest

from etl.appsflyer.identity import (
    NO_PERSON_RANK,
    PERSON_FIELDS,
    choose_persons,
    compute_second_keys,
)
from etl.appsflyer.normalize import TypedBatch
from tests.appsflyer.text_rows import SOUND, Row, normalize_rows

NOBODY: Row = {"appsflyer_id": None}
COARSE: Row = {"event_time": "2026-09-01 10:00:00"}


def ids(*rows: Row) -> list[str]:
    """Give the event ids of rows."""
    return list(normalize_rows(*rows).columns["event_id"].to_pylist())


def occurrences(*rows: Row) -> list[str]:
    """Give the occurrence ids of rows."""
    return list(normalize_rows(*rows).columns["occurrence_id"].to_pylist())


def keys(*rows: Row) -> list[int]:
    """Give the second keys of rows."""
    return list(normalize_rows(*rows).identities.second_key.tolist())


def test_an_identity_is_32_hex_digits_and_stays() -> None:
    """The id of a known event is the same in every version of this code: lakes hold it."""
    assert ids({}) == ["be33676d5b74ab940576636830b5c73f"]


@pytest.mark.parametrize(
    "change",
    [
        {"app_id": "id2"},
        {"appsflyer_id": "1-3"},
        {"event_name": "sell"},
        {"event_time": "2026-09-01 10:00:00.124"},
        {"event_value": "1"},
        {"event_type": "install"},
        {"media_source": "x_int"},
    ],
)
def test_every_part_counts(change: Row) -> None:
    """An event that differs in one part of its identity is another event."""
    one, other = ids({}, change)
    assert one != other


@pytest.mark.parametrize(
    "change",
    [
        {"city": "Oslo"},
        {"media_source": "organic"},
        {"media_source": " Organic "},
        {"idfv": "F"},
        {"campaign": "c"},
    ],
)
def test_nothing_else_counts(change: Row) -> None:
    """Other fields, lesser ids and every spelling of organic change nothing."""
    one, other = ids({}, change)
    assert one == other


def test_the_media_source_is_no_part_of_the_occurrence() -> None:
    """What a person did is one thing, whatever source it is told of."""
    one, other = occurrences({"media_source": "a"}, {"media_source": "b"})
    assert one == other


@pytest.mark.parametrize("place", range(len(PERSON_FIELDS)))
def test_a_person_is_named_by_the_first_id_there_is(place: int) -> None:
    """The order of the fields is fixed, and the rank tells which one named."""
    fields = {name: pa.array([f"id-{name}"]) for name in PERSON_FIELDS[place:]}
    person, rank = choose_persons(fields, 1)
    assert rank.tolist() == [place]
    assert person.to_pylist() == [f"id-{PERSON_FIELDS[place]}"]


@pytest.mark.parametrize("zeros", ["0", "00000000-0000-0000-0000-000000000000", "", " ", "0000"])
def test_zeros_name_nobody(zeros: str) -> None:
    """An id of zeros is none, in any field."""
    fields = {name: pa.array([zeros]) for name in PERSON_FIELDS}
    assert choose_persons(fields, 1)[1].tolist() == [NO_PERSON_RANK]


@pytest.mark.parametrize(
    ("name", "is_folded"), [("idfa", True), ("advertising_id", True), ("customer_user_id", False)]
)
def test_only_advertising_ids_are_case_folded(name: str, is_folded: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """A device's advertising id is one in any casing; a user id is what the app says."""
    one, other = ids({**NOBODY, name: "AB-C1"}, {**NOBODY, name: "ab-c1"})
    assert (one == other) is is_folded


def test_a_row_that_names_nobody_is_equal_only_to_its_equal() -> None:
    """All fields tell such rows apart, those that nobody knows included."""
    one, resend, other, stranger = ids(
        {**NOBODY, "city": "a"},
        {**NOBODY, "city": "a"},
        {**NOBODY, "city": "b"},
        {**NOBODY, "city": "a", "new": "x"},
    )
    assert one == resend
    assert len({one, other, stranger}) == 3


def test_a_time_without_milliseconds_is_equal_only_to_its_equal() -> None:
    """Such a row merges with one that is equal in all fields, and never with the instant itself."""
    one, resend, other, instant = ids(
        COARSE, COARSE, {**COARSE, "city": "a"}, {"event_time": "2026-09-01 10:00:00.000"}
    )
    assert one == resend
    assert len({one, other, instant}) == 3


def test_the_same_deed_in_one_second_has_one_key() -> None:
    """Precision and source aside, a deed of one person in one second is found by its key."""
    first, second, source, later, deed = keys(
        COARSE,
        {"event_time": "2026-09-01 10:00:00.700"},
        {**COARSE, "media_source": "x"},
        {"event_time": "2026-09-01 10:00:01.000"},
        {**COARSE, "event_name": "sell"},
    )
    assert first == second == source
    assert len({first, later, deed}) == 3


def test_published_rows_have_the_keys_that_they_were_given() -> None:
    """A key computed from the lake's columns is the one that the message had."""
    batch: TypedBatch = normalize_rows({"event_value": '{"b":1, "a":2}'})
    fields = {name: batch.columns[name] for name in (*SOUND, "event_value") if name != "event_time"}
    seconds = np.array([1788256800], dtype=np.int64)
    found = compute_second_keys(fields, pa.array(["in_app"]), seconds)
    assert found.keys.tolist() == batch.identities.second_key.tolist()
    assert found.is_named.all()


def test_parts_do_not_run_into_each_other() -> None:
    """A separator inside a text moves no border between parts."""
    one, other = ids(
        {"event_name": "a\x1fb", "event_value": "c"}, {"event_name": "a", "event_value": "b\x1fc"}
    )
    assert one != other


def test_a_rows_identity_does_not_depend_on_its_neighbours() -> None:
    """A row alone and among others is the same event."""
    rows: list[Row] = [{}, NOBODY, COARSE, {"event_value": "{broken"}, {"media_source": "x"}]
    assert [ids(row)[0] for row in rows] == ids(*rows)
