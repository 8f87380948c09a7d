"""A warm process, from which tests fork those that are to be killed: imports of seconds are paid once.

What is forked is a process of its own, killed by a real signal. The server holds no connection, lock or
thread of the tests, and each fork takes the environment of the test that asks for it.
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
    server = _start_server()
    assert server.stdin is not None
    assert server.stdout is not None
    pickle.dump((function, arguments, dict(os.environ)), server.stdin)
    server.stdin.flush()
    code: int = pickle.load(server.stdout)
    return code


@cache
def _start_server() -> "subprocess.Popen[bytes]":
    """Start the server; it ends when this process does, whose end closes its input."""
    return subprocess.Popen([sys.executable, "-m", ROOM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
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
    except BaseException:  # noqa: BLE001 - told, and the process ends
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _warm_up() -> None:
    """Import what an audited ingest does, and look for no garbage in it: forks share it."""
    from etl.quality.expecting import prepare  # noqa: PLC0415 - seconds, for the server alone

    gc.disable()
    warm_up_process()
    prepare()
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    # What a fork prints must not be taken for an answer.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        _warm_up()
        serve(sys.stdin.buffer, out)
