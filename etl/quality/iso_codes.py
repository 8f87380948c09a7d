"""The code lists of ISO that rules ask: countries and currencies, from pycountry, read when first asked."""

from __future__ import annotations

from functools import cache

# AppsFlyer writes UK for GB; XK is user-assigned, and every IP database's word for Kosovo.
_COUNTRIES_IN_USE = ("UK", "XK")
# Withdrawn since 2011, when the oldest events were (ISO 4217, list three); pycountry holds those of today.
_WITHDRAWN_CURRENCIES = (
    *("ANG", "BGN", "BYR", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "USS", "VEF", "XFU"),
    *("ZMK", "ZWL"),
)


@cache
def country_codes() -> frozenset[str]:
    """Give the codes of ISO 3166 alpha-2, and what the field uses besides."""
    import pycountry  # noqa: PLC0415 - its lists cost 30 ms, and not every process judges rows

    return frozenset(country.alpha_2 for country in pycountry.countries).union(_COUNTRIES_IN_USE)


@cache
def currency_codes() -> frozenset[str]:
    """Give the codes of ISO 4217, metals, units of account and test codes included."""
    import pycountry  # noqa: PLC0415 - its lists cost 30 ms, and not every process judges rows

    return frozenset(currency.alpha_3 for currency in pycountry.currencies).union(_WITHDRAWN_CURRENCIES)
