import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.identifiers import clean_user_id, is_device_id, is_phone, make_user_hasher


@pytest.mark.parametrize(
    "text", ["0", "", "00000000-0000-0000-0000-000000000000", "123456789", "null", "1f" * 16]
)
def test_zeros_and_other_texts_are_no_device_id(text: str) -> None:
    """A device id has the shape of a UUID and is not all zeros."""
    assert not is_device_id(text)


@pytest.mark.parametrize(
    "text",
    [
        *("ann@example.com", "Ann <ann@example.com>", "ann%40example.com", "a@b"),
        *("+1 (415) 555-0123", "+14155550123", "4155550123", "0049 30 1234567", "555-1234", "030/1234567"),
        *("6D92078A-8246-4BA4-AE5B-76104861E7DC", "{6d92078a-8246-4ba4-ae5b-76104861e7dc}"),
        *("6d92078a82464ba4ae5b76104861e7dc", "a9993e364706816aba3e25717850c26c9cd0d89d", "f" * 64),
        *("null", "0", "  ", "Customer User ID", "guest", "a\nb"),
        *("ann\uff20example.com", "tel:4155550123", "whatsapp:+1 415 555 0123", "phone=5550123"),
        *("\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff12\uff13", "+1\u2011415\u2011555\u20110123"),
        *("\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0662\u0663", "mailto:ann@example.com"),
        *("ios_6D92078A-8246-4BA4-AE5B-76104861E7DC", "idfa:6d92078a-8246-4ba4-ae5b-76104861e7dc"),
        *("6D92078A_8246_4BA4_AE5B_76104861E7DC", "u-a9993e364706816aba3e25717850c26c9cd0d89d"),
    ],
)
def test_what_would_name_somebody_elsewhere_is_no_user_id(text: str) -> None:
    """E-mail, phone and advertising ids, their digests, and words for nobody are refused."""
    assert clean_user_id(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "1234567",
        "user-4711",
        "usr_9f8e",
        "1741651200000-1234567890123456789",
        "ü7",
        "tel:me",
        "v6" * 20,
    ],
)
def test_ids_of_one_app_are_told(text: str) -> None:
    """An account's number or name is what Liftoff asks for."""
    assert clean_user_id(f" {text} ") == text


def test_a_long_text_is_looked_through_once() -> None:
    """Whoever makes it may be a stranger: looked for from each of its characters, an address takes hours."""
    text = "ab" * 1_000_000

    assert clean_user_id(text) == text
    assert clean_user_id(f"{text}@{text}") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123456789", False),
        ("1234567890", True),
        ("1" * 15, True),
        ("1" * 16, False),
        ("00123456", True),
        ("12-3", False),
    ],
)
def test_digits_alone_are_a_phone_from_ten_on(text: str, expected: bool) -> None:  # noqa: FBT001
    """Accounts are mostly numbered with fewer digits than phones have."""
    assert is_phone(text) is expected


def test_a_hash_differs_by_app_and_key() -> None:
    """Two apps cannot find out that they have a user in common."""
    one = make_user_hasher(b"key", "app.one")("id")
    assert one == hmac.new(b"key", b"app.one\x1fid", "sha256").hexdigest()[:32]
    assert (
        len({one, make_user_hasher(b"key", "app.two")("id"), make_user_hasher(b"yek", "app.one")("id")}) == 3
    )


def test_nobody_has_no_hash() -> None:
    """One hash of a placeholder would make one user of all who have it."""
    hash_user_id = make_user_hasher(b"key", "app")
    assert [hash_user_id(text) for text in ("", "0", "null", "0000-0000")] == [None] * 4


@given(st.text())
def test_a_told_id_is_trimmed_and_of_one_line(text: str) -> None:
    """No user id has white space around, nor control characters."""
    told = clean_user_id(text)
    assert told is None or (told == told.strip() and "\n" not in told and "@" not in told.strip("@"))
