import re
from urllib.parse import quote, unquote

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.appsflyer.embedded import find_embedded_ids

UUID = "9173fe74-0578-4658-a461-ebb0b4fce6d6"
ANDROID = "3e06b4caebc19356"
MD5 = "0123456789abcdef0123456789abcdef"
SHA1 = MD5 + "01234567"
IMEI = "490154203237518"


def find(text: str | None, **own: str | None) -> list[str] | None:
    """Find the embedded ids of one row."""
    columns = {name: pa.array([value], pa.string()) for name, value in own.items()}
    found: list[str] | None = find_embedded_ids([pa.array([text], pa.string())], columns)[0].as_py()
    return found


@pytest.mark.parametrize(
    "identifier", [UUID, UUID.upper(), ANDROID, MD5, SHA1, SHA1.upper(), SHA1 + MD5[:24]]
)
@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "http://x/?a={}&b=1",
        '{{"id":"{}"}}',
        "a%3D{}%26b",
        "a%253D{}%2526",
        "/u/{}/x",
        "id:{}",
        "x={}\n",
    ],
)
def test_ids_are_found_in_any_surrounding(identifier: str, text: str) -> None:
    """Ids are found in URLs, JSON and encoded URLs, and given in small letters."""
    assert find(text.format(identifier)) == [identifier.lower()]


@pytest.mark.parametrize("dash", ["%2D", "%2d", "%252D", "%252d"])
def test_encoded_dashes_are_dashes(dash: str) -> None:
    """A UUID whose dashes are encoded, even twice, is found."""
    assert find(f"http://x/?id={UUID.replace('-', dash)}&y=1") == [UUID]


def test_own_ids_are_left_out() -> None:
    """What stands in an id column of the row is not embedded, whatever its casing."""
    text = f"?advertiserId={UUID}&android_id={ANDROID}&other={MD5}"
    assert find(text, advertising_id=UUID.upper(), android_id=ANDROID, idfa=None) == [MD5]


def test_own_ids_are_those_of_the_same_row() -> None:
    """Another row's id is foreign, and rows without any are null."""
    texts = pa.array([f"a={UUID}", None, f"b={UUID} c={UUID.upper()}", "x"])
    own = {"idfa": pa.array([UUID, UUID, None, UUID])}
    assert find_embedded_ids([texts], own).to_pylist() == [None, None, [UUID], None]


def test_several_texts_give_one_list() -> None:
    """The ids of all texts of a row stand in one list, each once."""
    texts = [pa.array([f"a={UUID}"]), pa.array([f"{UUID}/{ANDROID}"])]
    assert find_embedded_ids(texts, {}).to_pylist() == [[ANDROID, UUID]]


@pytest.mark.parametrize(
    "text",
    [
        "00000000-0000-0000-0000-000000000000",
        "id=0000000000000000",
        "no id",
        "",
        f"x{ANDROID}",
        f"{ANDROID}z",
    ],
)
def test_zeros_and_parts_of_words_are_no_ids(text: str) -> None:
    """All-zero ids stand for none, and digits inside a longer word are none."""
    assert find(text) is None


@pytest.mark.parametrize("text", [f"imei={IMEI}", f"device_imei%3D{IMEI}&x", f'"IMEI": "{IMEI}"'])
def test_imeis_are_found_by_name(text: str) -> None:
    """Fifteen digits are an IMEI where the parameter says so."""
    assert find(text) == [IMEI]


def test_other_long_numbers_are_no_imeis() -> None:
    """Fifteen digits elsewhere are no id."""
    assert find(f"order={IMEI}") is None


@pytest.mark.parametrize("name", ["action_id", "promotion_id", "question_id", "flick_id"])
def test_a_name_that_ends_like_a_denied_one_is_searched(name: str) -> None:
    """Only what is named for a click, an order or an ad is nobody's; `transaction_id` ends as these do."""
    assert find(f"https://a.b/?{name}={UUID}") == [UUID]
    assert find(f"https://a.b/?transaction_id={UUID}&click_id={UUID}&clickid={UUID}") is None


def test_no_texts_give_nulls() -> None:
    """Without texts, or without rows, there is nothing to find."""
    assert find_embedded_ids([], {"idfa": pa.array([UUID, None])}).to_pylist() == [None, None]
    assert find_embedded_ids([pa.array([], pa.string())], {}).to_pylist() == []


def test_slices_are_read_in_their_bounds() -> None:
    """A slice of a longer array is read as itself."""
    texts = pa.array([UUID, "x", ANDROID, MD5]).slice(1, 2)
    assert find_embedded_ids([texts], {}).to_pylist() == [None, [ANDROID]]


_UUIDS = re.compile(r"(?=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))")
_RUNS = re.compile(
    r"(?:(?<=%[0-9a-f]{2})|(?<![0-9a-z]))(?<!%)(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-z])"
)


def find_slowly(text: str) -> set[str]:
    """Do the same by regular expressions."""
    text = text.lower()
    layers = [text]
    for _ in range(2 if re.search("%25|%2d", text) else 0):
        layers.append(unquote(layers[-1]).lower())
    found = {match[1] for layer in layers for match in _UUIDS.finditer(layer)}
    found |= {match[0] for layer in layers for match in _RUNS.finditer(layer)}
    return {identifier for identifier in found if identifier.strip("0-")}


PIECES = st.one_of(
    st.sampled_from(
        [
            UUID,
            UUID.upper(),
            ANDROID,
            MD5,
            SHA1,
            "-",
            "%",
            "%3D",
            "%253d",
            "=",
            "&",
            "g",
            "0",
            "f",
            "é",
            '"',
            "%2D",
        ]
    ),
    st.uuids().map(str),
    st.uuids().map(lambda value: str(value).replace("-", "%2D")),
    st.text("0123456789abcdefABCDEF-", min_size=1, max_size=50),
    st.just("0" * 16),
    st.just(quote(f"x={UUID}", safe="")),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=6))
@settings(max_examples=400, deadline=None)
def test_nothing_is_missed(texts: list[str | None]) -> None:
    """The fast search finds all that a slow one by regular expressions does, and nothing else."""
    found = find_embedded_ids([pa.array(texts, pa.string())], {}).to_pylist()
    assert [set(ids or ()) for ids in found] == [find_slowly(text or "") for text in texts]


NAMES = {
    "clickid": True,
    "af_order_id": True,
    "action_id": False,
    "gclid": True,
    "partner": False,
    "idfa": False,
    "u": False,
}
VALUES = (UUID, ANDROID, MD5, SHA1)


QUERIES = st.lists(st.tuples(st.sampled_from(sorted(NAMES)), st.sampled_from(VALUES)), max_size=6)


@given(rows=st.lists(QUERIES, max_size=4), own=st.sampled_from(VALUES), is_encoded=st.booleans())
@settings(max_examples=200, deadline=None)
def test_only_foreign_ids_of_people_stay(
    *, rows: list[list[tuple[str, str]]], own: str, is_encoded: bool
) -> None:
    """Those ids stay that are not the row's own, whatever its casing, nor a click's or an order's."""
    texts = ["?" + "&".join(f"{name}={value}" for name, value in row) for row in rows]
    queries = [quote(text, safe="") + "%2525" if is_encoded else text for text in texts]
    mine = {"idfa": pa.array([own.upper()] * len(rows), pa.string())}
    found = find_embedded_ids([pa.array(queries, pa.string())], mine).to_pylist()
    assert [set(ids or ()) for ids in found] == [
        {value for name, value in row if not NAMES[name] and value != own} for row in rows
    ]
