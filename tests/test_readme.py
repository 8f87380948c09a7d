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


def run(command: list[str], folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    """Run a command beside the demo, as a reader of the README would."""
    lines = (config.parent / "secrets.env").read_text(encoding="utf-8").splitlines()
    keys = dict(line.split("=", 1) for line in lines if "=" in line)
    environment = {"PATH": "/usr/bin:/bin", "PUSHLIFT_CONFIG": str(config), "PYTHONPATH": str(ROOT), **keys}
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_code_runs_on_the_demo(demo: Path, number: int) -> None:
    """Each block of Python runs on the demo's lake."""
    done = run([sys.executable, "-c", blocks("python")[number]], demo, demo / "demo" / "pushlift.toml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", range(len(blocks("sql"))))
def test_queries_run_on_the_demo(demo: Path, number: int) -> None:
    """Each block of SQL is answered by `pushlift sql` on the demo's lake."""
    words = [sys.executable, "-m", "etl.cli", "sql", blocks("sql")[number], "--json"]
    done = run(words, demo, demo / "demo" / "pushlift.toml")
    assert done.returncode == 0, done.stderr


def test_pushlift_commands_run(demo: Path) -> None:
    """Each `pushlift` command of a shell block ends well on the demo."""
    named = [line for text in blocks("sh") for line in commands(text) if line.startswith("pushlift ")]
    assert named
    for command in named:
        words = [sys.executable, "-m", "etl.cli", *shlex.split(command)[1:], "--json"]
        done = run(words, demo, demo / "demo" / "pushlift.toml")
        assert done.returncode == 0, f"{command}: {done.stderr}"
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
