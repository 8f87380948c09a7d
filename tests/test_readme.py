"""The commands and lines of code of the README, and of each reader's page, run as they stand there."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from etl.cli import build_app
from etl.jobs.demo import run_demo
from etl.settings import Settings
from tests.services.commands import run_pushlift

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    README,
    *(
        (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("analyst", "data-engineer", "privacy-officer")
    ),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Give the blocks of one language, of all pages."""
    return [block for page in PAGES for name, block in BLOCK.findall(page) if name == language]


def commands(text: str) -> Iterator[str]:
    """Give the commands of a block, without their comments."""
    for line in text.splitlines():
        if command := line.partition("#")[0].strip():
            yield command


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo was run."""
    folder = tmp_path_factory.mktemp("readme")
    report = run_demo(folder / "demo", messages=400)
    assert report.exit_code == 0
    return folder


def describe_environment(config: Path) -> dict[str, str]:
    """Give the variables that a reader of the README would have set beside the demo."""
    lines = (config.parent / "secrets.env").read_text(encoding="utf-8").splitlines()
    keys = dict(line.split("=", 1) for line in lines if "=" in line)
    return {"PATH": "/usr/bin:/bin", "PUSHLIFT_CONFIG": str(config), "PYTHONPATH": str(ROOT), **keys}


def run_cold(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python beside the demo."""
    environment = describe_environment(folder / "demo" / "pushlift.toml")
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `pushlift` beside the demo."""
    return run_pushlift(words, folder, describe_environment(folder / "demo" / "pushlift.toml"))


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_code_runs_on_the_demo(demo: Path, number: int) -> None:
    """Each block of Python runs on the demo's lake."""
    done = run_cold(["-c", blocks("python")[number]], demo)
    assert done.returncode == 0, done.stderr


def test_code_leaves_reading_to_arrow() -> None:
    """Delta's own way to the files is Python's: Arrow's threads may come back to it while Python ends."""
    calls = [
        call for block in blocks("python") for call in re.findall(r"\.to_(?:pandas|pyarrow\w*)\(.*", block)
    ]
    assert calls
    assert [call for call in calls if "filesystem=" not in call] == []


@pytest.mark.parametrize("number", range(len(blocks("sql"))))
def test_queries_run_on_the_demo(demo: Path, number: int) -> None:
    """Each block of SQL is answered by `pushlift sql` on the demo's lake."""
    done = run(["sql", blocks("sql")[number], "--json"], demo)
    assert done.returncode == 0, done.stderr


def list_commands() -> list[list[str]]:
    """List the words of each `pushlift` command of a shell block."""
    lines = [line for text in blocks("sh") for line in commands(text)]
    return [shlex.split(line)[1:] for line in lines if line.startswith("pushlift ")]


def test_pushlift_commands_run(demo: Path) -> None:
    """Each `pushlift` command of a shell block ends well on the demo."""
    assert list_commands()
    for words in list_commands():
        done = run([*words, "--json"], demo)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        json.loads(done.stdout)


@pytest.mark.parametrize("words", [list_commands()[0], list_commands()[-1]], ids=" ".join)
def test_a_command_starts_by_itself(demo: Path, words: list[str]) -> None:
    """In an interpreter that has imported nothing, as a reader's."""
    done = run_cold(["-m", "etl.cli", *words, "--json"], demo)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_make_targets_exist() -> None:
    """Each `make` target that the README names is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {target for line in re.findall(r"make ((?:[a-z]+ ?)+)", README) for target in line.split()}
    known = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"demo", "test", "airflow", "bench"} <= targets & known
    assert not (targets & {"lint", "types", "lock", "clean"}) - known


def test_configuration_is_accepted() -> None:
    """The TOML of the README is a configuration that the settings accept."""
    for text in blocks("toml"):
        Settings(**tomllib.loads(text))


def test_commands_of_the_table_exist() -> None:
    """Each command of the README's table is registered."""
    group = typer.main.get_command(build_app())
    known = set(group.commands)  # type: ignore[attr-defined]  # the root command is a group
    named = {name for page in PAGES for name in re.findall(r"`pushlift ([\w-]+)", page)}
    assert named <= known


def test_configuration_keys_exist() -> None:
    """Each key of the README's table is one of the settings, and each that another page names."""
    sections = "storage|ingest|quality|liftoff|opt_outs|retention|reports"
    named = re.findall(rf"^\| `((?:{sections})\.\w+)`", README, re.MULTILINE)
    named += [name for page in PAGES for name in re.findall(rf"`((?:{sections})\.\w+)(?: = |`)", page)]
    for dotted in named:
        section, _, key = dotted.partition(".")
        assert key in Settings.model_fields[section].annotation.model_fields  # type: ignore[union-attr]
