"""A sandbox in a process of its own, for the demo, for tests and for rehearsals."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import requests

from etl.errors import OperatorError, UsageError
from etl.liftoff.sandbox.credentials import Credentials

START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class SandboxProcess:
    """A running sandbox: where it answers, to whom, and what steers it."""

    address: str
    credentials: Credentials
    process: subprocess.Popen[bytes]
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    @property
    def postback_url(self) -> str:
        """The address of postbacks."""
        return f"{self.address}/v2/events"

    @property
    def opt_out_url(self) -> str:
        """The address of opt-outs."""
        return f"{self.address}/opt_out/v3/liftoff"

    def state(self) -> dict[str, Any]:
        """Give every count."""
        found: dict[str, Any] = self._ask("GET", "state").json()
        return found

    def occurrences(self) -> Iterator[dict[str, Any]]:
        """Give each occurrence: api, mode, fingerprint, received, accepted, faults."""
        for line in self._ask("GET", "occurrences").content.splitlines():
            yield json.loads(line)

    def set_faults(
        self, shares: Mapping[str, float] | None = None, **manners: float | None
    ) -> dict[str, Any]:
        """Replace the shares of faults (none: no faults), and change the manners that are named.

        A `seed` lets the dice begin anew. Raises UsageError for what the sandbox does not know.
        """
        found: dict[str, Any] = self._ask("PUT", "faults", {**(shares or {}), **manners}).json()
        return found

    def reset(self) -> None:
        """Forget every count; faults stay."""
        self._ask("DELETE", "state")

    def is_healthy(self) -> bool:
        """Tell whether it answers."""
        try:
            return self._ask("GET", "health").ok
        except OperatorError:
            return False

    def _ask(self, method: str, what: str, body: object = None) -> requests.Response:
        try:
            answer = self._session.request(
                method, f"{self.address}/sandbox/{what}", json=body, timeout=_ANSWER_SECONDS
            )
        except requests.RequestException as error:
            raise OperatorError(
                f"The sandbox at {self.address} does not answer ({type(error).__name__})."
            ) from None
        if not answer.ok:
            raise UsageError(str(answer.json().get("error", answer.status_code)))
        return answer


@contextmanager
def run_sandbox(
    faults: Mapping[str, float] | None = None,
    *,
    credentials: Credentials | None = None,
    **manners: float | None,
) -> Iterator[SandboxProcess]:
    """Run a sandbox at a free port of loopback while the block runs; it is healthy when the block begins.

    It ends with the block, and with this process however that ends. Raises OperatorError where it does not
    come up.
    """
    process = _start(credentials or Credentials())
    try:
        sandbox = SandboxProcess(_read_address(process), credentials or Credentials(), process)
        # A proxy of the environment's is not asked for loopback.
        sandbox._session.trust_env = False  # noqa: SLF001 - it is ours
        _await_health(sandbox)
        if faults or manners:
            sandbox.set_faults(faults, **manners)
        yield sandbox
        sandbox._session.close()  # noqa: SLF001 - the same
    finally:
        _stop(process)


def _start(credentials: Credentials) -> subprocess.Popen[bytes]:
    variables = {
        "PUSHLIFT_LIFTOFF_API_KEY": credentials.api_key,
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": credentials.opt_out_user,
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": credentials.opt_out_password,
    }
    command = [sys.executable, "-m", "etl.cli", "sandbox", "--port", "0", "--child", "--json"]
    # In a session of its own, so that Ctrl-C reaches this process alone, which stops it.
    return subprocess.Popen(  # noqa: S603 - our own words
        command,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _read_address(process: subprocess.Popen[bytes]) -> str:
    """Read the line in which the sandbox says where it listens."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise OperatorError(f"The sandbox did not start; `{sys.executable} -m etl.cli sandbox` says why.")
    address: str = json.loads(line)["address"]
    return address


def _await_health(
    sandbox: SandboxProcess,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    deadline = clock() + START_SECONDS
    while not sandbox.is_healthy():
        if sandbox.process.poll() is not None or clock() > deadline:
            raise OperatorError("The sandbox started and does not answer.")
        sleep(_POLL_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and end it by force if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
