import hashlib
import hmac
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.id_scan import Texts
from etl.proving.matching import Matcher
from etl.proving.unwrapping import view_bytes
from etl.proving.wanted import Wanted
from etl.subjects import hash_subject
from tests.proving.wrapping import KEY, cased_ids, want

PERSON = "123e4567-e89b-12d3-a456-426614174000"
# Bytes of which random ones make ids often enough.
pieces = st.one_of(
    cased_ids.map(str.encode),
    st.binary(max_size=12),
    st.text("0123456789abcdefABCDEF-g", max_size=60).map(str.encode),
    st.text("0123456789-", max_size=70).map(str.encode),
)
texts = st.lists(pieces, max_size=12).map(b"".join)


def list_tokens(data: bytes) -> list[bytes]:
    """Read by the rules of `token_loops`, with `re`."""
    found: list[bytes] = []
    for match in re.finditer(rb"(?=([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}))", data):
        found += spell(match[1].lower())
    for match in re.finditer(rb"[0-9a-fA-F]{32,}", data):
        run = match[0].lower()
        for part in dict.fromkeys(((0, 32), (len(run) - 32, len(run)))):
            found += spell(run[slice(*part)])
        if len(run) >= 40:
            found += [run[slice(*part)] for part in dict.fromkeys(((0, 40), (len(run) - 40, len(run))))]
    for match in re.finditer(rb"(?=(?<![0-9])([0-9]{10,27}-[0-9]{10,27})(?![0-9]))", data):
        found.append(match[1])
    return sorted(found)


def spell(token: bytes) -> list[bytes]:
    """Spell 32 digits both ways."""
    plain = token.replace(b"-", b"")
    return [plain, b"-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))]


@given(texts)
def test_the_kernel_reads_as_a_plain_expression_does(data: bytes) -> None:
    """Whatever the bytes, the compiled matcher takes the tokens that `re` takes, each as often."""
    assert sorted(Matcher(want()).list_messages(view_bytes(data))) == list_tokens(data)


@given(st.lists(texts, max_size=12), st.integers(0, 11))
def test_rows_are_read_apart(rows: list[bytes], first: int) -> None:
    """Rows of any length give the tokens that each has alone, in arrays that begin and end anywhere."""
    first = min(first, len(rows))
    stops = np.zeros(len(rows) + 1, dtype=np.int64)
    stops[1:] = np.cumsum([len(row) for row in rows])
    whole = Texts(np.frombuffer(b"".join(rows), dtype=np.uint8), stops[first:].copy())
    expected = sorted(token for row in rows[first:] for token in list_tokens(row))
    assert sorted(Matcher(want()).list_messages(whole)) == expected


@given(st.binary(min_size=1, max_size=200), st.lists(cased_ids, min_size=1, max_size=20))
def test_hashes_are_those_of_the_ledger(key: bytes, people: list[str]) -> None:
    """With any key, what the kernel hashes is found under what `hmac` makes of the folded id."""
    hashes = {hmac.new(key, each.lower().encode(), hashlib.sha256).hexdigest()[:32] for each in people}
    found = Matcher(Wanted(key, hashes)).find(view_bytes(" ".join(people).encode()))
    assert set(found) == hashes


@pytest.mark.parametrize(
    "text",
    [
        PERSON,
        PERSON.upper(),
        PERSON.replace("-", ""),
        f"id%3D{PERSON}",
        f"ff{PERSON}",
        f"{PERSON}0",
        f"fa{PERSON.replace('-', '')}",
        f"{PERSON.replace('-', '')}99",
    ],
)
def test_a_device_id_is_seen_in_any_spelling(text: str) -> None:
    """A UUID counts in either casing, without dashes, and where digits touch it."""
    assert sum(Matcher(want(PERSON)).find(view_bytes(text.encode())).values()) == 1


def test_every_sighting_is_counted() -> None:
    """A person who stands in a text thrice is found thrice, and once more in the next text."""
    matcher = Matcher(want(PERSON))
    assert [sum(matcher.find(view_bytes(text)).values()) for text in (b"x", f"{PERSON} ".encode() * 3)] == [
        0,
        3,
    ]
    assert sum(matcher.find(view_bytes(PERSON.encode())).values()) == 1


def test_more_tokens_than_there_is_room_for_are_all_looked_up() -> None:
    """A text of ten thousand people has the first and the last of them found."""
    people = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(10_000)]
    assert len(Matcher(want(people[0], people[-1])).find(view_bytes(" ".join(people).encode()))) == 2


@given(texts, cased_ids)
def test_nobody_else_is_found(data: bytes, person: str) -> None:
    """What is found of a person who stands nowhere is nothing."""
    if person.lower().encode() not in list_tokens(data):
        assert not Matcher(want(person)).find(view_bytes(data))


def test_what_is_wanted_shows_nothing() -> None:
    """A representation has neither key nor hashes, pickling is refused, and a bad hash is not quoted."""
    wanted = want(PERSON)
    assert repr(wanted) == "<Wanted: 1 hashes>"
    with pytest.raises(TypeError):
        wanted.__reduce__()
    with pytest.raises(ValueError, match="one here is not") as caught:
        Wanted(KEY, [PERSON])
    assert PERSON not in str(caught.value)


def test_one_text_of_any_shape_is_looked_up() -> None:
    """A customer's number is found as the ledger hashes it: trimmed and folded."""
    assert want("Customer 7").find_text(" CUSTOMER 7 ") == hash_subject(KEY, "customer 7")
    assert want("Customer 7").find_text("customer 8") is None


@given(
    st.lists(st.binary(min_size=1, max_size=80), min_size=2, max_size=3),
    st.lists(cased_ids, min_size=1, max_size=20),
)
def test_after_a_rotation_they_are_hashed_with_all_keys(keys: list[bytes], people: list[str]) -> None:
    """One after the other, as the ledger's hashes are."""
    chain = tuple(keys)
    hashes = {hash_subject(chain, each) for each in people}
    found = Matcher(Wanted(chain, hashes)).find(view_bytes(" ".join(people).encode()))
    assert set(found) == hashes
