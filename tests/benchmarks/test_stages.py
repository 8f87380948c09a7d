from pathlib import Path

from benchmarks.__main__ import run_module
from benchmarks.landing import prepare_landing


def test_the_stages_that_are_timed_exist_and_run(tmp_path: Path) -> None:
    """Every timed stage is still called by the name it is wrapped under, and the profile covers the work."""
    landing = prepare_landing(tmp_path, messages=300, objects=1)
    stages = run_module("stages", landing, tmp_path)
    assert stages["rows"][0] == 300
    assert {
        "decompress",
        "frame",
        "find values",
        "write columns",
        "clocks",
        "identity",
        "spill",
        "encode",
    } <= stages.keys()
