"""The story of the watch: which apps have fallen silent, whether or not anything landed.

What changed since the last look is recorded once, so that people are told once of a silence and not every
hour.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from etl.jobs.accounts import write_accounts
from etl.jobs.attempts import begin_attempt
from etl.jobs.auditing import rules_of
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.keeping import open_scratch
from etl.jobs.runs import Run, name_run
from etl.lake.plans import PublishPlan
from etl.lake.publish import publish_drafts
from etl.lake.tables import SETTLED_TABLES, open_or_create
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.upgrade import open_current_ledger
from etl.quality.checks import Check, Verdict, describe_failures
from etl.quality.history import judge_silence
from etl.settings import Settings
from etl.stores import open_store

LOG: Final = logging.getLogger(__name__)

SILENT_FACT: Final = "quality.silent"


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What the watch saw: all failed checks, the news among them, and the checks that changed since."""

    looked_at: datetime
    failed: tuple[Check, ...] = ()
    news: tuple[Check, ...] = ()
    changed: tuple[Check, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when a silence was made required, else 0."""
        return 1 if any(check.is_holding for check in self.failed) else 0


def watch_silence(settings: Settings, now: datetime | None = None) -> WatchReport:
    """Judge the silence of apps; nothing is changed until `remember_silence`."""
    looked_at = now or datetime.now(UTC)
    if not settings.quality.audit:
        return WatchReport(looked_at)
    lake = open_store(settings.storage.lake, settings.storage.options)
    checks = judge_silence(lake, rules_of(settings.quality), looked_at)
    told = _recall(settings)
    failed = tuple(check for check in checks if check.verdict is Verdict.FAILED)
    news = tuple(check for check in failed if _key(check) not in told)
    over = tuple(check for check in checks if check not in failed and _key(check) in told)
    return WatchReport(looked_at, failed, news, (*news, *over))


def remember_silence(settings: Settings, report: WatchReport) -> None:
    """Record what changed in `checks`, and remember what people were told."""
    if not report.changed:
        return
    _record(settings, report)
    ledger = open_current_ledger(settings.storage.ledger)
    write_fact(ledger, SILENT_FACT, json.dumps(sorted(_key(check) for check in report.failed)))


def describe_watch(report: WatchReport) -> Iterator[str]:
    """Describe what the watch saw in lines for people."""
    if not report.failed:
        yield "No app is silent."
    yield from describe_failures(report.failed)


def _recall(settings: Settings) -> frozenset[str]:
    told = read_fact(open_current_ledger(settings.storage.ledger), SILENT_FACT)
    return frozenset(json.loads(told) if told else ())


def _record(settings: Settings, report: WatchReport) -> None:
    run = Run(name_run(report.looked_at), report.looked_at, is_reprocess=False, chunks=())
    lake = open_store(settings.storage.lake, settings.storage.options)
    with hold_publish_lock(settings) as (ledger, fence):
        attempt = begin_attempt(lake, open_scratch(settings), ledger, run)
        drafts = write_accounts(attempt, (), report.changed, ())
        versions = tuple((table.name, open_or_create(lake, table).version()) for table in SETTLED_TABLES)
        publish_drafts(lake, ledger, fence, PublishPlan(run.id, run.started_at, versions, tuple(drafts), ()))


def _key(check: Check) -> str:
    return f"{check.rule_id}/{check.app_id or ''}/{check.subject}"
