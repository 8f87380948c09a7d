"""Warm processes, from which tests fork those that they run or kill: imports of seconds are paid once.

What is forked is a process of its own, killed by a real signal. A server holds no connection, lock or thread
of the tests, and each fork takes the environment that the test gives it.
"""

import gc
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from typing import IO, Final, NoReturn

from etl.jobs.warming import warm_up_process

ROOM: Final = "tests.services.warm"


def run_forked(function: Callable[..., object], *arguments: object) -> int:
    """Run a function in a process of its own to its end; gives its exit code, negative for a signal.

    Function and arguments are pickled: the function is one of a module that the process can import.
    """
    return ask(_start_server(), os.environ, function, *arguments)


def ask(
    server: "subprocess.Popen[bytes]",
    environment: Mapping[str, str],
    function: Callable[..., object],
    *arguments: object,
) -> int:
    """Have a server fork a process that runs a function; gives its exit code, negative for a signal."""
    assert server.stdin is not None
    assert server.stdout is not None
    pickle.dump((function, arguments, dict(environment)), server.stdin)
    server.stdin.flush()
    code: int = pickle.load(server.stdout)
    return code


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
    """Fork a process for each request and answer with its exit code, until there are no more."""
    while True:
        try:
            function, arguments, environment = pickle.load(requests)
        except EOFError:
            return
        child = os.fork()
        if not child:
            _live(function, arguments, environment)
        _, status = os.waitpid(child, 0)
        pickle.dump(os.waitstatus_to_exitcode(status), answers)
        answers.flush()


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
    """Import what an audited ingest does."""
    from etl.quality.expecting import prepare  # noqa: PLC0415 - seconds, for the server alone

    warm_up_process()
    prepare()


if __name__ == "__main__":
    serve_warm(_warm_up)
