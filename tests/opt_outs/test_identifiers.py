"""An id is somebody's, of one type and in its spelling, or it is rejected before it opts anybody out."""

from __future__ import annotations

import hashlib
import pickle
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etl.opt_outs.codes import Refused
from etl.opt_outs.identifiers import is_told_by_lake, judge_identifier
from etl.opt_outs.records import Identifier, IdType
from tests.opt_outs.lists import APPSFLYER_ID, GAID, IDFA, IDFV, SHA1

ZEROS = "00000000-0000-0000-0000-000000000000"
NO_LETTERS = "12938475-6102-4938-8475-610293847561"
MIXED = IDFA[:18] + IDFA[18:].lower()


def refuse(text: str, declared: IdType | None = None, seen: set[IdType] | None = None) -> str:
    """Give the code for which an id is refused."""
    with pytest.raises(Refused) as caught:
        judge_identifier(text, declared, lambda _: seen or set())
    return caught.value.code


def accept(text: str, declared: IdType | None = None, seen: set[IdType] | None = None) -> tuple[str, str]:
    """Give an id's type and spelling."""
    found = judge_identifier(text, declared, lambda _: seen or set())
    return found.id_type, found.text


@pytest.mark.parametrize(
    ("text", "declared", "spelled"),
    [
        (IDFA.lower(), "idfa", IDFA),
        (MIXED, "idfa", IDFA),
        (f" {GAID.upper()}\t", "gaid", GAID),
        (IDFV.lower(), "idfv", IDFV),
        (GAID.upper(), "amazon_aid", GAID),
        ("C0FFEE1234567890ABCD", "oaid", "C0FFEE1234567890ABCD"),
        ("DE1C7A9B03F46528", "android_id", "de1c7a9b03f46528"),
        ("490154203237518", "imei", "490154203237518"),
        (APPSFLYER_ID, "appsflyer_id", APPSFLYER_ID),
        ("Ann@Example.com", "customer_user_id", "Ann@Example.com"),
        ("7", "customer_user_id", "7"),
        (SHA1.upper(), "sha1", SHA1),
        (SHA1[:32], "md5", SHA1[:32]),
    ],
)
def test_a_column_gives_the_type_and_the_type_the_spelling(text: str, declared: IdType, spelled: str) -> None:
    """IDFA upper case, GAID lower case; what means something by its casing stays as it is."""
    assert accept(text, declared) == (declared, spelled)


@pytest.mark.parametrize(("text", "id_type"), [(IDFA, "idfa"), (GAID, "gaid")])
def test_without_another_sign_the_casing_gives_the_type(text: str, id_type: str) -> None:
    """As Liftoff does it: GAID lower case, IDFA upper case."""
    assert accept(text) == (id_type, text)


@pytest.mark.parametrize("text", [MIXED, NO_LETTERS, SHA1[:32]])
def test_a_type_is_never_guessed(text: str) -> None:
    """Mixed casing, no letters at all, and what may be an MD5 or a UUID without hyphens."""
    assert refuse(text) == "type_unclear"


@pytest.mark.parametrize(
    ("text", "seen", "expected"),
    [
        (MIXED, {"idfa"}, ("idfa", IDFA)),
        (NO_LETTERS, {"gaid"}, ("gaid", NO_LETTERS)),
        (GAID.upper(), {"gaid"}, ("gaid", GAID)),
        (IDFA.lower(), {"idfa", "idfv"}, ("idfa", IDFA)),
        (IDFV, {"idfv"}, ("idfv", IDFV)),
        (IDFA, {"idfa", "gaid"}, ("idfa", IDFA)),
        ("user-17", {"customer_user_id"}, ("customer_user_id", "user-17")),
        (SHA1[:16], {"android_id"}, ("android_id", SHA1[:16])),
    ],
)
def test_the_lake_knows_better_than_the_casing(
    text: str, seen: set[IdType], expected: tuple[str, str]
) -> None:
    """The same id seen as `idfa` or `advertising_id` says which it is."""
    assert accept(text, seen=seen) == expected


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (MIXED, {"idfa", "gaid"}),
        (IDFV, {"idfv", "oaid"}),
        (SHA1, {"oaid", "customer_user_id"}),
    ],
)
def test_a_lake_that_contradicts_itself_tells_nothing(text: str, seen: set[IdType]) -> None:
    """Then only a casing that is one of its types decides."""
    assert refuse(text, seen=seen) == "type_unclear"


@pytest.mark.parametrize(
    ("declared", "seen"), [("gaid", {"idfa"}), ("idfv", {"idfa"}), ("idfa", {"gaid", "idfv"})]
)
def test_a_column_that_the_lake_contradicts_is_for_a_person(declared: IdType, seen: set[IdType]) -> None:
    """Liftoff would be told the wrong type, or nothing, and the person be missed."""
    assert refuse(IDFA, declared, seen) == "type_contradicted"


@pytest.mark.parametrize(
    ("declared", "seen"),
    [("gaid", {"gaid", "idfa"}), ("gaid", {"amazon_aid"}), ("customer_user_id", {"idfa"})],
)
def test_a_column_that_the_lake_confirms_or_that_changes_nothing_counts(
    declared: IdType, seen: set[IdType]
) -> None:
    """Liftoff is told the same with and without the lake."""
    assert accept(IDFA, declared, seen)[0] == declared


@pytest.mark.parametrize("declared", [None, "idfa", "gaid", "idfv", "customer_user_id"])
@pytest.mark.parametrize(
    "text", ["0", ZEROS, "null", "NULL", " nil ", "(null)", "undefined", "-1", "N/A", ""]
)
def test_nobodys_ids_are_rejected(text: str, declared: IdType | None) -> None:
    """Zeros and words for nothing reach every device that withholds its id, whatever their column."""
    assert refuse(text, declared) == "nobody"


