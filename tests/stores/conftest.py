"""What the stores' tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.files import for_all

NOBODY = 65534


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Run the test as a user whom file permissions bind, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != Path("/") and "pytest-" in str(folder):
            folder.chmod(0o755)
    for_all(tmp_path, lambda path: os.chown(path, NOBODY, NOBODY))
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for folder in tmp_path.rglob("*"):
            folder.chmod(0o755)
