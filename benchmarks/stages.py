"""Where the CPU goes: the ingest of one object in one process, stage by stage, timed from outside.

`python -m benchmarks.stages LANDING OUTPUT` prints JSON: CPU seconds, system seconds and page faults of
each stage, without the stages inside it. The product holds no timers; its functions are wrapped here, where
their callers look them up.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl.jobs import ingest as story
from etl.jobs.allocation import keep_freed_memory
from etl.jobs.encoding import EncodedGroup, encode_group
from etl.jobs.warming import warm_up_process
from etl.lake.encode import EncodeTask, Provenance
from etl.quality.auditing import prepare
from etl.settings.models import Ingest, Settings, Storage

# Stage, and the function that does it, under the name by which it is called.
STAGES = (
    ("decompress", "etl.appsflyer.formats.framing:decompress"),
    ("frame", "etl.jobs.normalizing:read_blocks"),
    ("find values", "etl.appsflyer.parse:JsonParser.parse"),
    ("write columns", "etl.appsflyer.jsonlines.columns:ColumnWriter.write"),
    ("lines", "etl.jobs.normalizing:read_lines"),
    ("unify", "etl.appsflyer.normalize:unify_fields"),
    ("clocks", "etl.appsflyer.normalize:read_clocks"),
    ("identity", "etl.appsflyer.normalize:identify_events"),
    ("embedded", "etl.appsflyer.normalize:find_embedded_ids"),
    ("extra", "etl.appsflyer.normalize:build_extra"),
    ("values, topics", "etl.jobs.normalizing:normalize_batch"),
    ("row rules", "etl.jobs.normalizing:judge_rows"),
    ("row rules", "etl.jobs.normalizing:flag_rows"),
    ("spill", "etl.lake.spill:SpillWriter.add"),
    ("spill", "etl.lake.spill:SpillWriter.finish"),
    ("chunk", "etl.jobs.normalizing:normalize_chunk"),
    ("settle", "etl.jobs.settling:settle_rows"),
    ("settle", "etl.jobs.settling:settle_run"),
    ("read back", "etl.lake.encode:read_batch"),
    ("encode", "etl.lake.encode:PartitionWriter.flush"),
    ("take", "etl.lake.encode:encode_rows"),
    ("audit", "etl.jobs.ingest:audit"),
    ("profile", "etl.jobs.encoding:profile_rows"),
    ("publish", "etl.lake.publish:publish_drafts"),
)


class Stopwatch:
    """Charges what the process uses to the innermost stage that runs."""

    def __init__(self) -> None:
        """Start with everything charged to `other`."""
        self.used: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        self._stack = ["other"]
        self._last = _read_usage()

    def enter(self, stage: str) -> None:
        """Begin a stage inside the one that runs."""
        self.charge()
        self._stack.append(stage)

    def leave(self) -> None:
        """End the innermost stage."""
        self.charge()
        self._stack.pop()

    def charge(self) -> None:
        """Charge what was used since the last time."""
        now = _read_usage()
        used = self.used[self._stack[-1]]
        for place, (new, old) in enumerate(zip(now, self._last, strict=True)):
            used[place] += new - old
        self._last = now


def _read_usage() -> tuple[float, float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_stime, float(usage.ru_minflt)


def watch_stages(watch: Stopwatch) -> None:
    """Wrap the functions of `STAGES`; raises AttributeError when one has another name by now."""
    for stage, name in STAGES:
        module, _, path = name.partition(":")
        owner: Any = importlib.import_module(module)
        *parents, attribute = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, attribute, _watch(watch, stage, getattr(owner, attribute)))


def _watch(watch: Stopwatch, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        watch.enter(stage)
        try:
            made = function(*args, **kwargs)
        finally:
            watch.leave()
        return _watch_items(watch, stage, made) if isinstance(made, Iterator) else made

    return call


def _watch_items(watch: Stopwatch, stage: str, items: Iterator[object]) -> Iterator[object]:
    while True:
        watch.enter(stage)
        try:
            item = next(items)
        except StopIteration:
            return
        finally:
            watch.leave()
        yield item


def profile_landing(landing: Path, output: Path) -> dict[str, list[float]]:
    """Ingest one object in this process; gives each stage's CPU seconds, system seconds and page faults."""
    watch = Stopwatch()
    watch_stages(watch)
    pa.set_cpu_count(1)
    keep_freed_memory()
    output.mkdir(parents=True, exist_ok=True)
    storage = Storage(
        landing=str(landing),
        lake=str(output / "lake"),
        opt_outs=str(output / "o"),
        ledger=f"sqlite:///{output / 'l.db'}",
    )
    settings = Settings(storage=storage, ingest=Ingest(workers=1))
    warm_up_process()
    prepare()
    run = story.discover(settings, story.IngestOptions())
    if run is None:
        raise FileNotFoundError(f"{landing} holds no objects: make a landing first.")
    watch.charge()
    watch.used.clear()
    run = replace(run, chunks=(run.objects[:1],))
    outcomes = [story.normalize(settings, run, 0)]

    def encode(tasks: Sequence[EncodeTask], provenance: Provenance) -> list[EncodedGroup]:
        return [encode_group(settings, provenance, task) for task in tasks]

    settled = story.settle(settings, run, outcomes, encode)
    story.publish(settings, run, outcomes, story.audit(settings, run, settled), encode)
    watch.charge()
    return dict(watch.used) | {"rows": [outcomes[0].rows, 0, 0]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(profile_landing(Path(sys.argv[1]), Path(sys.argv[2]))))
