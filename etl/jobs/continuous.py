"""The story of continuous delivery: what publishes brought of an app since the last look is planned.

The ledger notes for each app the last publish that was looked at, once the plan is made: a kill in between
has the same news planned again, and nothing sent twice. A look that may not plan, because days failed their
audit, notes nothing, so that no event is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from etl.jobs.planning.reading import PlanReport
from etl.jobs.planning.request import Fresh, PlanRequest
from etl.jobs.planning.story import make_plan
from etl.lake.plans import PublishPlan, read_plan
from etl.lake.tables import EVENTS
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.publishes import list_finished_after
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings

WHO: Final = "continuous delivery"
# Publishes are kept for weeks. Whoever looks later than that goes by the time of the last look, and for a run
# that was on its way then a day further back.
OVERLAP: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an app's news was looked at: the last publish, and when."""

    publish: int
    at: str

    @property
    def instant(self) -> datetime:
        """When it was looked."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class News:
    """What is new of an app: events of runs that began at `since` or later, up to a publish."""

    since: datetime
    publish: int


def list_continuous(settings: Settings) -> list[str]:
    """List the apps whose new events are sent after each ingest."""
    return sorted(app_id for app_id, app in settings.apps.items() if app.continuous)


def plan_news(
    settings: Settings, app_id: str, *, secrets: Secrets | None = None, now: datetime | None = None
) -> PlanReport | None:
    """Plan what is new of an app; None where nothing is. Raises as `make_plan` does.

    The first look at an app plans what the last publish brought: what was there before is a backfill's.
    """
    at = now or datetime.now(UTC)
    ledger = open_current_ledger(settings.storage.ledger)
    key = f"continuous:{app_id}"
    noted = read_fact(ledger, key)
    mark = Mark(**json.loads(noted)) if noted else None
    found = [
        (each.id, read_plan(each.payload))
        for each in list_finished_after(ledger, mark.publish if mark else 0)
    ]
    news = find_news(found, mark, app_id)
    if news is None:
        return None
    report = make_plan(settings, _ask(settings, app_id, news, mark, at), secrets=secrets, now=now)
    write_fact(ledger, key, json.dumps(asdict(Mark(news.publish, at.isoformat()))))
    return report


def find_news(found: Sequence[tuple[int, PublishPlan]], mark: Mark | None, app_id: str) -> News | None:
    """Find since when events of an app are new, by the publishes after the mark, each with its id."""
    mine = [(number, plan) for number, plan in found if _has_events(plan, app_id)]
    if not mine:
        return None
    taken = mine if mark else mine[-1:]
    since = min(plan.made_at for _, plan in taken)
    if mark and found[0][0] > mark.publish + 1:
        # Some were forgotten by upkeep, or never finished.
        since = min(since, mark.instant - OVERLAP)
    return News(since, found[-1][0])


def _ask(settings: Settings, app_id: str, news: News, mark: Mark | None, at: datetime) -> PlanRequest:
    settling = timedelta(hours=settings.liftoff.pair_settling_hours)
    looked_at = mark.instant if mark else news.since
    return PlanRequest(
        app_id,
        at.date() - timedelta(days=settings.liftoff.continuous_days),
        at.date(),
        fresh=Fresh(news.since, min(news.since, looked_at) - settling),
        reason=WHO,
        who=WHO,
    )


def _has_events(plan: PublishPlan, app_id: str) -> bool:
    return any(
        draft.table == EVENTS.name and not draft.is_successor and ("app_id", app_id) in draft.partition
        for draft in plan.drafts
    )
