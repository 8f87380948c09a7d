import json
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from etl.airflow import local
from etl.airflow.api import AirflowApi
from etl.airflow.homes import LOOPBACK, describe_home
from etl.airflow.local import LocalAirflow, await_truth, find_port, keep_password, stop_processes
from etl.errors import OperatorError

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)


def test_a_taken_port_is_left_alone() -> None:
    """Airflow says it is ready even when its server died of a taken port."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        assert find_port(port) != port


def test_the_password_stays_and_is_the_owners_alone(tmp_path: Path) -> None:
    """A second start has the login of the first."""
    password = keep_password(tmp_path)
    file = tmp_path / "simple_auth_manager_passwords.json.generated"

    assert keep_password(tmp_path) == password == json.loads(file.read_text())["admin"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("is_working", [True, False])
def test_a_process_that_does_not_stop_is_ended(monkeypatch: pytest.MonkeyPatch, *, is_working: bool) -> None:
    """Ctrl-C leaves nothing behind."""
    monkeypatch.setattr(local, "STOP_SECONDS" if is_working else "IDLE_STOP_SECONDS", 0.2)
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()

    stop_processes(*(([process], []) if is_working else ([], [process])))

    assert process.returncode == -signal.SIGKILL


def test_a_component_that_ended_is_told_with_its_log(tmp_path: Path) -> None:
    """Waiting for the others would hide it."""
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    airflow = LocalAirflow(tmp_path, 0, "", {"scheduler": process})

    with pytest.raises(OperatorError, match=r"scheduler ended with code 3; .*scheduler\.log"):
        await_truth(airflow, lambda: False, seconds=60)


def test_waiting_has_an_end(tmp_path: Path) -> None:
    """An Airflow that never gets healthy is told as such."""
    clock = iter([0.0, 5.0, 11.0])
    airflow = LocalAirflow(tmp_path, 0, "", {})

    with pytest.raises(OperatorError, match="not done after 10 s"):
        await_truth(airflow, lambda: False, 10, clock=lambda: next(clock), sleep=lambda _: None)


def test_a_server_that_does_not_answer_is_no_error() -> None:
    """While it starts, nothing listens."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))

        assert AirflowApi(probe.getsockname()[1]).call("GET", "/").status == 0


def test_the_callers_own_airflow_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local Airflow must not write to the database of a real one."""
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://production")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "production")

    environment = describe_home(tmp_path, tmp_path / "pushlift.toml")

    assert "production" not in "".join(environment.values())
