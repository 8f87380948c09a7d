"""Reconciliation finds every gap that was planted, and no other, and fills those of Push."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pulls.gaps import REPORTS, Gaps, plant, write_file
from tests.pulls.shops import compare, drop
from tests.services.worlds import World

Fresh = Callable[[str], random.Random]


def find(world: World, gaps: Gaps, *, is_filling: bool = False) -> dict[tuple[str, str, str], dict[str, int]]:
    """Compare the file, and give what was found of each hour, app and name."""
    found = compare(world, is_filling=is_filling, zone=gaps.zone)
    assert dict(found.counts.different) == dict(gaps.different)
    return {
        (each.hour, each.app_id, each.event_name): {
            "equal": each.equal,
            "different": each.differing,
            "missing_in_push": each.missing_in_push,
            "missing_in_pull": each.missing_in_pull,
        }
        for each in found.counts.hours
    }


def expect(gaps: Gaps, *, is_filled: bool) -> dict[tuple[str, str, str], dict[str, int]]:
    """Tell what must be found; what was filled is equal on both sides from then on."""
    kinds = ("equal", "different", "missing_in_push", "missing_in_pull")
    expected = {hour: {kind: counts[kind] for kind in kinds} for hour, counts in gaps.counts.items()}
    for counts in expected.values() if is_filled else ():
        counts["equal"] += counts["missing_in_push"]
        counts["missing_in_push"] = 0
    return expected


@pytest.mark.parametrize("report", REPORTS)
def test_every_planted_gap_is_found_and_filled_and_no_other(
    local_world: World, fresh: Fresh, report: str
) -> None:
    """Counts are those that were planted; after filling nothing is missing in Push, then or ever."""
    world, chance = local_world, fresh(report)
    gaps = plant(chance, report)
    world.land(gaps.landing)
    world.ingest()
    name, data = write_file(chance, gaps)
    drop(world, data, name)

    assert find(world, gaps) == expect(gaps, is_filled=False)
    assert find(world, gaps, is_filling=True) == expect(gaps, is_filled=False)
    filled = world.contents()
    assert find(world, gaps, is_filling=True) == expect(gaps, is_filled=True)
    assert world.contents() == filled

    world.land(gaps.late, "push/2026/09/05/13/late.json.gz")
    late = world.ingest()
    assert (late.published, late.duplicates) == (0, len(gaps.late))
    assert find(world, gaps) == expect(gaps, is_filled=True)


def test_gaps_are_planted_without_the_code_that_must_find_them() -> None:
    """The generator imports nothing of `etl`, and no test's helper that does."""
    tree = ast.parse((Path(__file__).parent / "gaps.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.name for node in imports for alias in node.names]
    names += [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    assert [name for name in names if name.split(".")[0] in {"etl", "tests"}] == []
