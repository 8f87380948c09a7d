"""A landing of which an audit holds one app back, and a notifier that writes to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from deltalake import DeltaTable

from etl.settings import load_settings
from tests.services.suites import land_bad, write_suites
from tests.services.worlds import World

ROOT = Path(__file__).parents[2]


def write_landing(folder: Path) -> Path:
    """Land what one app is held of, and write its configuration."""
    write_suites(folder / "suites")
    (folder / "landing").mkdir()
    config = folder / "pushlift.toml"
    config.write_text("[ingest]\nworkers = 1\n[quality]\nexpectations = 'suites'\n", encoding="utf-8")
    land_bad(World(load_settings(config)))
    return config


def name_notifier(file: Path) -> Mapping[str, str]:
    """Name a notifier that writes to a file, as the environment does."""
    arguments = {"path": str(file), "text": "{{ dag.dag_id }}: {{ message }}"}
    notifiers = [{"notifier": "tests.dags.file_notifier.FileNotifier", "arguments": arguments}]
    return {"PUSHLIFT_NOTIFIERS": json.dumps(notifiers), "PYTHONPATH": str(ROOT)}


def apps_in(lake: Path) -> list[str]:
    """Name the apps whose events readers see."""
    return sorted(set(DeltaTable(lake / "events").to_pyarrow_table(columns=["app_id"])["app_id"].to_pylist()))
