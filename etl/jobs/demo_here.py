"""The demo's jobs in this process, for a machine without Airflow."""

from __future__ import annotations

from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.demo_postbacks import Sent, Wish
from etl.jobs.ingest import Progress, ingest
from etl.jobs.planning.reading import describe_plan
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.reconciling import reconcile_plan
from etl.jobs.reports import IngestReport
from etl.jobs.steering import Word, approve
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.story import sweep
from etl.settings import Secrets, Settings


class HereStage:
    """Runs the stories themselves."""

    def ingest(self, settings: Settings, progress: Progress | None) -> IngestReport:
        """Ingest what landed."""
        return ingest(settings, progress=progress)

    def backfill(self, settings: Settings, secrets: Secrets, wish: Wish) -> Sent:
        """Plan, approve, send and reconcile, as `pushlift backfill` does."""
        request = PlanRequest(wish.app_id, wish.first, wish.last, reason=wish.reason)
        report = make_plan(settings, request, secrets=secrets)
        plan = approve(settings, report.plan.id, Word(wish.reason))
        run_delivery(Delivery(settings, secrets), plan.id)
        reconcile_plan(settings, plan.id)
        price = "\n".join(describe_plan(report))
        return Sent(plan.id, price, f"Approved by {plan.approved_by}, as pushlift backfill send --yes does.")

    def sweep(self, settings: Settings, secrets: Secrets) -> str:
        """Sweep, as `pushlift opt-outs sweep` does."""
        return "\n".join(describe_sweep(sweep(settings, secrets)))
