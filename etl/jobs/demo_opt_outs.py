"""The demo's opt-out list: a person of the lake, zeros and rubbish; swept, and looked for after.

A plan that was made before the sweep is sent after it: nothing of the person leaves. What the erasure
replaced has its grace; the demo does not wait for it but does the upkeep that comes then, and verifies again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.jobs.comparing import Comparison
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.demo_postbacks import APP, find_wish
from etl.jobs.maintain import maintain_lake
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.proving.story import describe_verification, verify
from etl.jobs.steering import Word, approve
from etl.lake.reading import ask_lake
from etl.ledger.intents import SUPPRESSED
from etl.ledger.progress import count_outcomes
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings

_PERSON = f"""
    select idfa from events semi join postbacks using (occurrence_id)
    where app_id = '{APP}' and idfa is not null and not starts_with(idfa, '0000')
    group by 1 order by count(*) desc, 1 limit 1
"""  # noqa: S608 - our own name
_REASON = "The demo: planned before the sweep, sent after it"


class Sweeper(Protocol):
    """Where the demo's sweep runs."""

    def sweep(self, settings: Settings, secrets: Secrets) -> str:
        """Sweep, and give what it said."""


@dataclass(frozen=True, slots=True)
class OptOutReport:
    """What the sweep and two verifications said, what became of a plan made before, and what is left.

    `proof` was given while the files that the erasure replaced were there for their grace, `last_proof` once
    upkeep had deleted them.
    """

    said: str
    proof: str
    last_proof: str
    sent: int
    withheld: int
    comparisons: tuple[Comparison, ...]


def show_opt_outs(
    stage: Sweeper, settings: Settings, secrets: Secrets, sandbox: SandboxProcess
) -> OptOutReport:
    """Plan, drop a list, have it swept, send the plan, and look for the person in lake and sandbox."""
    plan_id = _plan_test(settings, secrets)
    person = str(ask_lake(settings, _PERSON)[1][0][0])
    before = _count_rows(settings, person)
    inbox = Path(settings.storage.opt_outs) / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    zeros = "00000000-0000-0000-0000-000000000000"
    (inbox / "demo.csv").write_text(f"idfa\n{person}\n{zeros}\nnot an id\n", encoding="utf-8")
    said = stage.sweep(settings, secrets)
    sent = run_delivery(Delivery(settings, secrets), plan_id).counts["delivered"]
    withheld = _count_withheld(settings, plan_id)
    state = sandbox.state()
    accepted = state["opt_outs"]["production"]["accepted_occurrences"]
    proof = verify(settings, secrets)
    delete_replaced(settings)
    last = verify(settings, secrets)
    return OptOutReport(
        said,
        "\n".join(describe_verification(proof)),
        "\n".join(describe_verification(last)),
        sent,
        withheld,
        (
            Comparison("postbacks of the person in a plan made before the sweep, some", True, withheld > 0),
            Comparison("others of that plan accepted", sent, state["test"]["accepted_occurrences"]),
            Comparison("rows of the person before the sweep, some", True, before > 0),
            Comparison("rows of the person after it", 0, _count_rows(settings, person)),
            Comparison("opt-outs accepted by the sandbox", 1, accepted),
            Comparison("places where an erased person is found", 0, len(proof.found) + len(last.found)),
            Comparison("places where they still stand, once replaced files are deleted", 0, len(last.hits)),
            Comparison("requests verified, of one that was erased", 1, last.verified),
            Comparison("faults of the evidence", (None, None), (proof.evidence.fault, last.evidence.fault)),
            Comparison("lists left in the inbox", 0, len(list(inbox.iterdir()))),
        ),
    )


def describe_opt_outs(report: OptOutReport) -> Iterator[str]:
    """Say what the sweep did, and whether nothing of the person is left."""
    yield report.said
    yield report.proof
    yield "What the erasure replaced stays a week for readers of older versions. With the upkeep after that:"
    yield report.last_proof
    disagreeing = [each for each in report.comparisons if not each.agrees]
    yield from (
        f"DISAGREES: {each.subject}: expected {each.expected}, found {each.found}" for each in disagreeing
    )
    yield (
        f"Of a plan made before the sweep and sent after it, {report.sent:,} test postbacks were delivered;"
        f" the person's {report.withheld:,} were left out."
    )
    if not disagreeing:
        yield "Nothing of the person is left anywhere, and the sandbox has accepted the opt-out."


def delete_replaced(settings: Settings) -> None:
    """Do the upkeep that comes once the grace of replaced files is over: nobody reads them here."""
    at_once = settings.retention.model_copy(update={"replaced_hours": 0})
    maintain_lake(settings.model_copy(update={"retention": at_once}), is_dry_run=False)


def _plan_test(settings: Settings, secrets: Secrets) -> str:
    """Plan, as a test, all that the demo has sent, and approve it; gives the plan's id."""
    wish = find_wish(settings)
    request = PlanRequest(wish.app_id, wish.first, wish.last, mode="test", reason=_REASON)
    return approve(settings, make_plan(settings, request, secrets=secrets).plan.id, Word(_REASON)).id


def _count_withheld(settings: Settings, plan_id: str) -> int:
    """Count the postbacks that were planned, and then not sent because their person is suppressed."""
    found = count_outcomes(open_current_ledger(settings.storage.ledger), plan_id)
    return sum(each.count for each in found if each.code == SUPPRESSED)


def _count_rows(settings: Settings, person: str) -> int:
    """Count the rows that hold an id anywhere, by looking at whole rows as text."""
    query = f"select count(*) from events where contains(upper(events::varchar), '{person.upper()}')"  # noqa: S608 - an id of the sample's
    return int(str(ask_lake(settings, query)[1][0][0]))
