import pytest

from etl.appsflyer.messages import Reason
from etl.appsflyer.objects import UnreadableObject, read_object


def refuse(raw: bytes) -> Reason:
    """Give the reason why something is no object."""
    with pytest.raises(UnreadableObject) as caught:
        read_object(raw)
    return caught.value.reason


def test_every_value_is_its_exact_text() -> None:
    """Texts are decoded, all else is as it is written, and null is none."""
    raw = b' {"a" : "x\\u00e9", "b":1.10,"c":{"d": [1, 2.0]},"e":null,"f":true,"g":NaN} '
    assert read_object(raw) == {
        "a": "xé",
        "b": "1.10",
        "c": '{"d": [1, 2.0]}',
        "e": None,
        "f": "true",
        "g": "NaN",
    }


def test_a_number_may_have_any_length() -> None:
    """Python's limit on digits is none of a message's."""
    assert read_object(b'{"a":' + b"7" * 5000 + b"}") == {"a": "7" * 5000}


def test_equal_repetitions_are_one() -> None:
    """A key that is repeated with one value, or with nothing, has that value."""
    assert read_object(b'{"a":"x","a":null,"b":"","b":"y","b":"y"}') == {"a": "x", "b": "y"}


def test_a_comma_may_end_an_object() -> None:
    """What the fast parser reads, this one reads."""
    assert read_object(b'{"a":1,}') == {"a": "1"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a":1,"a":2}', Reason.DUPLICATE_KEYS),
        (b'{"a":"\xff"}', Reason.INVALID_UTF8),
        (b'{"a":"\\ud800"}', Reason.INVALID_UTF8),
        (b'{"\\udfff":1}', Reason.INVALID_UTF8),
        (b"5", Reason.NOT_AN_OBJECT),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'"x"', Reason.NOT_AN_OBJECT),
        (b"", Reason.INVALID_JSON),
        (b'{"a":1', Reason.INVALID_JSON),
        (b'{"a" 1}', Reason.INVALID_JSON),
        (b"{5:1}", Reason.INVALID_JSON),
        (b'{"a":1} x', Reason.INVALID_JSON),
        (b'{"a":' + b"[" * 100_000, Reason.INVALID_JSON),
    ],
)
def test_what_is_no_object_says_why(raw: bytes, reason: Reason) -> None:
    """The reason is a code of quarantine."""
    assert refuse(raw) == reason


def test_an_error_tells_no_value() -> None:
    """What a message holds is in no error's text."""
    with pytest.raises(UnreadableObject) as caught:
        read_object(b'{"id":"secret-person"')
    assert "secret" not in str(caught.value)
