"""The command line in processes forked from the warm one: a cold start takes seconds, and is tested once."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.services.warm import run_forked


def run_pushlift(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run `pushlift` with these words in a folder and an environment; gives its output and exit code."""
    with TemporaryDirectory() as place:
        output, errors = Path(place) / "stdout", Path(place) / "stderr"
        code = run_forked(be_pushlift, list(words), folder, dict(environment), output, errors)
        told, complained = output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")
        return subprocess.CompletedProcess(["pushlift", *words], code, told, complained)


def be_pushlift(
    words: list[str], folder: Path, environment: dict[str, str], output: Path, errors: Path
) -> None:
    """Be `pushlift` in this process."""
    from etl.cli import main  # noqa: PLC0415 - imported where this is forked from

    write_into(1, output)
    write_into(2, errors)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["pushlift", *words]
    main()


def write_into(stream: int, path: Path) -> None:
    """Have this process write what goes to a stream, 1 or 2, into a file."""
    with path.open("wb") as file:
        os.dup2(file.fileno(), stream)
