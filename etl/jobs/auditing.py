"""The story of an audit: each app's part of a settled run is judged, and goes on or is held back.

An app of which a required check fails is held: its files stay drafts, what they were to replace stays
published, and its rows are counted as held. All other apps go on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from etl.errors import HeldBackError
from etl.jobs.accounts import write_accounts
from etl.jobs.attempts import Attempt
from etl.jobs.runs import Run
from etl.jobs.settling import SettledRun
from etl.lake.drafts import DraftFile
from etl.lake.loads import AppLoad, LoadCounts, count_load, loads_table
from etl.lake.plans import PublishPlan, RemovedFile
from etl.lake.tables import EVENTS
from etl.ledger.held import HeldBatch, HeldDraft, HeldObject, name_batch
from etl.ledger.identities import read_app_identities
from etl.ledger.objects import FinishedObject
from etl.quality.auditing import audit_apps, audit_run
from etl.quality.batches import AppBatch
from etl.quality.checks import Check, Severity, Verdict, describe_failures, held_apps
from etl.quality.history import judge_histories, merge_profiles
from etl.quality.history_rules import HistoryRules
from etl.quality.records import AUDIT_RULE, check_to_json
from etl.quality.suites import Suites, load_suites
from etl.settings.models import Quality, Settings

UNAUDITED = "Nothing was judged: quality.audit is false."


@dataclass(frozen=True, slots=True)
class AuditedRun:
    """A run that may be published: its plan without what is held, what its objects came to, all checks."""

    plan: PublishPlan
    loads: tuple[LoadCounts, ...]
    checks: tuple[Check, ...]


def audit_settled(settings: Settings, attempt: Attempt, settled: SettledRun) -> AuditedRun:
    """Audit a settled run app by app, and write its account with the final counts.

    Raises ConfigurationError for a broken suite and ConservationError when a message is unaccounted for;
    nothing is decided then.
    """
    run, quality = attempt.run, settings.quality
    batches = list_batches(settled, set(settings.apps) | set(read_app_identities(attempt.ledger)))
    checks: list[Check] = []
    if quality.audit:
        suites = load_suites(quality.expectations)
        checks += _judge_apps(attempt, batches, settled, suites, rules_of(quality))
        checks += _judge_loads(run, count_loads(run, settled, _apps_to_hold(settled, checks)), suites)
    held = _apps_to_hold(settled, checks)
    loads = count_loads(run, settled, held)
    summary = summarize(settled, held, "" if quality.audit else UNAUDITED)
    profiles = [profile for app_id, profile in settled.profiles.items() if app_id not in held]
    accounts = write_accounts(attempt, loads, [*checks, *summary], profiles)
    plan = plan_publish(run, settled, held, accounts, tuple(_hold(run, settled, held, checks)))
    return AuditedRun(plan, tuple(loads), tuple(checks))


def refuse_held(audited: AuditedRun) -> None:
    """Raise HeldBackError, which names every failed check, where a required one failed."""
    if any(check.is_holding for check in audited.checks):
        held = sum(batch.rows for batch in audited.plan.held)
        apps = ", ".join(batch.app_id for batch in audited.plan.held) or "no app"
        said = f"{held:,} rows are held back, of {apps}; the others go on. These checks failed:"
        raise HeldBackError("\n  ".join([said, *describe_failures(audited.checks)]))


def list_batches(settled: SettledRun, known_apps: Collection[str]) -> list[AppBatch]:
    """List each app's part of a run.

    An app of which everything was quarantined has a part without files, if it is known: what claims to be
    of any other app may be junk that anybody sent.
    """
    files = _group_by_app(settled.events)
    published, duplicates = Counter[str](), Counter[str]()
    for each in settled.app_loads:
        published[each.app_id] += each.published
        duplicates[each.app_id] += each.duplicates
    return [
        AppBatch(
            app_id=app_id,
            files=tuple(draft.key for draft in files.get(app_id, ())),
            partitions=tuple(_day_of(draft) for draft in files.get(app_id, ())),
            published=published[app_id],
            duplicates=duplicates[app_id],
            quarantined=settled.quarantined.get(app_id, 0),
        )
        for app_id in sorted(files.keys() | (settled.quarantined.keys() & set(known_apps)))
    ]


def rules_of(quality: Quality) -> HistoryRules:
    """Give the rules of history as they are configured."""
    return HistoryRules(required=frozenset(quality.required), silence_hours=quality.silence_hours)


def count_loads(run: Run, settled: SettledRun, held: Collection[str]) -> list[LoadCounts]:
    """Count every load of the run; raises ConservationError when a message is unaccounted for."""
    by_object: defaultdict[int, list[AppLoad]] = defaultdict(list)
    for each in settled.app_loads:
        by_object[each.ordinal].append(each)
    return [
        count_load(run.load_id(outcome.ordinal), outcome, by_object[outcome.ordinal], held)
        for outcome in settled.outcomes
    ]


def summarize(settled: SettledRun, held: Collection[str], detail: str) -> Iterator[Check]:
    """Say of each app and day how its audit ended: what the gate for consumers asks."""
    rows: Counter[tuple[str, str]] = Counter()
    for draft in settled.events:
        rows[_app_of(draft), _day_of(draft)] += draft.rows
    for (app_id, day), count in sorted(rows.items()):
        verdict = Verdict.FAILED if app_id in held else Verdict.PASSED
        yield summary_of(app_id, day, verdict, count, detail)


def summary_of(app_id: str, day: str, verdict: Verdict, rows: int, detail: str = "") -> Check:
    """Make the one check that says how an app's day was audited; `observed` are its rows."""
    return Check(
        rule_id=AUDIT_RULE,
        suite=AUDIT_RULE,
        severity=Severity.REQUIRED,
        verdict=verdict,
        app_id=app_id,
        event_date=date.fromisoformat(day),
        observed=rows,
        detail=detail,
    )


