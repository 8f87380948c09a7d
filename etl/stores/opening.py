"""Turn a folder or a URI into a store; a vendor's client is imported only when its scheme is used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import fsspec
from fsspec import AbstractFileSystem

from etl.errors import ConfigurationError
from etl.settings.models import StoreOptions

EXTRAS: Final = {"s3": "s3", "gs": "gcs", "abfs": "azure", "abfss": "azure", "az": "azure"}
CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Store:
    """A folder or a bucket's prefix.

    `uri` names it for people and for Delta (a local one is an absolute path), `root` is the same for
    `fs`. Stores can be pickled; a worker process opens its own connections.
    """

    uri: str
    scheme: str
    root: str
    fs: AbstractFileSystem = field(repr=False)
    delta_storage_options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder of this machine."""
        return self.scheme == "file"

    def path_of(self, key: str) -> str:
        """Return where `fs` finds the object of this key."""
        return f"{self.root}/{key}"

    def uri_of(self, key: str) -> str:
        """Return the name by which people and other tools find the object of this key."""
        return f"{self.uri}/{key}"


def open_store(uri: str, options: StoreOptions | None = None) -> Store:
    """Return the store at a folder or URI; nothing is asked of it yet.

    Raises ConfigurationError when the scheme's client is not installed.
    """
    options = options or StoreOptions()
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme == "file":
        path = str(Path(rest if separator else uri).absolute())
        return Store(path, "file", path, fsspec.filesystem("file"))
    return Store(
        uri=uri.rstrip("/"),
        scheme=scheme,
        root=rest.rstrip("/"),
        fs=connect(scheme, options),
        delta_storage_options=list_delta_options(scheme, options),
    )


def connect(scheme: str, options: StoreOptions) -> AbstractFileSystem:
    """Return the scheme's file system, with no cache of listings: a store changes under a long run."""
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, **list_client_options(scheme, options))
    except ImportError as error:
        extra = EXTRAS.get(scheme, scheme)
        message = f"{scheme}:// needs a package that is not installed; run: pip install 'pushlift[{extra}]'"
        raise ConfigurationError(message) from error
    except ValueError as error:
        message = f"{scheme}:// cannot be opened: {error}; see storage.options"
        raise ConfigurationError(message) from error


def list_client_options(scheme: str, options: StoreOptions) -> dict[str, Any]:
    """Return what the scheme's fsspec client takes."""
    if scheme == "s3":
        addressing = {"s3": {"addressing_style": "path"}} if options.endpoint_url else {}
        timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        return {
            "endpoint_url": options.endpoint_url,
            "client_kwargs": {"region_name": options.region} if options.region else {},
            "config_kwargs": timeouts | addressing,
        }
    if scheme == "gs":
        return drop_absent({"project": options.project, "endpoint_url": options.endpoint_url})
    return drop_absent({"account_name": options.account_name})


def list_delta_options(scheme: str, options: StoreOptions) -> dict[str, str]:
    """Return what deltalake takes for the same store; credentials it reads from the environment itself."""
    allow_http = "true" if options.allow_http else None
    if scheme == "s3":
        return drop_absent(
            {
                "AWS_ENDPOINT_URL": options.endpoint_url,
                "AWS_REGION": options.region,
                "AWS_ALLOW_HTTP": allow_http,
            }
        )
    if scheme == "gs":
        return drop_absent({"GOOGLE_BASE_URL": options.endpoint_url, "ALLOW_HTTP": allow_http})
    return drop_absent(
        {
            "AZURE_STORAGE_ACCOUNT_NAME": options.account_name,
            "AZURE_STORAGE_ENDPOINT": options.endpoint_url,
            "ALLOW_HTTP": allow_http,
        }
    )


def drop_absent(options: Mapping[str, str | None]) -> dict[str, str]:
    """Return the options that have a value."""
    return {name: value for name, value in options.items() if value is not None}
