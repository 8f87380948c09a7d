"""The steps one by one, as tasks in processes of their own call them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from etl.airflow import ingest_steps
from etl.airflow.ingest_steps import (
    announce,
    audit_settled,
    discover_chunks,
    drop_scratch,
    normalize_chunk,
    publish_settled,
    report_run,
    settle_chunks,
    summarize,
)
from etl.airflow.rehearsal import write_sample
from etl.errors import HeldBackError, StorageError, UsageError
from etl.jobs.ingest import IngestOptions
from etl.jobs.reports import HeldApp, IngestReport
from etl.sample import Truth


@dataclass
class OutletEvent:
    """As much of Airflow's outlet event as a publish writes to."""

    extra: dict[str, Any] = field(default_factory=dict)
    partitions: list[str] = field(default_factory=list)

    def add_partitions(self, keys: list[str]) -> None:
        """Keep the keys."""
        self.partitions += keys


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """Write sample exports, and name their configuration as a task finds it."""
    config, truth = write_sample(tmp_path, messages=40)
    monkeypatch.setenv("PUSHLIFT_CONFIG", str(config))
    return truth


def count_rows(tmp_path: Path, table: str) -> int:
    """Count a table's rows as readers see it."""
    return int(DeltaTable(tmp_path / "lake" / table).to_pyarrow_dataset().count_rows())


def test_a_task_that_is_tried_again_changes_nothing(tmp_path: Path, truth: Truth) -> None:
    """A worker may die between its work and its answer, in every step."""
    chunks = discover_chunks(IngestOptions())
    normalized = [normalize_chunk(chunk) for chunk in [*chunks, chunks[0]]][: len(chunks)]
    settle_chunks(normalized)
    settled = settle_chunks(normalized)
    for _ in range(2):
        audit_settled(settled["run_id"])

    first = publish_settled(settled["run_id"])
    second = publish_settled(settled["run_id"])

    assert first == second
    assert first.published == count_rows(tmp_path, "events") == truth.events
    assert count_rows(tmp_path, "loads") == truth.objects


def test_a_run_that_is_cleaned_up_says_what_to_clear(truth: Truth) -> None:
    """A person who clears one old task gets the way out, not a missing file."""
    chunks = discover_chunks(IngestOptions())
    drop_scratch(chunks)

    with pytest.raises(UsageError, match="clear discover"):
        normalize_chunk(chunks[0])


def test_nothing_to_drop_is_fine(truth: Truth) -> None:
    """`discover` may have failed, or found nothing."""
    drop_scratch(None)
    drop_scratch([])


def test_a_report_of_failed_objects_raises() -> None:
    """The run ends red, and the message counts them by code."""
    counts = summarize(IngestReport("run", objects=5, failed={"forbidden": 2, "vanished": 1}))

    with pytest.raises(StorageError, match=r"3 of 5 .* \(forbidden: 2, vanished: 1\)"):
        report_run(counts)


def test_without_a_verdict_nothing_is_published(tmp_path: Path, truth: Truth) -> None:
    """An audit that crashed, or was made of an earlier settling, lets nothing pass."""
    chunks = discover_chunks(IngestOptions())
    normalized = [normalize_chunk(chunk) for chunk in chunks]
    run_id = settle_chunks(normalized)["run_id"]
    with pytest.raises(UsageError, match="has no verdict"):
        publish_settled(run_id)
    audit_settled(run_id)
    settle_chunks(normalized)

    with pytest.raises(UsageError, match="has no verdict"):
        publish_settled(run_id)
    assert not (tmp_path / "lake" / "events" / "_delta_log" / "00000000000000000001.json").exists()


def test_a_report_of_held_rows_raises() -> None:
    """The run ends red, after the summary that names the failed checks and the ways out."""
    held = HeldApp("com.a", "run-1234", 7, ("events.nulls",), "2026-09-01T13:00:00+00:00")
    counts = summarize(
        IngestReport("run", held=7, held_apps=(held,), failures=("com.a: required …",), holding=1)
    )

    with pytest.raises(HeldBackError, match="7 rows are held back"):
        report_run(json.loads(json.dumps(counts)))


def test_consumers_are_told_each_apps_verdict() -> None:
    """Small JSON: what was published and held, and which rules failed."""
    held = HeldApp("com.a", "run-1234", 7, ("events.nulls",), "2026-09-01T13:00:00+00:00")
    events, partitions = OutletEvent(), OutletEvent()

    announce(events, partitions, IngestReport("run", apps={"com.b": 3}, held=7, held_apps=(held,)))

    assert events.extra["apps"] == {
        "com.a": {"verdict": "failed", "published": 0, "held": 7, "failed": ["events.nulls"]},
        "com.b": {"verdict": "passed", "published": 3, "held": 0, "failed": []},
    }
    assert "failures" not in events.extra


def test_a_report_of_a_whole_run_raises_nothing() -> None:
    """Quarantined messages are no failure: they are kept, with their reasons."""
    report_run(summarize(IngestReport("run", objects=5, quarantined=2, reasons={"invalid_json": 2})))
    report_run(None)


def test_touched_partitions_are_named_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reprocessing of years would keep Airflow's database busy; the count tells that some are left off."""
    monkeypatch.setattr(ingest_steps, "MAX_PARTITION_EVENTS", 2)
    events, partitions = OutletEvent(), OutletEvent()

    announce(events, partitions, IngestReport("run", partitions=("a/1", "a/2", "a/3", "b" * 251)))

    assert partitions.partitions == ["a/2", "a/3"]
    assert events.extra["partitions"] == partitions.extra["partitions"] == 4
