"""Kernels are compiled for the processor that there is, and give the same on another."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_processors_without_wide_vectors_hash_alike() -> None:
    """Eight messages at a time give what sixteen do: the hundred that are sought, each once."""
    command = [sys.executable, "-m", "tests.proving.narrow"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "8 100 100\n"
