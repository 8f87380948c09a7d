import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from etl.cli import quality_report
from tests.reports.lakes import write_small_lake
from tests.services.worlds import World


def run(local_world: World, tmp_path: Path, *arguments: str) -> str:
    """Run the command on the small lake, and give what it prints."""
    write_small_lake(local_world.lake)
    (tmp_path / "pushlift.toml").write_text("", encoding="utf-8")
    app = typer.Typer()
    app.command()(quality_report.report)
    options = ["--config", str(tmp_path / "pushlift.toml"), "--output", str(tmp_path / "page.html")]
    result = CliRunner().invoke(app, [*options, *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_page_is_written(local_world: World, tmp_path: Path) -> None:
    """For people, a line with what it holds and where it is."""
    shown = run(local_world, tmp_path, "--from", "2026-11-01", "--to", "2026-11-04")

    assert "1 required and 1 advisory failures" in shown
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_same_for_programs(local_world: World, tmp_path: Path) -> None:
    """One JSON object; an app may be chosen."""
    found = json.loads(
        run(local_world, tmp_path, "--from", "2026-11-01", "--to", "2026-11-04", "--app", "com.b", "--json")
    )

    assert (found["apps"], found["required_failures"], found["advisory_failures"]) == (1, 1, 0)
    assert found["bytes"] == len((tmp_path / "page.html").read_bytes())
