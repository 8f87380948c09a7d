"""Kernels work on addresses: that they stay within their arrays is tried where it would show."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USERS_OF_KERNELS = (
    "tests/properties/test_kernel_properties.py",
    "tests/appsflyer/test_embedded.py",
    "tests/appsflyer/test_line_ends.py",
    "tests/appsflyer/test_parse.py",
    "tests/lake/test_wanted.py",
)
PEEK = """
import ctypes, sys
from tests.properties.fences import FencedNumpy
array = FencedNumpy(is_behind=sys.argv[1] == "end").zeros(10, "u1")
assert array.sum() == 0
ctypes.string_at(array.ctypes.data + int(sys.argv[2]), 1)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mprotect is called as Linux has it")


def run_fenced(side: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with arrays fenced on one side."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PUSHLIFT_FENCE": side},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("side", "place", "is_seen"), [("end", 10, True), ("start", -1, True), ("end", 9, False)]
)
def test_one_byte_too_many_is_seen(side: str, place: int, is_seen: bool) -> None:  # noqa: FBT001 - of the table
    """The fence stands right at the array."""
    assert run_fenced(side, "-c", PEEK, side, str(place)).returncode == (-signal.SIGSEGV if is_seen else 0)


@pytest.mark.parametrize("side", ["end", "start"])
def test_kernels_stay_within_their_arrays(side: str) -> None:
    """Everything that is tried on kernels passes with fences around what they read and write."""
    done = run_fenced(side, "-m", "pytest", "-q", "-p", "tests.properties.fences", *USERS_OF_KERNELS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
