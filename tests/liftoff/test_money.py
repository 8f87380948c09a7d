from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.money import choose_revenue, currency_code, spell_amounts
from tests.liftoff.event_rows import ANDROID, make_rows

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=10, allow_nan=False)


def choose(**fields: object) -> tuple[str | None, str | None]:
    """Choose the revenue of a row that has these fields of money."""
    nothing = {"event_revenue": None, "event_revenue_currency": None}
    revenue, currency = choose_revenue(make_rows({**ANDROID, **nothing, **fields}))
    return revenue[0].as_py(), currency[0].as_py()


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.50", "12.5"),
        ("100", "100"),
        ("0.0000000001", "0.0000000001"),
        ("-3.10", "-3.1"),
        ("1E9", "1000000000"),
    ],
)
def test_amounts_are_plain_decimals(amount: str, text: str) -> None:
    """No exponent, however small or large, and no zeros at the end."""
    assert choose(event_revenue=Decimal(amount), event_revenue_currency="usd") == (text, "USD")


def test_zero_is_no_revenue() -> None:
    """Liftoff wants revenue that is not zero; another amount does not stand in for a zero."""
    assert choose(
        event_revenue=Decimal(0),
        event_revenue_currency="USD",
        revenue_in_selected_currency=Decimal(1),
        selected_currency="EUR",
    ) == (None, None)


@pytest.mark.parametrize("currency", [None, "", "XXX", "XTS", "Dollar", "U$D", "DEM"])
def test_without_a_currency_of_iso_4217_there_is_neither(currency: str | None) -> None:
    """An amount in no currency would be read as dollars."""
    assert choose(event_revenue=Decimal(5), event_revenue_currency=currency) == (None, None)


def test_a_currency_alone_is_not_told() -> None:
    """Both or neither."""
    assert choose(event_revenue_currency="USD") == (None, None)


@pytest.mark.parametrize("first", [{}, {"event_revenue": Decimal(7)}, {"event_revenue_currency": "USD"}])
def test_the_selected_currency_stands_in(first: dict[str, object]) -> None:
    """Where the app's own amount or currency is missing, the amount in the selected currency is told."""
    assert choose(**first, revenue_in_selected_currency=Decimal("3.3"), selected_currency="EUR") == (
        "3.3",
        "EUR",
    )


def test_event_revenue_usd_is_not_trusted_to_be_dollars() -> None:
    """It is in a currency that the app's settings choose."""
    assert choose(event_revenue_usd=Decimal(5)) == (None, None)


def test_codes_are_capitals() -> None:
    """Spellings in lower case are known."""
    assert [currency_code(text) for text in ("jpy", " Eur ", "ZZZ")] == ["JPY", "EUR", None]


@given(st.lists(AMOUNTS))
def test_spelled_amounts_read_back(amounts: list[Decimal]) -> None:
    """The text is the exact amount, in digits alone."""
    texts = spell_amounts(pa.array(amounts, pa.decimal128(28, 10))).to_pylist()
    assert [Decimal(text) for text in texts] == amounts
    assert not any("E" in text or "e" in text for text in texts)
