from pathlib import Path

from tests.cli.conftest import Shell


def test_the_demo_shows_everything(shell: Shell, tmp_path: Path) -> None:
    """What landed and what came of it, the comparison, the second run, a query's result and how to go on."""
    shown = shell.run("demo", "--no-dag", "--directory", str(tmp_path / "demo"), "--messages", "200")

    assert shown.exit_code == 0
    for text in (
        "published",
        "quarantined",
        "The generator agrees",
        "Nothing new",
        "installs",
    ):
        assert text in shown.stdout
    assert "pushlift sql" in shown.stdout
