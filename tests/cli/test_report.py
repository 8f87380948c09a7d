import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from etl.cli import report
from etl.errors import UsageError
from tests.services.worlds import World
from tests.sql.small_lake import GAME, LANDED, SHOP


def run(world: World, folder: Path, *arguments: str) -> str:
    """Run the command on the small lake, and give what it prints."""
    world.land([*LANDED], "push/2026/09/03/14/a.json.gz")
    world.ingest()
    (folder / "pushlift.toml").write_text("", encoding="utf-8")
    app = typer.Typer()
    app.command()(report.report)
    options = ["--config", str(folder / "pushlift.toml"), "--output", str(folder / "pages")]
    result = CliRunner().invoke(app, [*options, *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_every_app_has_a_page(local_world: World, tmp_path: Path) -> None:
    """For people, a line a page with its size and events, and where they are."""
    shown = run(local_world, tmp_path)

    assert f"2 pages in {tmp_path / 'pages'}" in shown
    assert f"{GAME}_2026-08-05_2026-09-03.html" in shown
    assert (tmp_path / "pages" / "index.html").exists()


def test_the_same_for_programs(local_world: World, tmp_path: Path) -> None:
    """One JSON object; an app and days may be chosen."""
    found = json.loads(
        run(local_world, tmp_path, "--from", "2026-09-02", "--to", "2026-09-02", "--app", SHOP, "--json")
    )

    (page,) = found["pages"]
    assert (page["app_id"], page["records"], found["index"]) == (SHOP, 2, None)
    assert page["bytes"] == (tmp_path / "pages" / page["name"]).stat().st_size


def test_an_unknown_app_is_refused(local_world: World, tmp_path: Path) -> None:
    """Before any page is written."""
    with pytest.raises(UsageError, match=r"com\.none"):
        run(local_world, tmp_path, "--app", "com.none")
    assert not (tmp_path / "pages").exists()
