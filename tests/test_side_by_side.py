"""Processes that share a suite run each of its tests once, and one that was run by none is missed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.__main__ import judge
from tests.side_by_side import TOGETHER, find_failed, find_lost, name_unit, rank_unit, take

ROOT = Path(__file__).parents[1]
MODULE = """
import os, pytest

@pytest.mark.parametrize("number", range(20))
def test_it(number):
    with open("ran", "a") as ran:
        ran.write(f"{os.environ['NAME']} {__file__} {number}\\n")
    assert number != int(os.environ["BAD"])
"""


def run_together(folder: Path, *, bad: int = -1) -> list[int]:
    """Run a suite of six modules in two processes, and give their exit codes."""
    share = folder / "share"
    share.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for number in range(6):
        (folder / f"test_{number}.py").write_text(MODULE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.side_by_side", f"--share={share}"]
    processes = [
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NAME": name, "BAD": str(bad)},
            stdout=subprocess.DEVNULL,
        )
        for name in ("first", "second")
    ]
    return [process.wait() for process in processes]


def read_ran(folder: Path) -> list[tuple[str, ...]]:
    """Give process, module and number of each test that ran."""
    return [tuple(line.split()) for line in (folder / "ran").read_text(encoding="utf-8").splitlines()]


def test_each_test_is_run_once(tmp_path: Path) -> None:
    """And all tests of a module by one process."""
    assert run_together(tmp_path) == [0, 0]

    ran = read_ran(tmp_path)
    assert len(ran) == len({(module, number) for _, module, number in ran}) == 120
    assert len({(process, module) for process, module, _ in ran}) == 6
    assert find_lost(tmp_path / "share") == 0


def test_a_failure_is_one_of_its_process(tmp_path: Path) -> None:
    """Whoever ran it ends with 1; all others are run all the same."""
    assert 1 in run_together(tmp_path, bad=7)

    assert len(read_ran(tmp_path)) == 120


def test_failures_of_all_processes_are_found(tmp_path: Path) -> None:
    """Each by its name, with what was wrong."""
    run_together(tmp_path, bad=7)

    failed = find_failed(tmp_path / "share")
    assert set(failed) == {f"test_{module}.py::test_it[7]" for module in range(6)}
    assert all("assert 7 != 7" in reason for reason in failed.values())


def test_what_one_takes_no_other_does(tmp_path: Path) -> None:
    """Whatever its name is made of."""
    assert [take(tmp_path, "tests/a/test_a.py") for _ in range(2)] == [True, False]
    assert take(tmp_path, "tests/a/test_b.py")


@pytest.mark.parametrize(("codes", "ran", "code"), [([0, 0], 5, 0), ([0, 0], 4, 1), ([0, 1], 5, 1)])
def test_all_must_pass_and_none_be_lost(tmp_path: Path, codes: list[int], ran: int, code: int) -> None:
    """Five tests: those that each process ran must be all of them."""
    for number, count in enumerate((3, ran - 3)):
        (tmp_path / f"report-{number}").write_text(
            f'{{"collected": 5, "ran": {count}, "failed": {{}}}}', encoding="utf-8"
        )

    assert judge(tmp_path, codes) == code


def test_modules_that_share_what_is_dear_are_taken_as_one() -> None:
    """And first; a new folder's are taken one by one."""
    (folder, *_) = TOGETHER

    assert {name_unit(f"{folder}/test_{name}.py") for name in "ab"} == {folder}
    assert rank_unit(folder) == 0
    assert name_unit(f"{folder}/within/test_a.py") == f"{folder}/within/test_a.py"
    assert name_unit("tests/new/test_a.py") == "tests/new/test_a.py"
    assert rank_unit("tests/new/test_a.py") > rank_unit("tests/jobs/test_a.py") > 0
    assert all((ROOT / each).is_dir() for each in TOGETHER)
