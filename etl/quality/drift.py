"""Drift: fields that vanish, appear, change type or are filled more or less often, by landed prefix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from etl.quality.checks import Check
from etl.quality.history_rules import APPEARED, NULLS, RETYPED, UNPARSABLE, VANISHED, HistoryRules
from etl.quality.past import Past, Seen
from etl.quality.profile import FIELD, ISSUE, ROWS, SHAPE, Counts, Figure
from etl.quality.robust import high_share, low_share


@dataclass(frozen=True, slots=True)
class View:
    """One app's run beside its past."""

    app_id: str
    now: Mapping[Figure, Counts]
    past: Past
    rules: HistoryRules

    def prefixes(self) -> Iterator[tuple[str, int]]:
        """Give the prefixes that have a past worth judging by, with the rows that came below each."""
        for figure, (rows, _) in self.now.items():
            if figure.kind == ROWS and self.past.rows(self.app_id, figure.prefix) >= self.rules.least_rows:
                yield figure.prefix, rows

    def present(self, prefix: str, kind: str, name: str, value: str = "") -> Counts:
        """Give what came now."""
        return self.now.get(Figure(self.app_id, prefix, kind, name, value), (0, 0))

    def seen(self, prefix: str, kind: str) -> Iterator[tuple[Figure, Seen]]:
        """Give what was seen before."""
        for figure, seen in self.past.figures.items():
            if (figure.app_id, figure.prefix, figure.kind) == (self.app_id, prefix, kind):
                yield figure, seen

    def came(self, prefix: str, kind: str) -> Iterator[tuple[Figure, Counts]]:
        """Give what came now, of a kind."""
        for figure, counts in self.now.items():
            if (figure.prefix, figure.kind) == (prefix, kind):
                yield figure, counts


def judge_fields(view: View) -> list[Check]:
    """Judge fields and the shapes of their values."""
    rules, app_id = view.rules, view.app_id
    prefixes = list(view.prefixes())
    judged = sum(1 for prefix, _ in prefixes for _ in view.seen(prefix, FIELD))
    found = {
        VANISHED: [check for prefix, rows in prefixes for check in _find_vanished(view, prefix, rows)],
        APPEARED: [check for prefix, rows in prefixes for check in _find_appeared(view, prefix, rows)],
        RETYPED: [check for prefix, _ in prefixes for check in _find_retyped(view, prefix)],
        NULLS: [check for prefix, rows in prefixes for check in _find_shifted(view, prefix, rows)],
        UNPARSABLE: [check for prefix, rows in prefixes for check in _find_unparsable(view, prefix, rows)],
    }
    return [check for rule, checks in found.items() for check in rules.settle(rule, app_id, judged, checks)]


def _find_vanished(view: View, prefix: str, rows: int) -> Iterator[Check]:
    """Find fields that should have come by now; told once, by the run that makes it certain."""
    for figure, seen in view.seen(prefix, FIELD):
        if view.present(prefix, FIELD, figure.name)[1]:
            continue
        since = view.past.rows(view.app_id, prefix, after=seen.last_seen)
        share = seen.present / max(1, view.past.rows(view.app_id, prefix) - since)
        # Where runs differ in what they send, the poorest of them says what a run must have.
        share = min(share, seen.low if seen.low is not None else share)
        wanted = view.rules.least_expected
        if share * (since + rows) >= wanted > share * since:
            yield view.rules.fail(
                VANISHED,
                view.app_id,
                subject=figure.name,
                observed=0.0,
                threshold=f"about {100 * share:.3g} % of rows",
                detail=f"{_where(prefix)} sent it from {seen.first_seen:%Y-%m-%d %H:%M} to"
                f" {seen.last_seen:%Y-%m-%d %H:%M} UTC; the {since + rows} rows since have none.",
            )


def _find_appeared(view: View, prefix: str, rows: int) -> Iterator[Check]:
    before = view.past.rows(view.app_id, prefix)
    for figure, (_, present) in view.came(prefix, FIELD):
        seen = view.past.figures.get(figure)
        if seen is None and _is_new(present, rows, 0, before):
            yield view.rules.fail(
                APPEARED,
                view.app_id,
                subject=figure.name,
                observed=100 * present / rows,
                threshold=f"never in {before} rows",
                detail=f"{_where(prefix)} sends it for the first time in {view.rules.days} days.",
            )


