import ast
from pathlib import Path

import etl.sample


def test_the_sample_asks_the_rest_of_the_package_nothing() -> None:
    """The truth is independent of the code that is tested with it."""
    for path in Path(etl.sample.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(name.startswith("etl.sample") or not name.startswith("etl") for name in names)
