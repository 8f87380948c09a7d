"""The demo's opt-out list: a person of the lake, zeros and rubbish; swept, and looked for after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etl.jobs.comparing import Comparison
from etl.jobs.demo_postbacks import APP
from etl.jobs.proving.story import describe_verification, verify
from etl.lake.reading import ask_lake
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings

_PERSON = f"""
    select idfa from events where app_id = '{APP}' and idfa is not null and not starts_with(idfa, '0000')
    group by 1 order by count(*) desc, 1 limit 1
"""  # noqa: S608 - our own name


class Sweeper(Protocol):
    """Where the demo's sweep runs."""

    def sweep(self, settings: Settings, secrets: Secrets) -> str:
        """Sweep, and give what it said."""


@dataclass(frozen=True, slots=True)
class OptOutReport:
    """What the sweep and the verification said, and what is left of the person."""

    said: str
    proof: str
    comparisons: tuple[Comparison, ...]


def show_opt_outs(
    stage: Sweeper, settings: Settings, secrets: Secrets, sandbox: SandboxProcess
) -> OptOutReport:
    """Drop a list, have it swept, and look for the person in the lake and in the sandbox' counts."""
    person = str(ask_lake(settings, _PERSON)[1][0][0])
    before = _count_rows(settings, person)
    inbox = Path(settings.storage.opt_outs) / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    zeros = "00000000-0000-0000-0000-000000000000"
    (inbox / "demo.csv").write_text(f"idfa\n{person}\n{zeros}\nnot an id\n", encoding="utf-8")
    said = stage.sweep(settings, secrets)
    proof = verify(settings, secrets)
    accepted = sandbox.state()["opt_outs"]["production"]["accepted_occurrences"]
    return OptOutReport(
        said,
        "\n".join(describe_verification(proof)),
        (
            Comparison("rows of the person before the sweep, some", True, before > 0),
            Comparison("rows of the person after it", 0, _count_rows(settings, person)),
            Comparison("opt-outs accepted by the sandbox", 1, accepted),
            Comparison("places where an erased person is found", 0, len(proof.found)),
            Comparison("faults of the evidence", None, proof.evidence.fault),
            Comparison("lists left in the inbox", 0, len(list(inbox.iterdir()))),
        ),
    )


def describe_opt_outs(report: OptOutReport) -> Iterator[str]:
    """Say what the sweep did, and whether nothing of the person is left."""
    yield report.said
    yield report.proof
    disagreeing = [each for each in report.comparisons if not each.agrees]
    yield from (
        f"DISAGREES: {each.subject}: expected {each.expected}, found {each.found}" for each in disagreeing
    )
    if not disagreeing:
        yield "Nothing of the person is left in the lake, and the sandbox has accepted the opt-out."


def _count_rows(settings: Settings, person: str) -> int:
    """Count the rows that hold an id anywhere, by looking at whole rows as text."""
    query = f"select count(*) from events where contains(upper(events::varchar), '{person.upper()}')"  # noqa: S608 - an id of the sample's
    return int(str(ask_lake(settings, query)[1][0][0]))
