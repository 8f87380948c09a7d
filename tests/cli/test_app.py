import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from etl import __version__
from etl.cli import build_app, main, options
from etl.errors import UsageError

HEAVY = ["airflow", "alembic", "deltalake", "duckdb", "fsspec", "pandas", "pyarrow", "pydantic", "sqlalchemy"]


def list_commands(app: typer.Typer) -> Iterator[object]:
    """Yield the function of every command at any depth."""
    for command in app.registered_commands:
        yield command.callback
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from list_commands(group.typer_instance)


@pytest.mark.parametrize("command", list(list_commands(build_app())))
def test_every_command_takes_config_and_json(command: object) -> None:
    """The two options mean the same everywhere."""
    annotations = command.__annotations__

    assert annotations["config"] == options.Config
    assert annotations["as_json"] == options.AsJson


def test_help_answers_at_once() -> None:
    """No command's needs are imported before the command is chosen."""
    code = f"import sys, etl.cli; etl.cli.build_app(); print([n for n in {HEAVY} if n in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert shown.stdout.strip() == "[]"


def test_version_for_people_and_for_programs() -> None:
    """--json prints one JSON object and nothing else."""
    runner = CliRunner()

    assert runner.invoke(build_app(), ["version"]).stdout.startswith(f"pushlift {__version__} ")
    assert json.loads(runner.invoke(build_app(), ["version", "--json"]).stdout)["version"] == __version__


def test_an_error_is_one_sentence_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what pushlift can explain."""

    def fail() -> None:
        raise UsageError("the fact; the way out")

    app = typer.Typer()
    app.command()(fail)
    monkeypatch.setattr(sys, "argv", ["pushlift"])
    with pytest.raises(SystemExit) as stopped:
        main(lambda: app)

    assert stopped.value.code == 2
    assert capsys.readouterr().err == "pushlift: the fact; the way out\n"


def test_wrong_use_exits_2() -> None:
    """An unknown command or option is wrong use."""
    assert CliRunner().invoke(build_app(), ["versoin"]).exit_code == 2
    assert CliRunner().invoke(build_app(), ["version", "--jsno"]).exit_code == 2
