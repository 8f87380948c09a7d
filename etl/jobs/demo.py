"""The story of the demo: samples land, are ingested, held against the truth, queried, and sent."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from etl.errors import UsageError
from etl.jobs.comparing import Comparison
from etl.jobs.demo_dag import run_stage
from etl.jobs.demo_here import HereStage
from etl.jobs.demo_opt_outs import OptOutReport, show_opt_outs
from etl.jobs.demo_postbacks import (
    SECRETS_FILE,
    PostbackReport,
    Stage,
    keep_secrets,
    list_variables,
    make_secrets,
    show_postbacks,
    spell_liftoff,
)
from etl.jobs.ingest import Progress, ingest
from etl.jobs.reports import IngestReport
from etl.lake.reading import ask_lake
from etl.liftoff.sandbox.process import SandboxProcess, run_sandbox
from etl.sample import Truth, generate_landing
from etl.settings import Secrets, Settings, load_settings

DEFAULT_MESSAGES: Final = 5_000
MARK: Final = (
    "# Written by pushlift demo, which replaces the lake and the ledger beside it when it runs again.\n"
)
CONFIG: Final = f"""{MARK}
[storage]
landing = "landing"
lake = "lake"
opt_outs = "opt_outs"
ledger = "sqlite:///ledger.db"

# The default is "keep": landed objects stay as they landed. The demo's are its own, so that an erasure here
# reaches every store, and so can be verified everywhere.
[opt_outs]
landing = "rewrite"
"""

# The reason code that each kind of the generator's junk must be quarantined for.
REASONS: Final[Mapping[str, str]] = {
    "html_page": "invalid_json",
    "invalid_utf8": "invalid_utf8",
    "missing_app_id": "missing_app_id",
    "scalar": "not_an_object",
    "truncated": "invalid_json",
}


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo showed: two runs, how they compare with the truth, a query's rows, what was sent.

    There are no comparisons where other objects than the sample's landed too, and no postbacks where the
    sandbox is not installed.
    """

    directory: Path
    config: Path
    first: IngestReport
    again: IngestReport
    comparisons: tuple[Comparison, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    postbacks: PostbackReport | None = None
    opt_outs: OptOutReport | None = None

    @property
    def exit_code(self) -> int:
        """1 when something disagrees, or the second run found something to do."""
        shown = (self.postbacks, self.opt_outs)
        compared = (*self.comparisons, *(one for each in shown if each for one in each.comparisons))
        return int(self.again.run_id is not None or not all(each.agrees for each in compared))


def run_demo(
    directory: Path,
    *,
    messages: int = DEFAULT_MESSAGES,
    with_dag: bool = False,
    progress: Progress | None = None,
) -> DemoReport:
    """Run the demo in a folder: a new or empty one, or that of an earlier demo.

    With `with_dag` the DAGs of an Airflow of its own ingest and send. An earlier demo's landing is kept, its
    lake and its ledger are made anew. Raises UsageError for a folder that holds anything else.
    """
    config = prepare_directory(directory)
    truth = generate_landing(directory / "landing", messages)
    with ExitStack() as stack:
        sandbox = stack.enter_context(open_sandbox())
        secrets = introduce(sandbox, config) if sandbox else Secrets()
        settings = load_settings(config)
        stage = stack.enter_context(open_stage(config, secrets, progress, with_dag=with_dag))
        first = stage.ingest(settings, progress)
        again = ingest(settings)
        columns, rows = query_totals(settings)
        is_alone = first.objects == truth.objects
        comparisons = tuple(compare(settings, first, truth)) if is_alone else ()
        report = DemoReport(directory, config, first, again, comparisons, columns, rows)
        if sandbox:
            postbacks = show_postbacks(stage, settings, secrets, sandbox)
            opt_outs = show_opt_outs(stage, settings, secrets, sandbox)
            report = replace(report, postbacks=postbacks, opt_outs=opt_outs)
    return report


def open_sandbox() -> AbstractContextManager[SandboxProcess | None]:
    """Open a sandbox; None where what serves it is not installed."""
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        return nullcontext()
    return run_sandbox()


def introduce(sandbox: SandboxProcess, config: Path) -> Secrets:
    """Write the sandbox into the configuration, and its keys beside that; gives them."""
    secrets = make_secrets(sandbox)
    config.write_text(CONFIG + spell_liftoff(sandbox), encoding="utf-8")
    keep_secrets(config.parent, secrets)
    return secrets


def open_stage(
    config: Path, secrets: Secrets, progress: Progress | None, *, with_dag: bool
) -> AbstractContextManager[Stage]:
    """Open what runs the demo's jobs: an Airflow, or this process."""
    if with_dag:
        return run_stage(config.absolute(), list_variables(secrets), progress)
    return nullcontext(HereStage())


def prepare_directory(directory: Path) -> Path:
    """Write the configuration; of an earlier demo, take away lake, ledger and what its sweeps wrote."""
    config = directory / "pushlift.toml"
    is_demo = config.is_file() and config.read_text(encoding="utf-8").startswith(MARK)
    if directory.exists() and any(directory.iterdir()) and not is_demo:
        raise UsageError(f"{directory} is not empty and no demo's folder; name another with --directory.")
    if is_demo:
        # Evidence and manifests belong to their ledger, and no other goes on beside them.
        for folder in ("lake", "opt_outs"):
            shutil.rmtree(directory / folder, ignore_errors=True)
        for file in directory.glob("ledger.db*"):
            file.unlink()
    (directory / "landing").mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG, encoding="utf-8")
    return config


