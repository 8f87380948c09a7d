"""How well postbacks are paced, and what durability costs: `python -m benchmarks.sending [--seconds 60]`.

Rates are measured where requests arrive, at a bare receiver. The unthrottled sender is compared with a bare
pool of `requests` threads that sends the same URLs to the same receiver, round about in one run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import local
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pyarrow as pa
import requests
from pydantic import SecretStr

from benchmarks.receiver import ask_receiver, run_receiver
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.policies import build_policy
from etl.ledger.claims import claim
from etl.ledger.database import open_ledger
from etl.ledger.plan_rows import add_postbacks
from etl.ledger.plans import NewPlan, approve_plan, finish_plan, start_plan
from etl.ledger.senders import start_sender, stop_sender
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.payloads import decode_parameters
from etl.liftoff.policy import configuration_hash
from etl.liftoff.sandbox.process import run_sandbox
from etl.liftoff.templates import parse_template
from etl.settings import App, Liftoff, Secrets, Settings, Storage

APP: Final = "com.example.app"
SECRETS: Final = Secrets(liftoff_api_key=SecretStr("key-of-the-benchmark"), hash_key=SecretStr("hash-key"))
UNTHROTTLED: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Paced:
    """What arrived: a second on average, the most in any sliding second, and the cores that sending took."""

    asked: float
    processes: int
    average: float
    most: int
    cores: float


def describe_world(folder: Path, port: int, per_second: float, connections: int | None = None) -> Settings:
    """Describe a lake, a ledger and a partner at a port; as many connections as are the default."""
    storage = Storage(
        landing=str(folder / "landing"),
        lake=str(folder / "lake"),
        opt_outs=str(folder / "opt_outs"),
        ledger=f"sqlite:///{folder}/ledger.db",
    )
    manners: dict[str, Any] = {} if connections is None else {"connections": connections}
    liftoff = Liftoff(
        postback_url=f"http://127.0.0.1:{port}/v2/events",
        postbacks_per_second=per_second,
        canary=0,
        **manners,
    )
    app = App(liftoff_app_id="liftoff-app", events={"af_purchase": "purchase"})
    return Settings(storage=storage, liftoff=liftoff, apps={APP: app})


def make_plan(settings: Settings, rows: int) -> str:
    """Write an approved plan of made-up postbacks straight into the ledger."""
    ledger = open_current_ledger(settings.storage.ledger)
    policy = build_policy(settings, APP, "production")
    now = datetime.now(UTC)
    asked = {"from": str(now.date()), "to": str(now.date())}
    new = NewPlan(
        f"plan-{uuid4().hex[:8]}",
        APP,
        policy.liftoff_app_id,
        "production",
        json.dumps(asked),
        configuration_hash(policy),
    )
    plan = start_plan(ledger, new)
    add_postbacks(ledger, plan, _make_rows(rows, now - timedelta(hours=1)))
    finish_plan(ledger, plan.id, "hash", (), "{}")
    approve_plan(ledger, plan.id, "benchmark")
    return plan.id


def _make_rows(rows: int, at: datetime) -> pa.Table:
    begin = int(at.timestamp() * 1000)
    parameters = [
        json.dumps(
            {
                "liftoff_app_id": "liftoff-app",
                "client_ip": f"2001:db8::{number % 65535:x}",
                "event_name": "purchase",
                "event_timestamp": str(begin + number % 1000),
                "language": "en",
                "device_model": "iPhone12,5",
                "platform": "ios",
                "user_id": f"{number:032x}",
                "device_id": str(uuid4()).upper(),
                "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15",
                "app_version": "7.1.0",
                "bundle_id": "com.example.ios",
                "os_version": "17.4",
                "revenue": "4.99",
                "currency_code": "EUR",
                "is_first_event": "false",
            }
        )
        for number in range(rows)
    ]
    ids = [uuid4().hex for _ in range(rows)]
    return pa.table(
        {
            "position": pa.array(range(rows), pa.int64()),
            "occurrence_id": ids,
            "event_id": ids,
            "event_date": pa.array([at.date()] * rows, pa.date32()),
            "source_name": ["af_purchase"] * rows,
            "event_name": ["purchase"] * rows,
            "parameters": parameters,
            "subjects": [f"{number:032x} {number:031x}a" for number in range(rows)],
        }
    )


def send_in_process(settings: Settings, plan_id: str, told: Any) -> None:  # noqa: ANN401 - a queue of another process
    """Send as one of several processes; tells the CPU seconds that it took."""
    before = _cpu()
    run_delivery(Delivery(settings, SECRETS), plan_id)
    told.put(_cpu() - before)


def measure_rate(folder: Path, per_second: float, processes: int, seconds: float) -> Paced:
    """Send at a rate for so long, in one process or several that share it."""
    with run_receiver() as port:
        settings = describe_world(folder, port, per_second)
        plan_id = make_plan(settings, int(per_second * seconds))
        context = multiprocessing.get_context("spawn")
        told = context.Queue()
        team = [
            context.Process(target=send_in_process, args=(settings, plan_id, told)) for _ in range(processes)
        ]
        began = time.perf_counter()
        for each in team:
            each.start()
        cpu = sum(told.get() for _ in team)
        for each in team:
            each.join()
        took = time.perf_counter() - began
        figures = ask_receiver(port, "/figures")
    average = (figures["count"] - 1) / figures["seconds"]
    return Paced(per_second, processes, average, int(figures["most_in_a_second"]), cpu / took)


def measure_sandbox(folder: Path, per_second: float, seconds: float) -> float:
    """Send to the sandbox at a rate for so long; gives the average, of accepted postbacks alone."""
    with run_sandbox() as sandbox:
        settings = describe_world(folder, urlsplit(sandbox.address).port or 0, per_second)
        secrets = SECRETS.model_copy(update={"liftoff_api_key": SecretStr(sandbox.credentials.api_key)})
        plan_id = make_plan(settings, int(per_second * seconds))
        report = run_delivery(Delivery(settings, secrets), plan_id)
        accepted: int = sandbox.state()["accepted_occurrences"]
    if accepted != report.delivered:
        raise RuntimeError("The sandbox did not accept what the ledger calls delivered.")
    return accepted / report.seconds


def measure_unthrottled(folder: Path, rows: int, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Give requests a second of the bare pool and of pushlift, round about, and pushlift's CPU a request."""
    bare, ours, cpu = [], [], []
    for number in range(rounds):
        with run_receiver() as port:
            settings = describe_world(folder / str(number), port, UNTHROTTLED, 16)
            Path(folder / str(number)).mkdir(parents=True)
            plan_id = make_plan(settings, rows)
            bare.append(send_bare(settings, plan_id, rows))
            ask_receiver(port, "/reset")
            began, cpu_began = time.perf_counter(), _cpu()
            report = run_delivery(Delivery(settings, SECRETS), plan_id)
            ours.append(report.delivered / (time.perf_counter() - began))
            cpu.append((_cpu() - cpu_began) / report.delivered)
            if ask_receiver(port, "/figures")["count"] != rows:
                raise RuntimeError("The receiver did not get what was sent.")
    return bare, ours, cpu


