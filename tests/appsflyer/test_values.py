from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.values import MONEY_TYPE, read_booleans, read_money

ODD_AMOUNTS = (
    *("1e5", "1E-3", "1.12345678901", ".5", "5.", " 7 ", "0." + "1" * 60),
    *("12345678901234567890", "99999999999999999.99999999995", "999999999999999999.99999999995"),
)
NO_AMOUNTS = (
    *("1,000", "1.000,50", "$1", "1 USD", "€5", "NaN", "Infinity", "-inf", "0x10", "1_000", "--1"),
    *(".", "+", "1e", "1e999999", "1e9999999", "٣", "null", "1\n2"),
)
plain_amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**17).map(str)
amounts = st.one_of(
    st.none(),
    plain_amounts,
    st.sampled_from(("", *ODD_AMOUNTS, *NO_AMOUNTS)),
    st.from_regex(r"[-+]?[0-9]{1,20}([.][0-9]{1,42})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
)


def to_money(text: str) -> tuple[Decimal | None, bool, bool]:
    """Read one amount: its value, whether it was rounded, whether it was not read."""
    money = read_money(pa.array([text]))
    return money.values[0].as_py(), bool(money.is_rounded[0]), bool(money.is_unparsed[0])


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, True) for word in ("true", "True", "TRUE", "t", "yes", "1", " true ")),
        *((word, False) for word in ("false", "FALSE", "f", "No", "0")),
        *((word, None) for word in ("null", "NULL", "", None)),
    ],
)
def test_booleans_come_in_many_words(word: str | None, value: bool | None) -> None:  # noqa: FBT001 - pytest's own
    """A GET's texts and a POST's booleans are one; `null` and empty are null, not false."""
    booleans = read_booleans(pa.array([word], pa.string()))
    assert booleans.values.to_pylist() == [value]
    assert not booleans.is_unparsed.any()


@pytest.mark.parametrize("word", ["maybe", "2", "truefalse", "y", "1.0"])
def test_another_word_is_no_boolean(word: str) -> None:
    """What is not one of the words is null and said so."""
    booleans = read_booleans(pa.array([word, "true"]))
    assert booleans.values.to_pylist() == [None, True]
    assert booleans.is_unparsed.tolist() == [True, False]


def test_a_dictionary_of_words_reads_as_the_words() -> None:
    """The encoding of a column does not change what it says."""
    text = pa.array(["true", None, "No", "", "true", "perhaps"])
    plain, encoded = read_booleans(text), read_booleans(text.dictionary_encode())
    assert plain.values.equals(encoded.values)
    assert plain.is_unparsed.tolist() == encoded.is_unparsed.tolist()


def test_no_rows_give_no_values() -> None:
    """Columns without rows, or without any text, are read like others."""
    assert len(read_booleans(pa.array([], pa.string())).values) == 0
    assert read_money(pa.array([], pa.string())).values.type == MONEY_TYPE
    assert read_money(pa.nulls(2, pa.string())).values.null_count == 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", "12.50"),
        ("-0.99", "-0.99"),
        ("+3", "3"),
        ("0.1234567890", "0.1234567890"),
        ("999999999999999999.9999999999", "999999999999999999.9999999999"),
        ("1e-7", "0.0000001"),
        ("1.5E+3", "1500"),
        ("0001.50", "1.50"),
        (" 7 ", "7"),
    ],
)
def test_money_is_exact(text: str, amount: str) -> None:
    """An amount of up to 18 + 10 digits is that amount, however it is written."""
    assert to_money(text) == (Decimal(amount), False, False)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.00000000005", "1.0000000000"),
        ("1.00000000015", "1.0000000002"),
        ("-1.00000000005", "-1.0000000000"),
        ("3.1415926535897932384", "3.1415926536"),
        ("1e-11", "0"),
        ("99999999999999999.99999999995", "100000000000000000"),
    ],
)
def test_more_than_ten_decimals_are_rounded_and_said_so(text: str, amount: str) -> None:
    """Half goes to even, and the row is flagged."""
    assert to_money(text) == (Decimal(amount), True, False)


def test_zeros_beyond_ten_decimals_are_no_rounding() -> None:
    """Only what is lost is flagged."""
    assert to_money("2.500000000000000") == (Decimal("2.5"), False, False)


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_what_is_no_bare_number_is_not_guessed(text: str) -> None:
    """Separators, currency signs and words are left for a person to read."""
    assert to_money(text) == (None, False, True)


@pytest.mark.parametrize(
    "text", ["1234567890123456789", "-1e18", "1e999999", "1e99999999999", "999999999999999999.99999999995"]
)
def test_what_does_not_fit_is_not_cut(text: str) -> None:
    """An amount of more than 18 digits before the point, also after rounding, is not read."""
    assert to_money(text) == (None, False, True)


def round_by_decimal(text: str | None) -> tuple[Decimal | None, bool]:
    """Read and round with the standard library: the amount, and whether it was rounded."""
    if not text or text in NO_AMOUNTS:
        return None, False
    exact = Decimal(text.strip())
    try:
        amount = exact.quantize(Decimal("1E-10"), ROUND_HALF_EVEN, Context(prec=28))
    except InvalidOperation:
        return None, False
    return amount, amount != exact


@given(st.lists(amounts, max_size=12))
def test_money_equals_the_standard_librarys(texts: list[str | None]) -> None:
    """Any mix of amounts gives, row by row, what `decimal` gives; odd rows never disturb the others."""
    money = read_money(pa.array(texts, pa.string()))
    expected = [round_by_decimal(text) for text in texts]
    assert money.values.to_pylist() == [amount for amount, _ in expected]
    assert money.is_rounded.tolist() == [was_rounded for _, was_rounded in expected]
    unread = [bool(text) and amount is None for text, (amount, _) in zip(texts, expected, strict=True)]
    assert money.is_unparsed.tolist() == unread


@given(st.lists(amounts, min_size=1, max_size=8))
def test_a_dictionary_of_amounts_reads_as_the_amounts(texts: list[str | None]) -> None:
    """Neither the encoding nor the place of a column in a larger one changes what it says."""
    plain = pa.array(texts, pa.string())
    sliced = pa.array(["1e5", *texts, "junk"], pa.string()).slice(1, len(texts))
    for other in (plain.dictionary_encode(), sliced):
        assert read_money(other).values.equals(read_money(plain).values)
        assert read_money(other).is_unparsed.tolist() == read_money(plain).is_unparsed.tolist()
