"""The scanner's kernels stay within their arrays, tried as those of the parser are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USERS_OF_KERNELS = (
    "tests/proving/test_tokens.py",
    "tests/proving/test_unwrapping.py",
    "tests/proving/test_messages.py",
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mprotect is called as Linux has it")


@pytest.mark.parametrize("side", ["end", "start"])
def test_kernels_stay_within_their_arrays(side: str) -> None:
    """Everything that is tried on kernels passes with fences around what they read and write."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.properties.fences", *USERS_OF_KERNELS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PUSHLIFT_FENCE": side}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
