"""Results as Markdown: figures side by side, and the stages of our own CPU."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.comparing import CONTENDERS
from benchmarks.landing import Landing
from benchmarks.measuring import Measurement, Summary, summarize

_PACKAGES = ("pyarrow", "pandas", "duckdb", "polars", "deltalake", "numpy", "isal")
_MIB = 1 << 20
# What is promised: which figure, against whom, and the limit of the ratio ours ÷ theirs.
_LIMITS = (
    ("wall time against plain pandas", "pandas", "wall", 1 / 7),
    ("wall time against DuckDB alone", "duckdb", "wall", 1.0),
    ("wall time against Polars alone", "polars", "wall", 1.0),
    ("CPU against the floor", "floor", "cpu", 1.8),
)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one call of the benchmarks measured."""

    made_at: datetime
    command: str
    landing: Landing
    runs: Mapping[str, Sequence[Measurement]]
    stages: Mapping[str, Sequence[float]]
    rerun: Sequence[Measurement] | None = None
    memory: Measurement | None = None
    audit: Mapping[str, float] | None = None


def write_results(results: Results, path: Path) -> str:
    """Write results to a file, and give them as text."""
    text = "\n".join(describe_results(results)) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def describe_results(results: Results) -> Iterator[str]:
    """Describe results line by line."""
    yield from ("# Benchmarks", "", f"`{results.command}`, {results.made_at:%Y-%m-%d %H:%M} UTC.", "")
    yield from (_describe_machine(), "", _describe_landing(results.landing), "")
    yield from _tabulate_runs(results.runs)
    yield from _tabulate_ratios(results.runs)
    yield from _tabulate_stages(results.stages)
    yield from _describe_rest(results)


def _describe_machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    cores = len(os.sched_getaffinity(0))
    machine = f"{cores} cores, {platform.system()} {platform.machine()}"
    return f"{machine}, Python {platform.python_version()}, {versions}."


def _describe_landing(landing: Landing) -> str:
    size = landing.uncompressed_bytes / max(1, landing.messages)
    return (
        f"{landing.messages:,} lines in {landing.objects} gzipped NDJSON objects of V2 messages, "
        f"{landing.uncompressed_bytes / 1e6:,.0f} MB uncompressed ({size:,.0f} bytes each), "
        f"{landing.compressed_bytes / 1e6:,.0f} MB gzipped; {landing.events:,} distinct events, "
        "resends and junk beside them."
    )


def _tabulate_runs(runs: Mapping[str, Sequence[Measurement]]) -> Iterator[str]:
    yield "Whole processes, imports included, in turns: median (least to most). CPU is of the whole process"
    yield from ("tree, peak memory of its largest process.", "")
    yield "| contender | runs | wall s | CPU s | of it system s | peak MiB |"
    yield "|---|--:|--:|--:|--:|--:|"
    for each in CONTENDERS:
        if measured := runs.get(each.name):
            figures = (
                _spell(summarize(measured, lambda run: run.wall_seconds)),
                _spell(summarize(measured, lambda run: run.cpu_seconds)),
                _spell(summarize(measured, lambda run: run.system_seconds)),
                _spell(summarize(measured, lambda run: run.peak_bytes / _MIB), digits=0),
            )
            yield f"| **{each.name}**: {each.meaning} | {len(measured)} | {' | '.join(figures)} |"
    yield ""


def _tabulate_ratios(runs: Mapping[str, Sequence[Measurement]]) -> Iterator[str]:
    yield from ("| ours ÷ theirs | ratio of medians | run by run | wanted |", "|---|--:|--:|--:|")
    for meaning, other, figure, limit in _LIMITS:
        if runs.get(other) and runs.get("pushlift"):
            ours, theirs = _figures(runs["pushlift"], figure), _figures(runs[other], figure)
            pairs = ", ".join(f"{mine / yours:.2f}" for mine, yours in zip(ours, theirs, strict=False))
            yield f"| {meaning} | {_median(ours) / _median(theirs):.2f} | {pairs} | ≤ {limit:.2f} |"
    yield ""


def _tabulate_stages(stages: Mapping[str, Sequence[float]]) -> Iterator[str]:
    used = {name: figures for name, figures in stages.items() if name != "rows"}
    rows = stages["rows"][0]
    total = sum(figures[0] for figures in used.values())
    scale = 1e8 / rows
    yield f"Where our CPU goes: one object of {rows:,.0f} messages in one process, ms for 100,000 messages,"
    yield from ("imports left out. A stage that cost nothing would save what its row says.", "")
    yield from ("| stage | CPU ms | of it system ms | page faults | share |", "|---|--:|--:|--:|--:|")
    for name, (cpu, system, faults) in sorted(used.items(), key=lambda item: -item[1][0]):
        figures = (cpu * scale, system * scale, faults * scale / 1000)
        yield f"| {name} | {' | '.join(f'{figure:,.0f}' for figure in figures)} | {cpu / total:.1%} |"
    yield from (f"| all | {total * scale:,.0f} | | | |", "")


def _describe_audit(audit: Mapping[str, float]) -> str:
    share = audit["audit"] / audit["ingest"]
    return (
        f"The audit ({audit['checks']:.0f} checks: suites and history, app by app) takes"
        f" {audit['audit']:.2f} s of wall time beside {audit['ingest']:.1f} s of everything else:"
        f" {share:.1%} (wanted: ≤ 10 %). Importing Great Expectations, {audit['import']:.1f} s here, comes on"
        " top; an ingest spends it beside its workers, at the lowest priority."
    )


def _describe_rest(results: Results) -> Iterator[str]:
    if results.audit:
        yield from (_describe_audit(results.audit), "")
    if results.rerun:
        wall = summarize(results.rerun, lambda run: run.wall_seconds)
        yield from (
            f"10,000 known objects and nothing new: {_spell(wall)} s of wall time (wanted: ≤ 3).",
            "",
        )
    if results.memory:
        peak = results.memory.peak_bytes / _MIB
        yield f"One object of 5 GB uncompressed: peak {peak:,.0f} MiB in any process (wanted: ≤ 1,024)."


def _figures(runs: Sequence[Measurement], figure: str) -> list[float]:
    return [run.wall_seconds if figure == "wall" else run.cpu_seconds for run in runs]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _spell(figure: Summary, digits: int = 1) -> str:
    return f"{figure.median:,.{digits}f} ({figure.least:,.{digits}f} to {figure.most:,.{digits}f})"