def send_bare(settings: Settings, plan_id: str, rows: int) -> float:
    """Send a plan's URLs by a pool of threads that records nothing; gives requests a second."""
    ledger = open_ledger(settings.storage.ledger)
    sender = start_sender(ledger, plan_id, 60)
    template = parse_template(settings.liftoff.postback_url)
    urls = [template.fill(decode_parameters(row.parameters)) for row in claim(ledger, sender, rows)]
    stop_sender(ledger, sender)
    mine = local()

    def send(url: str) -> None:
        if not hasattr(mine, "session"):
            mine.session = requests.Session()
            mine.session.trust_env = False
            mine.session.headers["Authorization"] = "Bearer key-of-the-benchmark"
        mine.session.get(url, timeout=(5, 30), allow_redirects=False).raise_for_status()

    began = time.perf_counter()
    with ThreadPoolExecutor(settings.liftoff.connections) as pool:
        for _ in pool.map(send, urls):
            pass
    return rows / (time.perf_counter() - began)


def _cpu() -> float:
    """Tell the CPU seconds of this process and of its children that have ended: a crew's processes."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rates", type=float, nargs="*", default=[50, 500, 1000])
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--sandbox", type=float, default=0, help="a rate against the sandbox; 0 for none")
    parser.add_argument("--rows", type=int, default=10_000, help="of an unthrottled round; 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sys.stdout.write(f"{os.cpu_count()} cores\n")
    folder = Path(tempfile.mkdtemp(prefix="pushlift-sending-"))
    try:
        for per_second in asked.rates:
            for processes in asked.processes:
                scratch = folder / f"{per_second:g}-{processes}"
                scratch.mkdir()
                paced = measure_rate(scratch, per_second, processes, asked.seconds)
                sys.stdout.write(
                    f"{per_second:g} a second, {processes} processes: {paced.average:.2f} on average"
                    f" ({paced.average / per_second - 1:+.2%}), at most {paced.most} in a sliding second"
                    f" ({paced.most / per_second - 1:+.2%}), {paced.cores:.2f} cores\n"
                )
                sys.stdout.flush()
        if asked.sandbox:
            (folder / "sandbox").mkdir()
            average = measure_sandbox(folder / "sandbox", asked.sandbox, asked.seconds)
            sys.stdout.write(f"{asked.sandbox:g} a second against the sandbox: {average:.2f} on average\n")
        if asked.rows:
            bare, ours, cpu = measure_unthrottled(folder, asked.rows, asked.rounds)
            ratio = statistics.median(each / other for each, other in zip(ours, bare, strict=True))
            sys.stdout.write(
                f"unthrottled: {statistics.median(ours):,.0f} a second, the bare pool"
                f" {statistics.median(bare):,.0f}; ratio {ratio:.2f}"
                f" ({', '.join(f'{each / other:.2f}' for each, other in zip(ours, bare, strict=True))});"
                f" CPU a request: {', '.join(f'{1000 * each:.2f}' for each in cpu)} ms\n"
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
