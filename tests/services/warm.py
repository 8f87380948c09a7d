"""Warm processes, from which tests fork those that they run or kill: imports of seconds are paid once.

What is forked is a process of its own, killed by a real signal. A server holds no connection, lock or thread
of the tests, and each fork takes the environment that the test gives it.
"""

import gc
import os
import pickle
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, NoReturn

from etl.jobs.warming import warm_up_process

ROOM: Final = "tests.services.warm"


@dataclass(slots=True)
class Forked:
    """A process that a server has forked; it may be looked at, waited for and killed like a child."""

    pid: int
    _server: "subprocess.Popen[bytes]"
    _end: int = field(init=False)
    _code: int | None = None

    def __post_init__(self) -> None:
        """Watch for its end: the number stays its own until the server is asked for the exit code."""
        self._end = os.pidfd_open(self.pid)

    @property
    def exitcode(self) -> int | None:
        """Its exit code, negative for a signal; None while it lives."""
        return self.join(0.0)

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.exitcode is None

    def join(self, seconds: float | None = None) -> int | None:
        """Wait for its end, at most so long; gives its exit code, or None where it lives on."""
        if self._code is None and select.select([self._end], [], [], seconds)[0]:
            self._code = _request(self._server, self.pid)
            os.close(self._end)
        return self._code

    def wait(self) -> int:
        """Wait for its end, however long; gives its exit code."""
        code = self.join()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.is_alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def run_forked(function: Callable[..., object], *arguments: object) -> int:
    """Run a function in a process of its own to its end; gives its exit code, negative for a signal.

    Function and arguments are pickled: the function is one of a module that the process can import.
    """
    return start_forked(function, *arguments).wait()


def start_forked(function: Callable[..., object], *arguments: object) -> Forked:
    """Start a function in a process of its own, as `run_forked` does, and do not wait for it."""
    return _start(_start_server(), os.environ, function, *arguments)


@contextmanager
def forking(function: Callable[..., object], *arguments: object) -> Iterator[Forked]:
    """Run a function in a process of its own beside a block, with which it ends at the latest."""
    process = start_forked(function, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def ask(
    server: "subprocess.Popen[bytes]",
    environment: Mapping[str, str],
    function: Callable[..., object],
    *arguments: object,
) -> int:
    """Have a server fork a process that runs a function; gives its exit code, negative for a signal."""
    return _start(server, environment, function, *arguments).wait()


def _start(
    server: "subprocess.Popen[bytes]",
    environment: Mapping[str, str],
    function: Callable[..., object],
    *arguments: object,
) -> Forked:
    return Forked(_request(server, (function, arguments, dict(environment))), server)


def _request(server: "subprocess.Popen[bytes]", what: object) -> int:
    """Ask a server to fork, or for the exit code of a process that has ended."""
    assert server.stdin is not None
    assert server.stdout is not None
    pickle.dump(what, server.stdin)
    server.stdin.flush()
    answer: int = pickle.load(server.stdout)
    return answer


def start_server(room: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a module that calls `serve_warm`; it ends when this process does, whose end closes its input."""
    command = [sys.executable, "-m", room]
    return subprocess.Popen(command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@cache
def _start_server() -> "subprocess.Popen[bytes]":
    return start_server(ROOM, os.environ)


def serve_warm(warm_up: Callable[[], None]) -> None:
    """Be a server: import what forks share, look for no garbage in it, and fork for each request."""
    # What a fork prints must not be taken for an answer.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        gc.disable()
        warm_up()
        gc.freeze()
        gc.enable()
        _serve(sys.stdin.buffer, answers)


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Fork as often as is asked, and tell the exit codes of processes that have ended."""
    while True:
        try:
            request: Any = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(_reap(request) if isinstance(request, int) else _fork(*request), answers)
        answers.flush()


def _reap(pid: int) -> int:
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _fork(
    function: Callable[..., object], arguments: tuple[object, ...], environment: Mapping[str, str]
) -> int:
    pid = os.fork()
    if not pid:
        # What asks the server must not be read by what is forked from it, or by a child of that.
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        _live(function, arguments, environment)
    return pid


def _live(
    function: Callable[..., object], arguments: tuple[object, ...], environment: Mapping[str, str]
) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    try:
        function(*arguments)
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else int(end.code is not None))
    except BaseException:  # noqa: BLE001 - told, and the process ends
        traceback.print_exc()
        _leave(1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _warm_up() -> None:
    """Import what an audited ingest does, what sends, and what the command line needs for either."""
    import alembic.command  # noqa: F401, PLC0415 - seconds, for the server alone
    import psycopg  # noqa: F401, PLC0415 - the same
    import pyarrow.dataset  # noqa: F401, PLC0415 - the same
    import sqlalchemy.dialects.postgresql  # noqa: F401, PLC0415 - the same

    import etl.cli  # noqa: PLC0415 - the same
    import etl.jobs.delivery.story  # noqa: PLC0415 - the same
    import etl.jobs.keys  # noqa: PLC0415 - the same
    import etl.lake.publish  # noqa: F401, PLC0415 - the same
    from etl.quality.expecting import prepare  # noqa: PLC0415 - the same

    warm_up_process()
    prepare()


if __name__ == "__main__":
    serve_warm(_warm_up)