def plan_publish(
    run: Run,
    settled: SettledRun,
    held: Collection[str],
    accounts: Sequence[DraftFile],
    batches: Sequence[HeldBatch],
) -> PublishPlan:
    """Make the plan without the files of held apps: neither what is new of them nor what it would replace."""
    events = [draft for draft in settled.events if _app_of(draft) not in held]
    drafts = [draft for draft in settled.drafts if not _is_held(draft, held)]
    return PublishPlan(
        run_id=run.id,
        made_at=run.started_at,
        versions=settled.versions,
        drafts=(*events, *accounts, *drafts),
        objects=tuple(_finish(run, each.ordinal) for each in settled.outcomes if not each.error_code),
        is_reprocess=run.is_reprocess,
        removed=tuple(file for file in settled.removed if not _is_held(file, held)),
        identities=tuple(
            (app_id, tuple(sorted(fields)))
            for app_id, fields in sorted(settled.identities.items())
            if app_id not in held
        ),
        held=tuple(batches),
    )


def _judge_apps(
    attempt: Attempt,
    batches: Sequence[AppBatch],
    settled: SettledRun,
    suites: Suites,
    rules: HistoryRules,
) -> Iterator[Check]:
    yield from audit_apps(attempt.lake, batches, suites)
    profiled = [batch for batch in batches if batch.app_id in settled.profiles]
    profile = merge_profiles(settled.profiles.values())
    yield from judge_histories(attempt.lake, profiled, profile, rules, attempt.run.started_at)


def _judge_loads(run: Run, loads: Sequence[LoadCounts], suites: Suites) -> list[Check]:
    return audit_run(loads_table(loads, run.id, run.started_at), suites) if loads else []


def _apps_to_hold(settled: SettledRun, checks: Sequence[Check]) -> frozenset[str]:
    """Give the apps to hold of those that have rows; a failure of the whole run holds all of them."""
    failed = held_apps(checks)
    apps = {_app_of(draft) for draft in settled.events}
    return frozenset(apps if None in failed else apps & failed)


def _hold(
    run: Run, settled: SettledRun, held: Collection[str], checks: Sequence[Check]
) -> Iterator[HeldBatch]:
    files = _group_by_app(settled.events)
    for app_id in sorted(held):
        failed = [check for check in checks if check.is_holding and check.app_id in {app_id, None}]
        yield HeldBatch(
            id=name_batch(run.id, app_id),
            app_id=app_id,
            run_id=run.id,
            created_at=run.started_at,
            is_reprocess=run.is_reprocess,
            failed=tuple(check_to_json(check) for check in failed),
            identities=tuple(sorted(settled.identities.get(app_id, ()))),
            drafts=tuple(HeldDraft(each.key, each.size, each.rows, _day_of(each)) for each in files[app_id]),
            objects=tuple(
                _hold_object(run, each)
                for each in settled.app_loads
                if each.app_id == app_id and each.published
            ),
        )


def _hold_object(run: Run, load: AppLoad) -> HeldObject:
    found = run.objects[load.ordinal]
    landed = found.landed
    return HeldObject(
        uri=landed.uri,
        version=landed.version,
        size=landed.size,
        landed_at=found.landed_at.isoformat(),
        load_id=run.load_id(load.ordinal),
        rows=load.published,
    )


def _finish(run: Run, ordinal: int) -> FinishedObject:
    found = run.objects[ordinal]
    landed = found.landed
    return FinishedObject(landed.uri, landed.version, landed.size, found.landed_at, run.load_id(ordinal))


def _is_held(file: DraftFile | RemovedFile, held: Collection[str]) -> bool:
    return file.table == EVENTS.name and dict(file.partition)["app_id"] in held


def _app_of(draft: DraftFile) -> str:
    return dict(draft.partition)["app_id"]


def _day_of(draft: DraftFile) -> str:
    return dict(draft.partition)["event_date"]


def _group_by_app(drafts: Sequence[DraftFile]) -> Mapping[str, list[DraftFile]]:
    found: defaultdict[str, list[DraftFile]] = defaultdict(list)
    for draft in drafts:
        found[_app_of(draft)].append(draft)
    return dict(found)
