import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etl.appsflyer.jsonlines.machine_code import find_code, list_folders, warm_up

USE = """
import sys
from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.parse import JsonParser
assert JsonParser().parse(LineIndex(b'{"app_id":"x"}\\n'), 1).columns["app_id"].to_pylist() == ["x"]
assert "numba" not in sys.modules
"""


def test_kept_code_is_used_without_numba() -> None:
    """Once compiled, a process parses without importing the compiler."""
    warm_up()
    assert subprocess.run([sys.executable, "-c", USE], check=False).returncode == 0


def test_code_is_kept_where_a_place_can_be_written(tmp_path: Path) -> None:
    """A folder that cannot be written is passed over, and what was kept in the next is found there."""
    (tmp_path / "file").write_bytes(b"")
    folders = [tmp_path / "file", tmp_path / "kept"]
    code = find_code("find_line_ends", folders)
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.read_bytes() == code
    kept.write_bytes(b"found")
    assert find_code("find_line_ends", folders) == b"found"


def test_code_that_can_be_kept_nowhere_is_made_anew(tmp_path: Path) -> None:
    """Nothing but time is lost."""
    (tmp_path / "file").write_bytes(b"")
    assert find_code("find_line_ends", [tmp_path / "file"]).startswith(b"\x7fELF")


def test_those_who_keep_code_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Each finds whole code, and one file is left."""
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda _: find_code("find_line_ends", [tmp_path]), range(2)))
    assert all(codes)
    assert len(list(tmp_path.iterdir())) == 1


def test_code_lies_beside_the_source_first() -> None:
    """An installation that can be written serves all its users."""
    assert list_folders()[0].parent.name == "jsonlines"
