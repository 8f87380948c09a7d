"""The canary: the first postbacks of a plan are answered before the rest follows."""

from __future__ import annotations

from dataclasses import dataclass

from etl.errors import SendingStopped
from etl.ledger.canary import CanaryCount, count_canary, find_canary_end
from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, pause_plan, require_plan, set_canary
from etl.settings import Liftoff

WHO = "pushlift"


@dataclass(slots=True)
class CanaryWatch:
    """What a plan's canary allows: only rows below `before` while it is not None."""

    ledger: Ledger
    plan_id: str
    share: float
    vain_attempts: int
    before: int | None = None

    def look(self) -> None:
        """Judge the canary if all of it is answered; raises SendingStopped, the plan paused, if it failed."""
        if self.before is None:
            return
        state = require_plan(self.ledger, self.plan_id).canary
        if state == "passed":
            self.before = None
            return
        count = count_canary(self.ledger, self.plan_id, self.before, self.vain_attempts)
        if is_failed(count, self.share):
            self._fail(count)
        elif not count.open:
            set_canary(self.ledger, self.plan_id, "passed")
            self.before = None

    def _fail(self, count: CanaryCount) -> None:
        asked = count.taken + count.refused
        why = f"canary: {count.refused:,} of the first {asked:,} were refused"
        set_canary(self.ledger, self.plan_id, "failed")
        pause_plan(self.ledger, self.plan_id, WHO, why)
        raise SendingStopped(
            f"Of the first {asked:,} postbacks Liftoff refused {count.refused:,}, more than"
            f" {self.share:.0%}, so plan {self.plan_id} is paused and the rest was not sent. Mend what it"
            f" refuses (pushlift backfill status {self.plan_id} shows the codes), then run pushlift backfill"
            f" resume {self.plan_id}, which sends on without another canary."
        )


def start_watch(ledger: Ledger, plan: Plan, liftoff: Liftoff) -> CanaryWatch:
    """Start watching a plan's canary; of one that is judged, or holds no more than the canary, nothing."""
    watch = CanaryWatch(ledger, plan.id, liftoff.canary_refused_share, liftoff.least_attempts)
    if plan.canary == "waiting" and liftoff.canary:
        watch.before = find_canary_end(ledger, plan.id, liftoff.canary)
    return watch


def is_failed(count: CanaryCount, share: float) -> bool:
    """Whether so many were refused that, whatever becomes of the open ones, the share is exceeded."""
    return count.refused > share * (count.open + count.taken + count.refused)
