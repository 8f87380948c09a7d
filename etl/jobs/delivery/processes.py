"""A crew in processes of its own, for rates that one interpreter does not hold beside the ledger's work.

The engine decides and records; its processes send and tell. They end with it, however it ends. Should one of
them die, what it was handed may have been sent, and is in doubt.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Final, Self

from etl.errors import SendingStopped
from etl.jobs.delivery.crew import Done, Errand, Paces
from etl.jobs.delivery.crew_process import Orders, Posting, Told
from etl.liftoff.answers import Answer

START_SECONDS: Final = 60.0
END_SECONDS: Final = 5.0
LOST: Final = "sender_lost"


@dataclass(slots=True)
class _Member:
    """A process, this end of its socket, and what it was handed and has not told of yet."""

    process: subprocess.Popen[bytes]
    connection: Connection
    handed: dict[int, Errand] = field(default_factory=dict)


class ProcessCrew:
    """Processes of threads that send; errands are dealt to them in turn."""

    def __init__(self, processes: int, orders: Orders) -> None:
        """Start nothing yet; `orders` are each process' own."""
        self.size = processes * orders.size
        self.is_lost = False
        self._processes = processes
        self._orders = orders
        self._members: list[_Member] = []
        self._tokens = count()
        self._turns = cycle(range(processes))

    def __enter__(self) -> Self:
        """Start the processes, and wait until they are ready."""
        try:
            for _ in range(self._processes):
                self._members.append(_start(self._orders))
            is_ready = all(_hear_begin(each.connection) for each in self._members)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        if not is_ready:
            self.__exit__(None, None, None)
            raise SendingStopped("A process that sends did not start: nothing was sent, and nothing is lost.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have the processes end at once."""
        for member in self._members:
            member.connection.close()
        for member in self._members:
            _end(member.process)
        self._members.clear()

    def send(self, errands: Sequence[Errand], paces: Paces) -> None:
        """Hand errands over, each process its share."""
        shares: list[list[Posting]] = [[] for _ in self._members]
        for errand in errands:
            turn, token = next(self._turns), next(self._tokens)
            self._members[turn].handed[token] = errand
            shares[turn].append(Posting(token, errand.url, errand.due_at, errand.expires_at))
        count = len(self._members)
        for number, (member, share) in enumerate(zip(self._members, shares, strict=True)):
            slots = paces.slots[number::count]
            if share or slots:
                self._hand(member, share, Paces(paces.gap * count, slots))

    def collect(self, wait_seconds: float) -> list[Done]:
        """Collect what is done, waiting so long for the first."""
        open_ends = {each.connection: each for each in self._members if not each.connection.closed}
        done: list[Done] = []
        for ready in wait(list(open_ends), wait_seconds if open_ends else 0.0):
            assert isinstance(ready, Connection)  # noqa: S101 - nothing else is waited for
            done += self._hear(open_ends[ready])
        for member in self._members:
            if member.connection.closed and member.handed:
                done += [Done(each, Answer("unanswered", detail=LOST)) for each in member.handed.values()]
                member.handed.clear()
        return done

    def cut_overdue(self) -> None:
        """Leave that to the processes, which look themselves."""

    def _hand(self, member: _Member, share: list[Posting], paces: Paces) -> None:
        if member.connection.closed:
            return
        try:
            member.connection.send((share, paces))
        except OSError:
            self._lose(member)

    def _hear(self, member: _Member) -> list[Done]:
        done: list[Done] = []
        try:
            while member.connection.poll():
                told: Told = member.connection.recv()
                done += [Done(member.handed.pop(token), answer) for token, answer in told]
        except (EOFError, OSError):
            self._lose(member)
        return done

    def _lose(self, member: _Member) -> None:
        member.connection.close()
        self.is_lost = True


def _start(orders: Orders) -> _Member:
    """Start a process with its end of a socket, and hand it its orders.

    In a session of its own: what interrupts the engine from a terminal is the engine's to hear.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "etl.jobs.delivery.crew_process", str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
        )
    connection = Connection(ours.detach())
    with suppress(OSError):
        # One that has ended already is found out when it should say that it has begun.
        connection.send(orders)
    return _Member(process, connection)


def _hear_begin(connection: Connection) -> bool:
    """Wait until a process says that it has begun; False where it does not."""
    try:
        if not connection.poll(START_SECONDS):
            return False
        connection.recv()
    except (EOFError, OSError):
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
