"""Arrow's own client for each store.

Not deltalake's or fsspec's: DuckDB abandons a scan at a LIMIT, and a client that Python takes part in then
crashes or hangs.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pyarrow import fs

from etl.stores import Store


def open_filesystem(store: Store, folder: str) -> fs.FileSystem:
    """Open a folder of a store; credentials come from the environment that each vendor's tools read."""
    return fs.SubTreeFileSystem(f"{store.root}/{folder}", _connect(store.scheme, store.delta_storage_options))


def _connect(scheme: str, options: Mapping[str, str]) -> fs.FileSystem:
    match scheme:
        case "file":
            return fs.LocalFileSystem()
        case "s3":
            return fs.S3FileSystem(
                **_endpoint(options.get("AWS_ENDPOINT_URL")), region=options.get("AWS_REGION")
            )
        case "gs":
            return fs.GcsFileSystem(**_endpoint(options.get("GOOGLE_BASE_URL")))
        case _:
            return fs.AzureFileSystem(account_name=options.get("AZURE_STORAGE_ACCOUNT_NAME", ""))


def _endpoint(url: str | None) -> dict[str, str]:
    """Split an endpoint's URL as Arrow takes it."""
    if url is None:
        return {}
    parts = urlsplit(url)
    return {"scheme": parts.scheme, "endpoint_override": parts.netloc}
