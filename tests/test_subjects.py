import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.fields import BY_NAME, identifier_fields
from etl.subjects import (
    PERSON_FIELDS,
    fold_identifier,
    hash_forms,
    hash_subject,
    hash_subjects,
    is_placeholder,
    list_subjects,
    make_hasher,
)

KEY = b"a key of suppressions"
GAID = "9173fe74-0578-4658-a461-ebb0b4fce6d6"


@given(st.binary(max_size=200), st.text())
def test_a_hash_is_hmac_sha_256(key: bytes, text: str) -> None:
    """Whatever the key's length, the hash is that of the standard library."""
    assert make_hasher(key)(text) == hmac.digest(key, text.encode(), "sha256").hex()[:32]


def test_one_person_has_one_hash_however_spelled() -> None:
    """Ids are compared trimmed and case-folded."""
    assert len({hash_subject(KEY, text) for text in (GAID, GAID.upper(), f" {GAID}\n")}) == 1
    assert hash_subject(KEY, GAID) != hash_subject(b"another key", GAID)


@pytest.mark.parametrize("spelling", [GAID, GAID.upper()])
@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_hashed_forms_of_an_id_are_its_own(spelling: str, digest: str) -> None:
    """A partner who has only a digest of the id has the person all the same."""
    hashed = hashlib.new(digest, spelling.encode()).hexdigest()
    assert hash_subject(KEY, hashed.upper()) in hash_forms(KEY, GAID)
    assert hash_forms(KEY, GAID)[0] == hash_subject(KEY, GAID)


@pytest.mark.parametrize(
    "text", ["", "0", "00000000-0000-0000-0000-000000000000", "null", " NULL ", "guest", "-1", "-"]
)
def test_words_for_nobody_are_nobody(text: str) -> None:
    """One person's wish must not reach all who share a placeholder."""
    assert is_placeholder(text)
    assert hash_subjects(KEY, pa.array([text])).to_pylist() == [None]


def test_all_ids_of_a_row_are_its_subjects() -> None:
    """A person is found by any id, also by one inside a URL; zeros name nobody."""
    rows = pa.table(
        {
            "appsflyer_id": ["a-1", None, None],
            "advertising_id": pa.array([GAID, "0", None]).dictionary_encode(),
            "embedded_ids": pa.array([["x-2", "0"], None, None], pa.list_(pa.string())),
        }
    )
    expected = " ".join(hash_subject(KEY, text) for text in ("a-1", GAID, "x-2"))
    assert list_subjects(KEY, rows).to_pylist() == [expected, "", ""]


def test_a_table_that_names_nobody_has_no_subjects() -> None:
    """An export may have no ids at all."""
    assert list_subjects(KEY, pa.table({"event_name": ["x"]})).to_pylist() == [""]


def test_every_identifier_but_the_address_names_a_person() -> None:
    """The authority on fields says which are identifiers; an address is of a household."""
    assert set(PERSON_FIELDS) == {field.name for field in identifier_fields()} - {"ip"}
    assert all(name in BY_NAME for name in PERSON_FIELDS)


@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(["0", "NULL", GAID, GAID.upper()]))))
def test_a_column_is_hashed_as_its_texts(texts: list[str | None]) -> None:
    """Each text has the hash that it has alone."""
    expected = [None if text is None or is_placeholder(text) else hash_subject(KEY, text) for text in texts]
    assert hash_subjects(KEY, pa.array(texts, pa.string())).to_pylist() == expected


@given(st.text())
def test_folding_is_settled(text: str) -> None:
    """Folding what is folded changes nothing, so a folded id has the same hash."""
    assert fold_identifier(fold_identifier(text)) == fold_identifier(text)
