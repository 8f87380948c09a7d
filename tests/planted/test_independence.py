import ast
from pathlib import Path

import pytest

from tests.planted.landings import count_kinds

# What runs the planted landing through the code under test, and so knows it.
RUNNING = ("ingesting.py",)
PLANTING = [
    path
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if path.name not in RUNNING and not path.name.startswith("test_")
]


@pytest.mark.parametrize("path", PLANTING, ids=lambda path: path.stem)
def test_what_is_planted_is_known_without_the_code_that_must_find_it(path: Path) -> None:
    """The generator imports nothing of `etl`, and no test's helper that does."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    assert PLANTING
    assert [name for name in names if name.split(".")[0] == "etl" or "ingesting" in name] == []
    assert all(name.startswith("tests.planted") for name in names if name.startswith("tests"))


def test_there_are_forty_kinds() -> None:
    """Forty kinds of defect are planted, at the least."""
    assert count_kinds() >= 40
