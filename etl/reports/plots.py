"""The plots of pages: bars over days, a week of hours, and how many came how far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from etl.reports.buckets import Bucket
from etl.reports.drawing import Box, Drawing, Hint, Paint
from etl.reports.rendering import spell_amount
from etl.reports.verdicts import State

# A plot fits a phone at full size; a wider page has several beside each other.
WIDTH: Final = 330
BARS_HEIGHT: Final = 118
LEFT: Final = 40.0
BOTTOM: Final = 20.0
TOP: Final = 12.0
ROW: Final = 13.0
STAGE: Final = 34.0
STAGE_BAR: Final = 12.0
HOURS: Final = 24
SHADES: Final = 5
PAINT_OF: Final[Mapping[State, Paint]] = {
    State.FAILED: Paint.FAILED,
    State.ADVISORY: Paint.ADVISORY,
    State.ACCEPTED: Paint.ACCEPTED,
}
_STEPS: Final = (4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bucket's count or amount, what the checks said of its days; `is_open` while it is not over."""

    bucket: Bucket
    count: int | Decimal
    state: State = State.PASSED
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """A plot's key, which is the page's only one, its accessible name, and what it counts."""

    key: str
    title: str
    unit: str


def round_up(count: int | Decimal) -> int:
    """Give the round even figure that an axis ends at, at least 4."""
    power: int = 10 ** max(len(str(int(count))) - 2, 0)
    return next(step * power for step in _STEPS if step * power >= count)


def shorten(count: int) -> str:
    """Spell a round count shortly: 950, 1.2k, 3M."""
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{sign}"
    return str(count)


def spell_day(day: date) -> str:
    """Spell a day for an axis, such as 3 Sep."""
    return f"{day.day} {day:%b}"


def draw_bars(caption: Caption, bars: Sequence[Bar]) -> Markup:
    """Draw counts over time; a bar is painted by the verdict on its days, and pale while it is not over."""
    drawing = Drawing(WIDTH, BARS_HEIGHT)
    end = round_up(max((bar.count for bar in bars), default=0))
    height = BARS_HEIGHT - BOTTOM - TOP
    _draw_scale(drawing, end, height)
    step = (WIDTH - LEFT) / max(len(bars), 1)
    boxes = [
        Box(LEFT + step * place + step * 0.12, BOTTOM, step * 0.76, height * float(bar.count) / end)
        for place, bar in enumerate(bars)
    ]
    for state in State:
        for is_open in (False, True):
            chosen = [
                box
                for box, bar in zip(boxes, bars, strict=True)
                if (bar.state, bar.is_open) == (state, is_open) and bar.count
            ]
            drawing.fill(chosen, PAINT_OF.get(state, Paint.SERIES), 0.45 if is_open else 1.0)
    _write_ends(drawing, bars)
    hints = [
        Hint(
            Box(LEFT + step * place, BOTTOM, step, height),
            f"{bar.bucket.label}: {spell_amount(bar.count)} {caption.unit}",
        )
        for place, bar in enumerate(bars)
    ]
    return drawing.finish(caption.key, caption.title, _describe_bars(caption, bars), hints)


def draw_hours(caption: Caption, counts: Mapping[datetime, int], first: date, last: date) -> Markup:
    """Draw hours as cells, a row a day: the fuller the darker, and outlined where nothing was seen.

    The outline is one of alarm where most other days have events in that hour.

    Hours outside the keys of `counts` are left blank; they are not over, or were not looked at.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    drawing = Drawing(WIDTH, int(ROW * len(days) + BOTTOM))
    step = (WIDTH - LEFT) / HOURS
    most = max(counts.values(), default=0) or 1
    boxes = {
        hour: Box(
            LEFT + step * hour.hour + 0.75,
            BOTTOM + ROW * (last - hour.date()).days + 0.75,
            step - 1.5,
            ROW - 1.5,
        )
        for hour in counts
    }
    for shade in range(1, SHADES + 1):
        chosen = [box for hour, box in boxes.items() if _shade(counts[hour], most) == shade]
        drawing.fill(chosen, Paint.SERIES, 0.12 + 0.88 * (shade - 1) / (SHADES - 1))
    empty = {hour for hour in counts if not counts[hour]}
    missing = {hour for hour in empty if _is_missed(hour, counts)}
    drawing.frame([boxes[hour] for hour in sorted(empty - missing)], Paint.LINE)
    drawing.frame([boxes[hour] for hour in sorted(missing)], Paint.FAILED)
    for place, day in enumerate(reversed(days)):
        drawing.write(LEFT - 6, BOTTOM + ROW * place + 3, spell_day(day), "end")
    for hour in range(0, HOURS, 6):
        drawing.write(LEFT + step * (hour + 0.5), 6, f"{hour:02d}", "middle")
    hints = [Hint(boxes[hour], f"{hour:%Y-%m-%d %H}:00: {n:,} {caption.unit}") for hour, n in counts.items()]
    return drawing.finish(caption.key, caption.title, _describe_hours(caption, counts), hints)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a way: its name, how many came so far, and in what they are counted."""

    name: str
    count: int
    unit: str


