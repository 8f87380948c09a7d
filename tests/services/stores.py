"""The same test on a local folder and on a real S3 bucket."""

from pathlib import Path

import pytest

from etl.stores import Store, open_store
from tests.services.s3 import S3Server


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    """An empty folder."""
    folder = tmp_path / "store"
    folder.mkdir()
    return open_store(str(folder))


@pytest.fixture
def s3_store(s3_credentials: S3Server, s3_uri: str) -> Store:
    """An empty prefix of a bucket."""
    return open_store(s3_uri, s3_credentials.options)


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind."""
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    return opened
