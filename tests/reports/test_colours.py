import re
from itertools import product
from pathlib import Path

import pytest

import etl.reports

CSS = (Path(etl.reports.__path__[0]) / "templates" / "page.css").read_text(encoding="utf-8")
# In the order of the file: light, dark, paper.
PALETTES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\n *\}", CSS, re.DOTALL)
]
# WCAG 2.2, 1.4.3 for text and 1.4.11 for what is drawn.
TEXT, GRAPHICS = 4.5, 3.0


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour, as WCAG has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_there_are_three_palettes() -> None:
    """Each names the same colours."""
    assert len(PALETTES) == 3
    assert PALETTES[0].keys() == PALETTES[1].keys() == PALETTES[2].keys()


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark", "paper"])
def test_text_can_be_read(palette: dict[str, str]) -> None:
    """Text has enough contrast on all that it stands on."""
    grounds = (
        "page",
        "card",
        "head",
        *(f"{state}-soft" for state in ("failed", "advisory", "accepted", "passed", "none")),
    )
    pairs = [*product(("ink", "muted"), grounds)]
    pairs += [(state, f"{state}-soft") for state in ("failed", "advisory", "accepted", "passed")]
    pairs += [(f"on-{state}", f"{state}-fill") for state in ("failed", "advisory", "accepted", "passed")]
    pairs += [(state, "card") for state in ("failed", "advisory", "series")]

    low = {pair: round(contrast(*(palette[name] for name in pair)), 2) for pair in pairs}
    assert {pair: found for pair, found in low.items() if found < TEXT} == {}


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark", "paper"])
def test_bars_can_be_seen(palette: dict[str, str]) -> None:
    """Every colour of a plot stands out from its ground."""
    assert all(
        contrast(palette[name], palette["card"]) >= GRAPHICS
        for name in ("series", "failed", "advisory", "accepted")
    )
