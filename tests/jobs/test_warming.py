import sys
from types import ModuleType

import pytest

from etl.jobs.warming import warm_up_modules


def test_modules_with_something_to_prepare_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of ours that defines `warm_up` is called, any other package's is not."""
    called = []
    for name in ("etl.made_up", "other.made_up"):
        module = ModuleType(name)
        module.__dict__["warm_up"] = lambda name=name: called.append(name)
        monkeypatch.setitem(sys.modules, name, module)

    assert "etl.made_up" in warm_up_modules()
    assert called == ["etl.made_up"]
