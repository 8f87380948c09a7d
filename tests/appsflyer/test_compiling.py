from collections.abc import Callable

from etl.appsflyer.compiling import compiled


def test_loops_run_where_nothing_can_be_kept() -> None:
    """A loop whose code cannot be kept, having no file to keep it beside, is compiled all the same."""
    made: dict[str, Callable[[int, int], int]] = {}
    exec("def add(one, other):\n    return one + other", made)  # noqa: S102 - a function without a file
    assert compiled(made["add"])(1, 2) == 3