@pytest.mark.parametrize("declared", [None, "idfa", "gaid"])
@pytest.mark.parametrize(
    "text",
    [
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "11111111-1111-1111-1111-111111111111",
        "00000000-0000-0000-0000-000000000001",
        "12341234-1234-1234-1234-123412341234",
    ],
)
def test_patterns_are_no_ids(text: str, declared: IdType | None) -> None:
    """Repeated characters are typed, not drawn."""
    assert refuse(text, declared) == "repeated"


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("9774d56d682e549c", "android_id"),
        ("9774D56D682E549C", None),
        ("012345678912345", "imei"),
        ("123e4567-e89b-12d3-a456-426614174000", "gaid"),
        ("12345678-90AB-CDEF-1234-567890ABCDEF", None),
    ],
)
def test_ids_that_many_share_are_rejected(text: str, declared: IdType | None) -> None:
    """Emulators', examples', and those of a known defect."""
    assert refuse(text, declared) == "shared_id"


@pytest.mark.parametrize("algorithm", ["sha1", "md5"])
@pytest.mark.parametrize("text", ["", "0", "null", "NULL", ZEROS, "9774d56d682e549c"])
def test_a_digest_of_nobody_is_nobody(text: str, algorithm: IdType) -> None:
    """A partner who hashes whatever he has, hashes zeros, too."""
    digest = hashlib.new(algorithm, text.encode()).hexdigest()
    assert {refuse(digest, algorithm), refuse(digest.upper(), algorithm)} == {"digest_of_nobody"}


@pytest.mark.parametrize("declared", [None, "idfa", "gaid", "idfv"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ann@example.com", "email_in_id"),
        ("mailto:ann%40example.com", "email_in_id"),
        ("+49 30 1234567", "phone_in_id"),
        ("004930123456", "phone_in_id"),
        ("4930123456789", "phone_in_id"),
        (IDFA.replace("-", "")[:31], "malformed"),
        (f"{{{IDFA}}}", "malformed"),
        (f"{IDFA}0", "malformed"),
        (IDFA.replace("8", "G"), "malformed"),
        (f"\u200b{IDFA}", "malformed"),
        (f"{IDFA}\x00", "malformed"),
        ("not an id", "malformed"),
    ],
)
def test_what_is_no_device_id_is_named_for_what_it_is(text: str, code: str, declared: IdType | None) -> None:
    """An e-mail address or a phone number stands in a wrong column; nothing is mended or cut to shape."""
    assert refuse(text, declared) == code


@pytest.mark.parametrize("declared", [None, "idfa", "customer_user_id"])
def test_a_text_without_end_is_no_id(declared: IdType | None) -> None:
    """It is refused before anything is looked for in it."""
    assert refuse("ab" * 1_000_000, declared) == "malformed"


@pytest.mark.parametrize(
    ("text", "code"), [("1.23457E+14", "rounded"), ("a\ud800", "malformed"), ("ann\u00ad", "malformed")]
)
def test_a_user_id_that_lost_something_is_rejected(text: str, code: str) -> None:
    """It would be accepted, match nobody, and the person be missed."""
    assert refuse(text, "customer_user_id") == code


@pytest.mark.parametrize(
    ("text", "id_type"), [(SHA1, "sha1"), (APPSFLYER_ID, "appsflyer_id")], ids=["sha1", "appsflyer_id"]
)
def test_a_form_that_nothing_else_has_gives_the_type(text: str, id_type: str) -> None:
    """40 hexadecimal digits, or an instant in milliseconds and a number."""
    assert accept(text)[0] == id_type


def test_only_two_types_are_for_liftoff() -> None:
    """All others are for our own erasure: a digest goes to Liftoff only beside its id."""
    types: tuple[IdType, ...] = get_args(IdType)
    assert [each for each in types if Identifier("x", each).is_for_liftoff] == ["idfa", "gaid"]


def test_the_lake_is_not_asked_for_what_it_cannot_tell() -> None:
    """A digest, or a user's id, is what its column says."""
    assert is_told_by_lake(None)
    assert is_told_by_lake("gaid")
    assert not is_told_by_lake("sha1")


def test_no_repr_shows_an_id() -> None:
    """Neither an accepted id's nor a refusal's."""
    found = judge_identifier(IDFA, None)
    with pytest.raises(Refused) as caught:
        judge_identifier("ann@example.com", None)
    shown = f"{found!r}{found}{caught.value!r}{caught.value}"
    assert IDFA not in shown
    assert "example" not in shown
    assert pickle.loads(pickle.dumps(caught.value)).code == "email_in_id"


@given(st.uuids(version=4), st.sampled_from(["idfa", "gaid", None]))
def test_a_drawn_uuid_is_never_taken_for_a_pattern(uuid: object, declared: IdType | None) -> None:
    """More than four digits, and a letter, are enough."""
    text = str(uuid)
    assume(len(set(text) - {"-"}) > 4 and text != text.upper())
    assert judge_identifier(text, declared).folded == text


@given(st.text(), st.sampled_from(["idfa", "gaid", "idfv", "oaid", "android_id", "imei", "sha1", None]))
def test_whatever_is_accepted_has_its_types_form(text: str, declared: IdType | None) -> None:
    """No text gets through but ids, and none raises anything else."""
    try:
        found = judge_identifier(text, declared)
    except Refused:
        return
    assert found.folded == text.strip().casefold()
    assert set(found.folded) <= set("0123456789abcdef-")
