"""A pytest plugin by which processes share one suite: `-p tests.side_by_side --share FOLDER`.

Each process collects all tests, then takes one module after another that no other has taken yet. Whoever
comes to the end has seen each module run or taken, so when all processes pass, every test has passed; a new
folder is shared out like the others.
"""

import json
import os
from collections.abc import Generator, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest

# Folders whose modules share a fixture that is slow to make: one process runs all of them, but not those of
# the folders within.
TOGETHER: Final = ("tests/dags", "tests/dags/scheduled/switched")
# Folders with slow modules, which come first: at the end no process is left alone with one.
FIRST: Final = (
    *TOGETHER,
    "tests/dags/scheduled",
    "tests/survival",
    "tests/cli",
    "tests/jobs",
    "tests/properties",
)
REPORT: Final = "report-"
LONGEST_REASON: Final = 300
FOLDER: Final = pytest.StashKey[Path]()
RAN: Final = pytest.StashKey[int]()
FAILED: Final = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the folder in which processes leave word of what they have taken."""
    parser.addoption("--share", type=Path, required=True, help="a folder that is empty at first")


def pytest_configure(config: pytest.Config) -> None:
    """Remember the folder."""
    config.stash[FOLDER] = config.getoption("share")
    config.stash[RAN] = 0
    config.stash[FAILED] = {}


def name_unit(path: str) -> str:
    """Name what is taken as one: a module, or a folder."""
    folder = path.rpartition("/")[0]
    return folder if folder in TOGETHER else path


def rank_unit(unit: str) -> int:
    """Say how early it is taken; the folder that names it most closely decides."""
    places = [place for place, folder in enumerate(FIRST) if f"{unit}/".startswith(f"{folder}/")]
    return max(places, key=lambda place: len(FIRST[place]), default=len(FIRST))


def share_out(items: list[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Group tests by what is taken as one, in the order in which it is."""

    def name(item: pytest.Item) -> str:
        return name_unit(item.nodeid.partition("::")[0])

    units: dict[str, list[pytest.Item]] = {}
    for unit, found in groupby(items, key=name):
        units.setdefault(unit, []).extend(found)
    return dict(sorted(units.items(), key=lambda unit: rank_unit(unit[0])))


def take(folder: Path, unit: str) -> bool:
    """Take a unit; False where another process has."""
    try:
        # No name that pytest would take for a test's, wherever the folder is.
        (folder / f"{unit.replace('/', '+')}.taken").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def take_tests(session: pytest.Session) -> Iterator[pytest.Item]:
    """Give this process' tests, taking each unit when the one before is at its end."""
    for unit, items in share_out(session.items).items():
        if take(session.config.stash[FOLDER], unit):
            yield from items


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run what this process takes, as pytest's own loop does."""
    if session.testsfailed and not session.config.option.continue_on_collection_errors:
        return None
    tests = take_tests(session)
    item = next(tests, None)
    while item is not None:
        # The next one is known before this one ends: fixtures that it needs stay.
        following = next(tests, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        session.config.stash[RAN] += 1
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what fails, and why in a line."""
    report = yield
    if report.failed:
        reason = getattr(getattr(report.longrepr, "reprcrash", None), "message", str(report.longrepr))
        line = " ".join(reason.split())[:LONGEST_REASON]
        item.config.stash[FAILED].setdefault(item.nodeid, f"{report.when}: {line}")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave word of how many tests there are, how many of them this process ran, and which failed."""
    report = {
        "collected": len(session.items),
        "ran": session.config.stash[RAN],
        "failed": session.config.stash[FAILED],
    }
    (session.config.stash[FOLDER] / f"{REPORT}{os.getpid()}").write_text(json.dumps(report))


def read_reports(folder: Path) -> list[dict[str, Any]]:
    """Read what the processes have left word of."""
    return [json.loads(file.read_text()) for file in folder.glob(f"{REPORT}*")]


def find_failed(folder: Path) -> dict[str, str]:
    """Find the tests that failed, and why in a line."""
    return {name: reason for report in read_reports(folder) for name, reason in report["failed"].items()}


def find_lost(folder: Path) -> int:
    """Count the tests that no process ran; all have left word."""
    reports = read_reports(folder)
    collected: int = max(report["collected"] for report in reports)
    ran: int = sum(report["ran"] for report in reports)
    return collected - ran
