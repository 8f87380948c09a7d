"""A whole Airflow on this machine: API server, scheduler, DAG processor and triggerer, on loopback alone."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from etl.airflow.api import AirflowApi, find_unhealthy, log_in
from etl.airflow.homes import LOOPBACK, describe_home, migrate_database, name_command
from etl.errors import OperatorError

USER: Final = "admin"
NORMALIZE_POOL: Final = "pushlift_normalize"
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 20.0
IDLE_STOP_SECONDS: Final = 2.0
POLL_SECONDS: Final = 0.5
# What is started, without serving logs, which would listen on every interface.
COMPONENTS: Final = (("api-server",), ("dag-processor",), ("triggerer", "--skip-serve-logs"))
# Started when the API server answers: tasks ask it from their first moment on, and fail where nothing does.
SCHEDULER: Final = ("scheduler", "--skip-serve-logs")
# What the API server calls them; for itself it names its database.
HEALTH: Final = frozenset({"metadatabase", "scheduler", "dag_processor", "triggerer"})


@dataclass(frozen=True, slots=True)
class LocalAirflow:
    """A running Airflow: where it answers, how to log in, and its processes by component."""

    home: Path
    port: int
    password: str
    processes: Mapping[str, subprocess.Popen[bytes]]

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return f"http://{LOOPBACK}:{self.port}"

    def log_in(self) -> AirflowApi:
        """Log in with the generated password."""
        return log_in(self.port, USER, self.password)

    def check_processes(self) -> None:
        """Raise OperatorError when a component has ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise OperatorError(
                    f"Airflow's {name} ended with code {process.returncode}; {self.home / name}.log says why."
                )


@contextmanager
def run_local_airflow(
    home: Path,
    config: Path,
    *,
    is_paused: bool,
    preferred_port: int = 0,
    more: Mapping[str, str] | None = None,
) -> Iterator[LocalAirflow]:
    """Run an Airflow with its pool in place while the block runs, and stop all of it after.

    It is healthy when the block begins. `is_paused` says whether DAGs that it has not seen before wait for
    a person. Raises OperatorError where a component does not come up.
    """
    port = find_port(preferred_port)
    cores = os.cpu_count() or 1
    server = _describe_server(port, cores, is_paused=is_paused)
    environment = describe_home(home, config, {**server, **(more or {})})
    migrate_database(environment)
    password = keep_password(home)
    with stop_at_end() as processes:
        airflow, api = LocalAirflow(home, port, password, processes), AirflowApi(port)
        for component in COMPONENTS:
            processes[component[0]] = start_component(environment, component)
        # Airflow makes the interface for tasks at its first request, which takes longest.
        await_truth(airflow, lambda: api.call("GET", "/execution/health").is_ok, START_SECONDS)
        processes[SCHEDULER[0]] = start_component(environment, SCHEDULER)
        await_truth(airflow, lambda: not find_unhealthy(api, HEALTH), START_SECONDS)
        await_truth(airflow, lambda: has_put_pool(airflow.log_in(), cores), START_SECONDS)
        yield airflow


def find_port(preferred: int = 0) -> int:
    """Find a free port on loopback: the preferred one, else any."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OperatorError(f"No port of {LOOPBACK} is free; stop what listens there.")


def keep_password(home: Path) -> str:
    """Read the administrator's password, made up on the first start and readable by the owner alone."""
    file = home / "simple_auth_manager_passwords.json.generated"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps({USER: secrets.token_urlsafe(12)}), encoding="utf-8")
    password: str = json.loads(file.read_text(encoding="utf-8"))[USER]
    return password


def start_component(environment: Mapping[str, str], component: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a component, its output in a log of its own."""
    log = Path(environment["AIRFLOW_HOME"]) / f"{component[0]}.log"
    with log.open("ab") as output:
        # In a session of its own, so that Ctrl-C reaches this process alone, which stops it.
        return subprocess.Popen(  # noqa: S603 - our own words
            name_command(*component),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def stop_at_end() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Give a place for processes by component, and stop all that are in it after."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield processes
    finally:
        working = [process for name, process in processes.items() if name == SCHEDULER[0]]
        stop_processes(working, [process for process in processes.values() if process not in working])


def stop_processes(
    working: Sequence[subprocess.Popen[bytes]],
    idle: Sequence[subprocess.Popen[bytes]] = (),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Ask every process to stop, wait for all of them, and end by force what is left of their sessions.

    Those that work get time to end a task. The others get little: Airflow's API server and triggerer have
    closed everything at once, and end five and ten seconds later.
    """
    began = clock()
    for process in (*working, *idle):
        process.terminate()
    for process in (*working, *idle):
        patience = STOP_SECONDS if process in working else IDLE_STOP_SECONDS
        try:
            process.wait(max(0.1, began + patience - clock()))
        except subprocess.TimeoutExpired:
            process.kill()
        _kill_group(process.pid)
        process.wait()


def await_truth(
    airflow: LocalAirflow,
    is_true: Callable[[], bool],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until something is true; raises OperatorError when time is up or a component has ended."""
    deadline = clock() + seconds
    while not is_true():
        airflow.check_processes()
        if clock() > deadline:
            raise OperatorError(
                f"Airflow was not done after {seconds:.0f} s; its logs are in {airflow.home}."
            )
        sleep(POLL_SECONDS)


def has_put_pool(api: AirflowApi, slots: int) -> bool:
    """Make the pool that limits how many chunks are normalized at once, and tell whether it is there."""
    pool = {"name": NORMALIZE_POOL, "slots": slots, "description": "A core each", "include_deferred": False}
    return (
        api.call("POST", "/api/v2/pools", pool).is_ok
        or api.call("PATCH", f"/api/v2/pools/{NORMALIZE_POOL}", pool).is_ok
    )


def _describe_server(port: int, cores: int, *, is_paused: bool) -> dict[str, str]:
    address = f"http://{LOOPBACK}:{port}"
    return {
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(is_paused),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__PARALLELISM": str(2 * cores),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "PUSHLIFT_NORMALIZE_POOL": NORMALIZE_POOL,
    }


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
