import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from etl.errors import UsageError
from etl.sample import generate_landing
from tests.cli.conftest import Shell
from tests.services.commands import run_pushlift
from tests.services.worlds import World, messages

OWN_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING) .+")
SECOND = "push/2026/09/02/13/b.json.gz"


def test_what_landed_is_published_once(shell: Shell, local_world: World) -> None:
    """For people in lines, for programs as the report."""
    local_world.land([*messages(range(3)), b"no json"])

    report = shell.ask("ingest")

    assert (report["published"], report["quarantined"], report["reasons"]) == (3, 1, {"invalid_json": 1})
    assert shell.run("ingest").stdout == "Nothing new has landed.\n"


@pytest.mark.parametrize(
    ("window", "published"),
    [
        (["--since", "2026-09-02"], 1),
        (["--until", "2026-09-02"], 3),
        (["--since", "2026-09-01T13:00Z", "--until", "2026-09-01T14:00:00+00:00"], 3),
        (["--since", "2026-09-02T15:30+02:00"], 0),
        (["--until", "2026-09-02T15:01:00+02:00"], 4),
    ],
)
def test_a_window_chooses_by_landing(
    shell: Shell, local_world: World, window: list[str], published: int
) -> None:
    """Instants and dates, in UTC unless they have an offset; the end is not included."""
    local_world.land(messages(range(3)))
    local_world.land(messages([3]), SECOND)

    assert shell.ask("ingest", *window)["published"] == published


def test_no_instant_is_wrong_use(shell: Shell) -> None:
    """The message quotes it and shows one."""
    result = shell.run("ingest", "--since", "yesterday")

    assert result.exit_code == 2
    assert "2026-09-01T13:00Z" in result.stderr


def test_replacing_everything_is_asked_for(shell: Shell, local_world: World) -> None:
    """Without a window or --yes it is only said what would be done."""
    local_world.land(messages(range(3)))
    shell.run("ingest")
    before = local_world.versions()

    result = shell.run("ingest", "--reprocess")

    assert isinstance(result.exception, UsageError)
    assert "would read all 1 landed objects" in str(result.exception)
    assert local_world.versions() == before
    assert shell.ask("ingest", "--reprocess", "--since", "2026-09-01")["replaced"] == 3
    assert shell.ask("ingest", "--reprocess", "--yes")["replaced"] == 3


def test_an_interrupt_is_told(tmp_path: Path) -> None:
    """Exit code 130 and where things stand; the next run does it all."""
    generate_landing(tmp_path / "landing", 4_000)  # a second: no machine ends before it is told
    (tmp_path / "pushlift.toml").write_text(
        "[ingest]\nworkers = 1\nchunk_bytes = '64 KiB'\n", encoding="utf-8"
    )
    # Whoever interrupts it must come first, however busy the machine is.
    command = ["nice", "-n", "19", sys.executable, "-m", "etl.cli", "ingest"]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any("normalize: 10 %" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()

    assert process.returncode == 130
    assert "pushlift: interrupted; readers see nothing of an unfinished run" in told
    assert "Traceback" not in told
    again = run_pushlift(["ingest"], tmp_path, environment)
    assert (again.returncode, "published" in again.stdout) == (0, True), again.stderr


def test_a_run_tells_what_it_does_and_nothing_else(tmp_path: Path) -> None:
    """What libraries have to say when processes end is not for whoever watches the terminal."""
    generate_landing(tmp_path / "landing", 1500)
    (tmp_path / "pushlift.toml").write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "etl.cli", "ingest"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )

    told = done.stderr.splitlines()
    assert told
    assert [line for line in told if not OWN_LINE.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (["--since", "2026-09-02", "--until", "2026-09-01"], "--until"),
        (["--since", "2026-09-02", "--until", "2026-09-02"], "--until"),
        (["--since", "0001-01-01T00:00+14:00"], "0001"),
    ],
)
def test_a_window_that_holds_nothing_is_refused(shell: Shell, window: list[str], says: str) -> None:
    """An hour in which nothing landed and a slip of the finger are two things."""
    result = shell.run("ingest", *window)

    assert result.exit_code == 2
    assert says in result.output + str(result.exception)
