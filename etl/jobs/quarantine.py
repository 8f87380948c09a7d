"""The story of quarantine: what is in it and why, one message up close, and another try."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from etl.appsflyer.masking import mask_raw, mask_row
from etl.appsflyer.messages import Reason
from etl.errors import UsageError
from etl.jobs.ingest import IngestOptions, Progress, discover, ingest
from etl.jobs.reports import IngestReport
from etl.lake.reading import Lake, open_lake
from etl.settings import Settings

# As much of a message as a person reads; the whole of it is at its position in the landed object.
SHOWN_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class QuarantineFilter:
    """Which quarantined messages: of some reasons, apps and loads, landed from `since` up to before `until`.

    A load is named by its id, or by that of its run, which means all of the run's loads.
    """

    reasons: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    loads: tuple[str, ...] = ()

    def as_expression(self) -> ds.Expression | None:
        """Give the filter as Arrow takes it."""
        tests = [
            pc.field("reason").isin(list(self.reasons)) if self.reasons else None,
            pc.field("app_id").isin(list(self.apps)) if self.apps else None,
            _is_of_loads(self.loads) if self.loads else None,
            pc.field("landed_at") >= pa.scalar(self.since, pa.timestamp("us", "UTC")) if self.since else None,
            pc.field("landed_at") < pa.scalar(self.until, pa.timestamp("us", "UTC")) if self.until else None,
        ]
        found = None
        for test in tests:
            if test is not None:
                found = test if found is None else found & test
        return found


@dataclass(frozen=True, slots=True)
class QuarantineGroup:
    """How many messages of one object are in quarantine for one reason; `example` is the id of one."""

    reason: str
    app_id: str | None
    landed_date: str
    source_uri: str
    messages: int
    example: str


@dataclass(frozen=True, slots=True)
class ReprocessPlan:
    """What reprocessing would read: how many of the messages' objects are still there, and their size."""

    messages: int
    uris: frozenset[str]
    objects: int
    bytes: int

    @property
    def gone(self) -> int:
        """How many objects are no longer in landing."""
        return len(self.uris) - self.objects


def _is_of_loads(loads: tuple[str, ...]) -> ds.Expression:
    found = pc.field("load_id").isin(list(loads))
    for load in loads:
        found |= pc.starts_with(pc.field("load_id"), f"{load}-")
    return found


def list_quarantined(lake: Lake, chosen: QuarantineFilter = QuarantineFilter()) -> list[QuarantineGroup]:
    """Count what is in quarantine by reason, app, day of landing (UTC) and object; no content is read."""
    columns = {
        "reason": pc.field("reason"),
        "app_id": pc.field("app_id"),
        "landed_date": pc.field("landed_at").cast(pa.date32()),
        "source_uri": pc.field("source_uri"),
        "quarantine_id": pc.field("quarantine_id"),
    }
    rows = lake.quarantine.dataset().to_table(columns=columns, filter=chosen.as_expression())
    keys = ["reason", "app_id", "landed_date", "source_uri"]
    groups = rows.group_by(keys).aggregate([("quarantine_id", "count"), ("quarantine_id", "min")])
    found = [
        QuarantineGroup(
            row["reason"],
            row["app_id"],
            str(row["landed_date"]),
            row["source_uri"],
            row["quarantine_id_count"],
            row["quarantine_id_min"],
        )
        for row in groups.to_pylist()
    ]
    return sorted(
        found, key=lambda group: (group.reason, group.app_id or "", group.landed_date, group.source_uri)
    )


def show_quarantined(lake: Lake, quarantine_id: str, *, is_revealed: bool = False) -> dict[str, object]:
    """Give one quarantined message with its bytes, masked unless revealed; UsageError when there is none."""
    found = lake.quarantine.dataset().to_table(filter=pc.field("quarantine_id") == quarantine_id).to_pylist()
    if not found:
        raise UsageError(
            "Nothing in quarantine has this id; `pushlift quarantine list` names ids, and a"
            " message that was reprocessed since is no longer there."
        )
    row = found[0] | {"message": dict(found[0]["message"] or ())}
    raw = read_raw(row)
    shown = raw[:SHOWN_BYTES]
    text = shown.decode("utf-8", "backslashreplace") if is_revealed else _mask(row, shown)
    row = row if is_revealed else mask_row(row)
    return {**row, "raw": text, "raw_bytes": len(raw)}


def _mask(row: Mapping[str, object], shown: bytes) -> str:
    """Mask a message; of a broken record nothing tells which of its cells are personal."""
    return f"<masked:{len(shown)}>" if row["reason"] == Reason.INVALID_CSV else mask_raw(shown)


def read_raw(row: Mapping[str, object]) -> bytes:
    """Give the bytes of a row of `quarantine`."""
    text = str(row["raw"])
    return base64.b64decode(text) if row["raw_encoding"] == "base64" else text.encode()


def plan_reprocess(settings: Settings, chosen: QuarantineFilter) -> ReprocessPlan:
    """Find the landed objects that the chosen messages came from; nothing is changed."""
    groups = list_quarantined(open_lake(settings), chosen)
    uris = frozenset(group.source_uri for group in groups)
    run = discover(settings, _options(uris)) if uris else None
    objects = run.objects if run else ()
    return ReprocessPlan(
        messages=sum(group.messages for group in groups),
        uris=uris,
        objects=len(objects),
        bytes=sum(each.landed.size for each in objects),
    )


def reprocess_quarantined(
    settings: Settings, plan: ReprocessPlan, progress: Progress | None = None
) -> IngestReport:
    """Ingest the planned objects again; one publish replaces what they had published and in quarantine."""
    return ingest(settings, _options(plan.uris), progress=progress)


def describe_groups(groups: list[QuarantineGroup]) -> Iterator[str]:
    """Say how many messages there are for each reason."""
    if not groups:
        yield "Nothing is in quarantine."
        return
    totals: dict[str, int] = {}
    for group in groups:
        totals[group.reason] = totals.get(group.reason, 0) + group.messages
    yield f"{sum(totals.values()):,} messages in quarantine"
    for reason, count in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {reason:<28} {count:>8,}"


def describe_plan(plan: ReprocessPlan, *, is_done: bool) -> Iterator[str]:
    """Say what reprocessing reads, or would read."""
    objects = f"{plan.objects:,} objects ({plan.bytes / 1e6:,.1f} MB)"
    source = f"where {plan.messages:,} quarantined messages came from"
    if is_done:
        yield f"Read {objects} again, {source}, and replaced what they had published."
    else:
        yield f"Would read {objects} again, {source}, and replace what they had published."
    if plan.gone:
        yield f"{plan.gone:,} objects are no longer in landing; their messages stay in quarantine."


def _options(uris: frozenset[str]) -> IngestOptions:
    return replace(IngestOptions(), is_reprocess=True, uris=uris)
