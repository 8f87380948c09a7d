"""Which crew sends a plan: threads of this process, or processes of their own where the rate is high."""

from __future__ import annotations

import math
import os
from functools import partial
from typing import Final

from etl.jobs.delivery.assembly import Prepared, find_rate
from etl.jobs.delivery.crew import Crew
from etl.jobs.delivery.crew_process import Orders
from etl.jobs.delivery.processes import ProcessCrew
from etl.jobs.delivery.threads import ThreadCrew
from etl.jobs.delivery.ticking import tell_seconds
from etl.ledger.senders import count_senders
from etl.liftoff.client import Client

HELD_BY_ONE: Final = 250.0
"""So many postbacks a second one interpreter sends evenly, beside recording them."""

HELD_BY_PROCESS: Final = 1_200.0
"""So many one sends that does nothing else."""

LONGEST_ROUND_SECONDS: Final = 0.05
"""Connections for so long must be there: fewer lose more by a longer way than another process gains."""


def hire_crew(prepared: Prepared) -> Crew:
    """Give the crew for a plan's rate, of which those that send now have their shares.

    What a test replaces, network or clock, stays in this process.
    """
    delivery, liftoff, mode = prepared.delivery, prepared.liftoff, prepared.plan.mode
    is_ours = delivery.open_transport is Client and prepared.clocks.monotonic is tell_seconds
    share = find_rate(liftoff, mode, delivery.per_second) / max(1, count_senders(prepared.ledger, mode))
    processes = count_processes(share, liftoff.connections, os.cpu_count() or 1) if is_ours else 0
    if processes:
        size = math.ceil(liftoff.connections / processes)
        return ProcessCrew(processes, Orders(size, prepared.key, prepared.manners, prepared.longest_seconds))
    return ThreadCrew(
        liftoff.connections,
        partial(delivery.open_transport, prepared.key, prepared.manners),
        prepared.longest_seconds,
        prepared.clocks.monotonic,
        prepared.clocks.sleep,
    )


def count_processes(per_second: float, connections: int, cores: int) -> int:
    """Count the processes that send at a rate; 0 where this one's threads do as well."""
    if per_second <= HELD_BY_ONE or connections < per_second * LONGEST_ROUND_SECONDS:
        return 0
    return max(1, min(math.ceil(per_second / HELD_BY_PROCESS), cores - 1))