def _find_retyped(view: View, prefix: str) -> Iterator[Check]:
    before: dict[str, dict[str, Seen]] = {}
    for figure, seen in view.seen(prefix, SHAPE):
        before.setdefault(figure.name, {})[figure.value] = seen
    for figure, (sampled, present) in view.came(prefix, SHAPE):
        shapes = before.get(figure.name, {})
        total = sum(seen.present for seen in shapes.values())
        known = shapes.get(figure.value)
        if total < _LEAST_SAMPLED or (known is not None and known.present > _RARE_SHAPE * total):
            continue
        if low_share(present, sampled) > _NEW_SHAPE and (known is None or not _is_known(known)):
            usual = max(shapes, key=lambda shape: shapes[shape].present)
            yield view.rules.fail(
                RETYPED,
                view.app_id,
                subject=figure.name,
                observed=100 * present / sampled,
                threshold=f"mostly {usual}",
                detail=f"Below {_where(prefix)} its values look like {figure.value} now; until"
                f" {shapes[usual].last_seen:%Y-%m-%d %H:%M} UTC they looked like {usual}.",
            )


_LEAST_SAMPLED = 100
_RARE_SHAPE = 0.05
_NEW_SHAPE = 0.2
# More sightings than this many in the past, and it has been told.
_TOLD = 5


def _is_known(seen: Seen) -> bool:
    return seen.present >= _TOLD


def _find_shifted(view: View, prefix: str, rows: int) -> Iterator[Check]:
    """Find shares that left their usual range; told once, by the first run that has left it."""
    for figure, seen in view.seen(prefix, FIELD):
        present = view.present(prefix, FIELD, figure.name)[1]
        if seen.low is None or seen.high is None or not present or _is_young(seen):
            continue
        least, most = seen.low - view.rules.share_change, seen.high + view.rules.share_change
        is_low, is_high = high_share(present, rows) < least, low_share(present, rows) > most
        if (is_low or is_high) and not _was_out(seen, least, most):
            yield view.rules.fail(
                NULLS,
                view.app_id,
                subject=figure.name,
                observed=100 * (1 - present / rows),
                threshold=f"null in {100 * (1 - seen.high):.3g} to {100 * (1 - seen.low):.3g} % of rows",
                detail=f"Below {_where(prefix)} it is filled much {'less' if is_low else 'more'} often than"
                f" in the {view.rules.days} days before.",
            )


def _was_out(seen: Seen, least: float, most: float) -> bool:
    """Tell whether a run before was out of the range beyond doubt as well: then it has been told."""
    counts = [(round(share * total), total) for share, total in seen.latest]
    return any(high_share(*each) < least or low_share(*each) > most for each in counts)


def _is_young(seen: Seen) -> bool:
    """Tell whether a field is known for too short a time to have a usual share."""
    return seen.last_seen - seen.first_seen < _LEAST_AGE


def _find_unparsable(view: View, prefix: str, rows: int) -> Iterator[Check]:
    before = view.past.rows(view.app_id, prefix)
    for figure, (_, present) in view.came(prefix, ISSUE):
        seen = view.past.figures.get(figure)
        was_told = seen is not None and _is_new(seen.latest_present, seen.latest_rows, 0, before)
        if _is_new(present, rows, seen.present if seen else 0, before) and not was_told:
            yield view.rules.fail(
                UNPARSABLE,
                view.app_id,
                subject=figure.name.partition(":")[2],
                observed=100 * present / rows,
                threshold=f"{seen.present if seen else 0} in {before} rows",
                detail=f"Texts of it that came below {_where(prefix)} cannot be read as what they were.",
            )


_LEAST_AGE = timedelta(days=3)
_LEAST_NEW = 15
_TIMES_AS_MANY = 5
_LEAST_SHARE = 0.01


def _is_new(present: int, rows: int, before: int, rows_before: int) -> bool:
    """Tell whether a share is beyond doubt far above what it was."""
    least = low_share(present, rows)
    return present >= _LEAST_NEW and least > max(
        _LEAST_SHARE, _TIMES_AS_MANY * high_share(before, rows_before)
    )


def _where(prefix: str) -> str:
    return f"landing folder {prefix!r}" if prefix else "the landing folder"
