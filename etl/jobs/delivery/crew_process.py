"""A process of a crew, started by `etl.jobs.delivery.processes` with the number of an open socket.

It sends what it is handed through a socket and tells what came of it, and ends at once when the other end is
closed, by whatever. It knows neither the ledger nor the lake. What it needs comes through the socket: neither
the key nor a URL stands in an argument or in the environment.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from pydantic import SecretStr

from etl.jobs.delivery.crew import Paces
from etl.jobs.delivery.threads import Threads
from etl.jobs.delivery.ticking import tell_seconds
from etl.liftoff.answers import Answer
from etl.liftoff.client import Client, Manners

GATHER_SECONDS: Final = 0.005
"""Answers wait so long for others, to be told together."""

LOOK_SECONDS: Final = 1.0
SWITCH_SECONDS: Final = 0.001


class Posting(NamedTuple):
    """A URL to be sent, `Due`; its token is the other end's."""

    token: int
    url: str
    due_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Orders:
    """How to send: with so many threads, which key and manners, and for how long at most."""

    size: int
    key: SecretStr
    manners: Manners
    longest_seconds: float


Handed = tuple[Sequence[Posting], Paces]
"""What is to be sent, and how."""

Told = list[tuple[int, Answer]]
"""What came of postings, by their tokens."""


def work(connection: Connection) -> None:
    """Send what comes until the other end is closed."""
    orders: Orders = connection.recv()
    threads: Threads[Posting] = Threads(
        orders.size,
        lambda: Client(orders.key, orders.manners),
        orders.longest_seconds,
        tell_seconds,
    )
    with threads:
        threading.Thread(target=_tell, args=(connection, threads), daemon=True).start()
        connection.send(None)
        while True:
            handed: Handed = connection.recv()
            threads.put(*handed)


def _tell(connection: Connection, threads: Threads[Posting]) -> None:
    while True:
        done = threads.take(LOOK_SECONDS)
        threads.cut_overdue()
        if not done:
            continue
        time.sleep(GATHER_SECONDS)
        done += threads.take(0.0)
        told: Told = [(posting.token, answer) for posting, answer in done]
        try:
            connection.send(told)
        except OSError:
            return


def main() -> None:
    """Work at the socket that is given, and leave nothing running."""
    # Whoever interrupts the engine has it end in order, and it closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        work(Connection(int(sys.argv[1])))
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
