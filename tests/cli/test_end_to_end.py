import json
import os
import subprocess
import sys
from pathlib import Path

from etl.sample import generate_landing
from tests.services.commands import run_pushlift


def test_the_command_line_from_landing_to_answer(tmp_path: Path) -> None:
    """As its users run it: sample exports land, are ingested by several processes, and are queried."""
    truth = generate_landing(tmp_path / "landing", 400)
    (tmp_path / "pushlift.toml").write_text("[ingest]\nworkers = 2\n", encoding="utf-8")

    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}

    def run(*arguments: str) -> str:
        done = run_pushlift(arguments, tmp_path, environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    command = [sys.executable, "-m", "etl.cli", "ingest", "--json"]
    first = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    report = json.loads(first.stdout)
    assert (report["messages"], report["published"]) == (truth.messages, truth.events)
    assert run("ingest") == "Nothing new has landed.\n"
    query = "select count(distinct occurrence_id) as n from events"
    assert json.loads(run("sql", query, "--format", "json")) == [{"n": truth.occurrences}]
    event_id = run("sql", "select event_id from events limit 1", "--format", "csv").splitlines()[1]
    assert "the same" in run("explain", event_id)
