"""Airflow learns of the connection type from an installed wheel's entry point."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from etl.airflow.homes import describe_home

ROOT = Path(__file__).parents[2]
DESCRIBE = Path(__file__).with_name("describe_connection.py")


def install_metadata(folder: Path) -> None:
    """Write what a wheel leaves beside its package: its name and its entry points, of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = folder / "pushlift-9.9.dist-info"
    written.mkdir()
    (written / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: 9.9\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (written / "entry_points.txt").write_text("\n".join(groups))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ask Airflow where the package is installed."""
    folder = tmp_path_factory.mktemp("installed")
    install_metadata(folder)
    path = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(DESCRIBE)],
        env=describe_home(folder / "home", folder / "pushlift.toml", {"PYTHONPATH": path}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_form_offers_liftoff(known: dict[str, Any]) -> None:
    """Airflow finds the hook, and can import it."""
    assert known["hook"] == ["etl.airflow.liftoff_hook.LiftoffHook", "Liftoff", "liftoff_conn_id"]


def test_the_form_names_what_is_asked_for(known: dict[str, Any]) -> None:
    """The API key and the opt-out user go into Airflow's own fields; addresses are configured elsewhere."""
    assert known["behaviour"]["relabeling"] == {"password": "API key", "login": "Opt-out user"}
    assert known["behaviour"]["hidden_fields"] == ["host", "port", "schema", "extra"]


def test_what_is_typed_in_is_not_shown(known: dict[str, Any]) -> None:
    """Every other field is one for passwords."""
    assert known["fields"] == dict.fromkeys(
        ["opt_out_password", "hash_key_secret", "hash_keys_before_secret", "user_id_key_secret"], True
    )


def test_what_is_kept_is_not_shown(known: dict[str, Any]) -> None:
    """Airflow's REST API hides values of the extra by their names alone; each name says what it is."""
    assert known["shown"] == dict.fromkeys(known["fields"], "***")
