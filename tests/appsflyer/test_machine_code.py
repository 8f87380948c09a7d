import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.compiled import kept_code
from etl.appsflyer.compiled.kept_code import KEPT_VERSIONS, keep_code, list_folders, read_code
from etl.appsflyer.compiled.machine_code import find_code, warm_up
from etl.appsflyer.jsonlines.kernels import find_line_ends

USE = """
import sys
from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.parse import JsonParser
assert JsonParser().parse(LineIndex(b'{"app_id":"x"}\\n'), 1).columns["app_id"].to_pylist() == ["x"]
assert "numba" not in sys.modules
"""
FORK_SERVER = """
import sys
import etl.jobs.fork_server
from etl.appsflyer.compiled.machine_code import load_kernel
assert load_kernel.cache_info().currsize == 6
assert "numba" not in sys.modules
print("ready", flush=True)
"""
THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from etl.appsflyer.compiled.machine_code import load_kernel
from etl.appsflyer.jsonlines.kernels import find_line_ends
sys.setswitchinterval(1e-6)
together = Barrier(8)
def load(_):
    together.wait()
    return load_kernel(find_line_ends)
with ThreadPoolExecutor(8) as pool:
    print(len({id(kernel) for kernel in list(pool.map(load, range(8)))}))
"""
FIND = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from etl.appsflyer.compiled.machine_code import find_code
from etl.appsflyer.jsonlines.kernels import find_line_ends
sys.stdout.buffer.write(find_code(find_line_ends, [Path(sys.argv[1])]))
"""


@pytest.mark.parametrize("program", [USE, FORK_SERVER])
def test_kept_code_is_used_without_numba(program: str) -> None:
    """Once compiled, a process reads without importing the compiler, and so does the fork server of a run."""
    warm_up()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (done.stdout == "ready\n") == (program is FORK_SERVER)


def test_threads_that_come_first_together_load_once() -> None:
    """What a second one loaded beside the first would be forgotten, and its code freed while it runs."""
    warm_up()
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_code_is_kept_where_a_place_can_be_written(tmp_path: Path) -> None:
    """A folder that cannot be written is passed over, and what was kept in the next is found there."""
    (tmp_path / "file").write_bytes(b"")
    folders = [tmp_path / "file", tmp_path / "kept"]
    keep_code(folders, "add", "1", b"code")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert read_code(folders, "add", "1") == b"code"


def test_code_that_can_be_kept_nowhere_is_made_anew(tmp_path: Path) -> None:
    """Nothing but time is lost."""
    (tmp_path / "file").write_bytes(b"")
    assert find_code(find_line_ends, [tmp_path / "file"]).startswith(b"\x7fELF")


def test_damaged_code_is_never_run(tmp_path: Path) -> None:
    """What is not whole is compiled anew, and replaced."""
    find_code(find_line_ends, [tmp_path])
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"\x7fELF" + path.read_bytes())
    code = find_code(find_line_ends, [tmp_path])
    assert code.startswith(b"\x7fELF")
    assert path.read_bytes().endswith(code)
    assert find_code(find_line_ends, [tmp_path]) == code


@pytest.mark.parametrize("size", [0, 4, 32, 100, 431])
def test_truncated_code_is_none(tmp_path: Path, size: int) -> None:
    """A disk that was full is noticed."""
    keep_code([tmp_path], "add", "1", b"code" * 100)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:size])
    assert read_code([tmp_path], "add", "1") is None


@given(place=st.integers(0, 431), flipped=st.integers(1, 255))
def test_a_flipped_byte_is_noticed(place: int, flipped: int) -> None:
    """Wherever it is, in the code or in its checksum."""
    with TemporaryDirectory() as folder:
        keep_code([Path(folder)], "add", "1", b"code" * 100)
        (path,) = Path(folder).iterdir()
        kept = bytearray(path.read_bytes())
        kept[place] ^= flipped
        path.write_bytes(kept)
        assert read_code([Path(folder)], "add", "1") is None


def test_processes_that_compile_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Each has whole code, and one file is left."""
    command = [sys.executable, "-c", FIND, str(tmp_path)]
    compilers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    codes = [process.communicate()[0] for process in compilers]
    assert [process.returncode for process in compilers] == [0, 0]
    assert all(code.startswith(b"\x7fELF") for code in codes)
    assert len(list(tmp_path.iterdir())) == 1
    assert find_code(find_line_ends, [tmp_path]) in codes


def test_old_versions_are_removed(tmp_path: Path) -> None:
    """The newest are left, of this kernel and all of the others, and what was left unfinished goes too."""
    keep_code([tmp_path], "other", "0", b"code")
    (tmp_path / "add-0.o.123.456").write_bytes(b"unfinis")
    for version in range(KEPT_VERSIONS + 2):
        keep_code([tmp_path], "add", str(version), b"code")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"other-0.o", *(f"add-{version}.o" for version in range(2, KEPT_VERSIONS + 2))}


def test_versions_side_by_side_do_not_drive_each_other_out(tmp_path: Path) -> None:
    """Installations that share a folder compile once each."""
    for version in ("1", "2"):
        keep_code([tmp_path], "add", version, version.encode())
    assert [read_code([tmp_path], "add", version) for version in ("1", "2")] == [b"1", b"2"]


def test_code_lies_beside_the_source_first() -> None:
    """An installation that can be written serves all its users."""
    assert list_folders()[0].parent == Path(kept_code.__file__).parent
