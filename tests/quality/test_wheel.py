"""The suites and queries come with the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_suites_and_queries(tmp_path: Path) -> None:
    """An installed pushlift finds its suites, and the analysts' queries, in the package."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    code = (
        "from etl.quality.suites import load_suites; from etl.lake.library import find_sql_folder;"
        "print(load_suites(None).events.path, find_sql_folder())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    package = tmp_path / "site" / "etl"
    assert found.stdout.split() == [str(package / "quality/expectations/events.json"), str(package / "sql")]
    assert (package / "sql" / "views.sql").exists()
