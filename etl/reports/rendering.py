"""Templates to pages: whatever is not markup of our own is escaped."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES: Final = Path(__file__).with_name("templates")


def render(template: str, **values: object) -> str:
    """Render one of our templates; a value that it does not get is an error."""
    return _environment().get_template(template).render(**values)


def spell_count(count: int) -> str:
    """Spell a count with its thousands."""
    return f"{count:,}"


def spell_share(part: float, whole: float) -> str:
    """Spell a share in per cent, with the digits that matter; nothing where there is no whole."""
    if not whole:
        return "n/a"
    share = 100 * part / whole
    return f"{share:.1f} %" if share >= 0.1 or not share else f"{share:.2g} %"  # noqa: PLR2004 - one digit shown


def spell_figure(figure: float | None) -> str:
    """Spell an observed figure, or nothing."""
    return "" if figure is None else f"{figure:,.6g}"


def spell_instant(instant: datetime) -> str:
    """Spell an instant to the minute; the page says that all are UTC."""
    return f"{instant:%Y-%m-%d %H:%M}"


def spell_amount(amount: int | Decimal) -> str:
    """Spell a count with its thousands, or an amount of money with all its digits, two at least."""
    if isinstance(amount, int):
        return f"{amount:,}"
    whole, _, digits = f"{amount:,f}".partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"


def spell_minutes(minutes: int) -> str:
    """Spell a number of minutes in its two greatest units."""
    hours, rest = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days:,} d {hours_left} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _break_words(text: str) -> Markup:
    """Let a browser break a code after its joints, where it would otherwise have to cut it."""
    broken = Markup("")
    for sign in text:
        broken += sign
        if sign in "_.:/":
            broken += Markup("<wbr>")
    return broken


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": spell_count,
        "figure": spell_figure,
        "instant": spell_instant,
        "amount": spell_amount,
        "minutes": spell_minutes,
        "code": _break_words,
    }
    environment.globals["share"] = spell_share
    return environment
