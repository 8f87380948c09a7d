"""Drawings that take their colours and type from the page they stand in.

Matplotlib draws with paints that stand for CSS variables; they are put in when the SVG is written, so that
one drawing serves light, dark and paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Final

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

# Points an inch: with as many dots, a unit of the drawing is a unit of the SVG.
DOTS: Final = 72
# Before the drawing Matplotlib says what made it; a style of its own would reach the whole page.
_PROLOGUE: Final = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", re.DOTALL
)
_ID: Final = re.compile(r' id="[^"]*"')
_FONT: Final = re.compile(r"font: [^;\"]*;? ?|font-size: [^;\"]*;? ?|font-family: [^;\"]*;? ?")
_SIZE: Final = re.compile(r' width="[\d.]+pt" height="[\d.]+pt"')
_TURN: Final = re.compile(r' transform="rotate\(-?0(?: [^)]*)?\)"')


class Paint(StrEnum):
    """A colour that the page names; the value is what stands for it until then."""

    SERIES = "#010101"
    FAILED = "#010102"
    ADVISORY = "#010103"
    ACCEPTED = "#010104"
    MUTED = "#010105"
    LINE = "#010106"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its left lower corner and size, from the drawing's left lower corner."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Hint:
    """A part of a drawing that says something when it is pointed at."""

    box: Box
    text: str


class Drawing:
    """An empty drawing of a width and height, in the page's pixels at full size."""

    def __init__(self, width: int, height: int) -> None:
        self._figure = Figure(figsize=(width / DOTS, height / DOTS), dpi=DOTS)
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_visible(False)
        self._height = height

    def fill(self, boxes: Iterable[Box], paint: Paint, opacity: float = 1.0) -> None:
        """Fill boxes, all as one shape."""
        if outlines := [_outline(box) for box in boxes]:
            self._add(Path.make_compound_path(*outlines), facecolor=paint, linewidth=0, alpha=opacity)

    def frame(self, boxes: Iterable[Box], paint: Paint) -> None:
        """Draw the outlines of boxes."""
        if outlines := [_outline(box) for box in boxes]:
            self._add(Path.make_compound_path(*outlines), facecolor="none", edgecolor=paint, linewidth=0.8)

    def rule(self, left: float, right: float, heights: Sequence[float], paint: Paint) -> None:
        """Draw lines from left to right at some heights."""
        lines = [Path([(left, height), (right, height)]) for height in heights]
        self._add(Path.make_compound_path(*lines), facecolor="none", edgecolor=paint, linewidth=0.8)

    def write(self, left: float, bottom: float, text: str, anchor: str = "start") -> None:
        """Write a short text of ours, such as a figure or a date."""
        side = {"start": "left", "middle": "center", "end": "right"}[anchor]
        self._figure.text(
            left,
            bottom,
            text,
            transform=IdentityTransform(),
            color=Paint.MUTED,
            fontsize=10,
            horizontalalignment=side,
            parse_math=False,
        )

    def finish(self, key: str, title: str, description: str, hints: Iterable[Hint] = ()) -> Markup:
        """Give the drawing as inline SVG, named and described for those who cannot see it.

        `key` must be the page's only one. Title, description and hints may hold anything.
        """
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "pushlift", "path.simplify": False}):
            written = StringIO()
            self._figure.savefig(written, format="svg", metadata={"Date": None})
        names = f'role="img" aria-labelledby="{key}-title {key}-text"'
        told = Markup('<title id="{key}-title">{title}</title><desc id="{key}-text">{text}</desc>').format(
            key=key, title=title, text=description
        )
        svg = _trim(written.getvalue()).replace("<svg ", f"<svg {names} ", 1)
        head, _, body = svg.partition(">")
        hit = "".join(self._spell_hint(hint) for hint in hints)
        return Markup(f"{head}>{told}{body.removesuffix('</svg>')}{hit}</svg>")  # noqa: S704 - ours, or escaped above

    def _add(self, path: Path, **style: object) -> None:
        patch = PathPatch(path, transform=IdentityTransform(), **style)
        self._figure.add_artist(patch)

    def _spell_hint(self, hint: Hint) -> str:
        box = hint.box
        top = self._height - box.bottom - box.height
        place = f'x="{box.left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        return f'<rect class="hint" {place}><title>{escape(hint.text)}</title></rect>'


def _outline(box: Box) -> Path:
    right, top = box.left + box.width, box.bottom + box.height
    corners = [(box.left, box.bottom), (box.left, top), (right, top), (right, box.bottom)]
    return Path([*corners, corners[0]], closed=True)


def _trim(svg: str) -> str:
    """Leave of Matplotlib's SVG what a page needs, in the page's colours and type."""
    for pattern in (_PROLOGUE, _ID, _FONT, _SIZE, _TURN):
        svg = pattern.sub("", svg)
    for paint in Paint:
        svg = svg.replace(paint.value, f"var(--{paint.name.lower()})")
    return " ".join(svg.split()).replace("> <", "><")
