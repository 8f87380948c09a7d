import pytest

from etl.appsflyer.survey import Survey, survey_keys


def count(line: bytes) -> tuple[int, int]:
    """Count a line's keys and nulls."""
    survey = survey_keys(line + b"\n")
    return survey.keys, survey.nulls


def starts(line: bytes) -> list[bytes]:
    """Give the first four bytes of every value that may come back rewritten."""
    return [line[at : at + 4] for at in survey_keys(line).rewritable.tolist()]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1,"b":"x"}',
        b'{"a" :1,"b"  \t:"x"}',
        b'{"a\\\\":1,"b":"x"}',
        b'{"a":"\\":\\\\\\":","b":"x : y"}',
        b'{"a":{"b":1}}',
    ],
)
def test_every_key_counts_once(line: bytes) -> None:
    """Space before a colon, escapes in keys and colons in texts change no count."""
    assert count(line) == (2, 0)


def test_there_are_never_fewer_keys_than_counted() -> None:
    """A text that starts with a colon counts too many, which makes the caller look closer."""
    assert count(b'{"a":":x"}') == (2, 0)


def test_only_null_is_null() -> None:
    """`null` counts as such, `nan` and texts that begin like it do not."""
    assert count(b'{"a":null,"b": null,"c":nan,"d":"null"}') == (4, 2)


def test_a_text_of_colon_and_null_cancels_itself_out() -> None:
    """What looks like a null in a text is counted as key and as null."""
    assert count(b'{"a":":null"}') == (2, 1)


@pytest.mark.parametrize(
    "number", [b"1.10", b"1e5", b"1234567890123456", b"-0", b"-0.5", b"[1]", b'{"b":"c"}']
)
def test_values_that_a_parser_may_rewrite_are_found(number: bytes) -> None:
    """Long numbers, numbers with a point or exponent, objects and arrays."""
    assert starts(b'{"a":"1.5","x":' + number + b"}") == [(number + b"}")[:4]]


@pytest.mark.parametrize("value", [b"1", b"123456789012345", b"-5", b'"1.10"', b"true", b"null"])
def test_values_that_come_back_as_they_are_are_left_alone(value: bytes) -> None:
    """Short integers, texts and words need no second look."""
    assert starts(b'{"a":' + value + b"}") == []


def test_a_value_behind_much_space_is_looked_at() -> None:
    """What stands behind more than one space may be anything."""
    assert starts(b'{"a":  1.10}') == [b" 1.1"]


def test_slices_do_not_part_a_key_from_its_colon() -> None:
    """A payload larger than a slice is counted as one."""
    line = b'{"key":1.5,"other":null}\n'
    survey = survey_keys(line * 100_000)
    assert (survey.keys, survey.nulls, len(survey.rewritable)) == (200_000, 100_000, 100_000)


def test_nothing_holds_nothing() -> None:
    """An empty payload has no keys."""
    assert isinstance(survey_keys(b""), Survey)
    assert survey_keys(b"").keys == 0