def compare(settings: Settings, report: IngestReport, truth: Truth) -> Iterator[Comparison]:
    """Hold what was published against what the generator wrote."""
    junk: Counter[str] = Counter()
    for kind, count in truth.quarantined.items():
        junk[REASONS[kind]] += count
    yield Comparison("messages", truth.messages, report.messages)
    yield Comparison("events", truth.events, report.published)
    yield Comparison("duplicates", truth.duplicates, report.duplicates)
    yield Comparison("quarantined, by reason", dict(junk), report.reasons)
    yield Comparison(
        "occurrences", truth.occurrences, _ask(settings, "select count(distinct occurrence_id) from events")
    )
    for subject, column, expected in (
        ("events by app", "app_id", truth.events_by_app),
        ("events by name", "event_name", truth.events_by_name),
        ("events by topic", "topic", truth.events_by_topic),
    ):
        yield Comparison(subject, dict(expected), _count_by(settings, column))
    yield Comparison("revenue by app and currency", _flatten(truth.revenue), _sum_revenue(settings))


def query_totals(settings: Settings) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    """Run the demo's query: installs and revenue a day."""
    query = files("etl.jobs").joinpath("daily_totals.sql").read_text(encoding="utf-8")
    return ask_lake(settings, query)


def describe_demo(report: DemoReport) -> Iterator[str]:
    """Say how the first run compares with the truth."""
    disagreeing = [each for each in report.comparisons if not each.agrees]
    if not report.comparisons:
        yield "Other objects than this sample's landed too, so what must come of all is not known."
    elif disagreeing:
        yield from (
            f"DISAGREES: {each.subject}: expected {each.expected}, found {each.found}" for each in disagreeing
        )
    else:
        subjects = ", ".join(each.subject for each in report.comparisons)
        yield f"The generator agrees, to the last unit of money: {subjects}."


def describe_next_steps(report: DemoReport) -> Iterator[str]:
    """Say how to go on."""
    yield f"Go on from here (cd {report.directory}):"
    yield "  pushlift lake info                          what is published"
    yield "  pushlift sql                                query it"
    yield "  pushlift quarantine list                    what was not published, and why"
    yield "  pushlift explain EVENT_ID                   an event, from the line that landed to what was sent"
    if report.postbacks:
        port = report.postbacks.port
        yield f"  set -a; . ./{SECRETS_FILE}; set +a               the keys of the demo"
        yield f"  pushlift sandbox --port {port}               the partner again; see its page"
        yield "  pushlift backfill plan --help               and send to it"
    yield "  put your own exports into landing/ and run  pushlift ingest (with those keys)"
    yield '  (landing = "rewrite" in pushlift.toml: what opts out here leaves the landed objects as well)'


def summarize_demo(report: DemoReport) -> dict[str, object]:
    """Give the report as a program reads it."""
    comparisons = [{**asdict(each), "agrees": each.agrees} for each in report.comparisons]
    return {**asdict(report), "comparisons": comparisons, "agrees": report.exit_code == 0}


def _ask(settings: Settings, query: str) -> object:
    return ask_lake(settings, query)[1][0][0]


def _count_by(settings: Settings, column: str) -> dict[object, object]:
    query = f"select {column}, count(*) from events group by all"  # noqa: S608 - a name of our own
    _, rows = ask_lake(settings, query)
    return {row[0]: row[1] for row in rows}


def _flatten(revenue: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        f"{app} {currency}": _spell(Decimal(total))
        for app, totals in sorted(revenue.items())
        for currency, total in sorted(totals.items())
    }


def _sum_revenue(settings: Settings) -> dict[str, str]:
    """Sum what purchases brought, once per occurrence; V1 messages have no such field."""
    query = """
        select app_id, currency, sum(revenue)
        from (
            select app_id, occurrence_id, event_revenue_currency as currency, max(event_revenue) as revenue
            from events where event_revenue is not null and not is_test_message group by all
        )
        group by all order by all
    """
    return {
        f"{app} {currency}": _spell(Decimal(str(total)))
        for app, currency, total in ask_lake(settings, query)[1]
    }


def _spell(total: Decimal) -> str:
    return format(total.normalize(), "f")