def draw_stages(caption: Caption, stages: Sequence[Stage]) -> Markup:
    """Draw how many came how far, a bar a stage, all on the scale of the greatest."""
    drawing = Drawing(WIDTH, int(STAGE * len(stages)))
    most = max((stage.count for stage in stages), default=0) or 1
    bars = []
    for place, stage in enumerate(reversed(stages)):
        bottom = STAGE * place + 5
        bars.append(Box(0, bottom, WIDTH * stage.count / most, STAGE_BAR))
        drawing.write(0, bottom + STAGE_BAR + 4, stage.name)
        drawing.write(WIDTH, bottom + STAGE_BAR + 4, f"{stage.count:,} {stage.unit}", "end")
    drawing.frame([Box(0.4, box.bottom, WIDTH - 0.8, STAGE_BAR) for box in bars], Paint.LINE)
    drawing.fill([box for box in bars if box.width], Paint.SERIES)
    told = "; ".join(f"{stage.name} {stage.count:,} {stage.unit}" for stage in stages)
    return drawing.finish(caption.key, caption.title, f"{told}. The table has every figure.")


def _draw_scale(drawing: Drawing, end: int, height: float) -> None:
    drawing.rule(LEFT, WIDTH, [BOTTOM, BOTTOM + height / 2, BOTTOM + height], Paint.LINE)
    for part in (0, 1, 2):
        drawing.write(LEFT - 6, BOTTOM + height * part / 2 - 3.5, shorten(end * part // 2), "end")


def _write_ends(drawing: Drawing, bars: Sequence[Bar]) -> None:
    if not bars:
        return
    drawing.write(LEFT, 5, spell_day(bars[0].bucket.first))
    if len(bars) > 2:  # noqa: PLR2004 - a first, a last, and one between them
        drawing.write((LEFT + WIDTH) / 2, 5, spell_day(bars[len(bars) // 2].bucket.first), "middle")
    if len(bars) > 1:
        drawing.write(WIDTH, 5, spell_day(bars[-1].bucket.last), "end")


def _is_missed(hour: datetime, counts: Mapping[datetime, int]) -> bool:
    """Tell whether most of the other days have events in this hour."""
    others = [counts[each] for each in counts if each.hour == hour.hour and each != hour]
    return 2 * sum(map(bool, others)) > len(others)


def _shade(count: int, most: int) -> int:
    """Give a count's shade: 0 for none, then by the share of the most."""
    return -(-count * SHADES // most)


def _describe_bars(caption: Caption, bars: Sequence[Bar]) -> str:
    total = sum(bar.count for bar in bars)
    if not total:
        return f"No {caption.unit}."
    top = max(bars, key=lambda bar: bar.count)
    empty = sum(not bar.count for bar in bars)
    gaps = f" {empty} without any." if empty else ""
    most = f"most on {top.bucket.label}: {spell_amount(top.count)}."
    return f"{spell_amount(total)} {caption.unit}; {most}{gaps} The table has every figure."


def _describe_hours(caption: Caption, counts: Mapping[datetime, int]) -> str:
    empty = sum(not count for count in counts.values())
    return f"{sum(counts.values()):,} {caption.unit} in {len(counts)} hours, {empty} of them without any."
