import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow import table

from etl.errors import ConfigurationError
from etl.settings import StoreOptions
from etl.stores import Store, list_objects, open_store, write_object


def test_a_folder_is_a_store_by_path_and_by_uri(tmp_path: Path) -> None:
    """Both forms name the same store, by its absolute path."""
    assert open_store(str(tmp_path)).uri == open_store(f"file://{tmp_path}").uri == str(tmp_path)
    assert open_store(str(tmp_path)).is_local


def test_a_store_survives_the_way_to_a_worker(store: Store) -> None:
    """Worker processes get their stores pickled."""
    write_object(store, "x", b"1")

    arrived: Store = pickle.loads(pickle.dumps(store))

    assert [landed.key for landed in list_objects(arrived)] == ["x"]


def test_deltalake_reaches_the_same_store(store: Store) -> None:
    """One table of options serves both clients."""
    options = dict(store.delta_storage_options)
    write_deltalake(store.uri_of("events"), table({"n": [1, 2]}), storage_options=options)

    assert DeltaTable(store.uri_of("events"), storage_options=options).version() == 0
    assert any(landed.key.startswith("events/_delta_log/") for landed in list_objects(store))


def test_a_missing_package_is_named() -> None:
    """The way out is the extra to install."""
    with pytest.raises(ConfigurationError, match=r"pip install 'pushlift\[gcs\]'"):
        open_store("gs://bucket", StoreOptions())


def test_no_vendors_client_is_imported_for_a_folder() -> None:
    """Who works on local files does not wait for S3's client."""
    code = (
        "import sys; from etl.stores import open_store, list_objects; list(list_objects(open_store('.')));"
        "print([name for name in ('s3fs', 'botocore', 'aiohttp') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert shown.stdout.strip() == "[]"
