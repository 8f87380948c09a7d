"""`pushlift opt-outs`: take in opt-out lists, suppress, submit, and say how each request stands."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import AsJson, Config, Yes
from etl.cli.output import make_table, show
from etl.cli.progress import show_progress, stop_on_interrupt

if TYPE_CHECKING:
    from etl.settings import Settings

app = typer.Typer(
    help="Honour opt-out lists: take in, suppress, submit; how requests stand.", no_args_is_help=True
)
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the ledger: no personal data in it.")]
Number = Annotated[
    int | None,
    typer.Option("--request", help="The number of a request that waits, instead of an id on standard input."),
]
SHOWN = 20


@app.command("sweep")
def sweep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take in the lists of the inbox, suppress their people at once, and submit what is due to Liftoff."""
    from etl.jobs.sweep import describing, story
    from etl.settings import load_settings

    report = story.sweep(load_settings(config), is_dry_run=dry_run)
    show(asdict(report), describing.describe_sweep(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


@app.command("status")
def status(config: Config = None, as_json: AsJson = False) -> None:
    """Count requests by state, and show those with the fewest days left, by keyed hash."""
    from datetime import UTC, datetime

    from etl.jobs.sweep.story import read_deadlines
    from etl.ledger.opt_out_counts import count_unaccepted
    from etl.ledger.opt_outs import count_requests
    from etl.ledger.upgrade import open_current_ledger
    from etl.settings import load_settings

    settings = load_settings(config)
    ledger = open_current_ledger(settings.storage.ledger)
    counts, unaccepted = count_requests(ledger), count_unaccepted(ledger)
    deadlines = read_deadlines(settings, datetime.now(UTC))
    lines = [", ".join(f"{count:,} {name}" for name, count in counts.items())]
    if unaccepted:
        lines.append(f"{unaccepted:,} of them Liftoff did not take: mend why, and drop their lists again.")
    if deadlines:
        rows = [
            (
                str(each.number),
                each.subject[:12],
                each.app_id,
                each.kind,
                f"{each.days_left:.1f}",
                each.submission,
                each.erasure,
            )
            for each in deadlines[:SHOWN]
        ]
        names = ("number", "subject", "app", "kind", "days left", "submission", "erasure")
        lines += make_table(names, rows)
    if len(deadlines) > SHOWN:
        lines.append(f"… and {len(deadlines) - SHOWN:,} more; --json has all of them.")
    told = {"counts": counts, "unaccepted": unaccepted, "open": [asdict(each) for each in deadlines]}
    show(told, lines, as_json=as_json)


@app.command("verify")
def verify(
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="PLACE",
            help="A folder, file or URI to read as well: logs, pages, backups. May be repeated.",
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read the bytes of every store for people who were erased, and check the evidence; 1 if one is found."""
    from etl.jobs.proving import story
    from etl.settings import load_settings

    with (
        stop_on_interrupt("nothing of the verification is recorded; begin again"),
        show_progress() as progress,
    ):
        report = story.verify(load_settings(config), also=tuple(also or ()), progress=progress)
    proven = {"is_proven": report.is_proven}
    show(asdict(report) | proven, story.describe_verification(report), as_json=as_json)
    raise typer.Exit(report.exit_code)


@app.command("report")
def report(
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page to write; what is there is replaced.")
    ] = Path("opt-outs.html"),
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page that needs no server: days left, states, the last verification, the evidence.

    It names requests by their numbers, and nobody by an id or a hash.
    """
    from datetime import UTC, datetime

    from etl.jobs.proving import page
    from etl.settings import load_settings

    figures = page.gather_opt_outs(load_settings(config), datetime.now(UTC))
    written = page.write_opt_out_page(figures, output)
    show(asdict(written), page.describe_opt_out_page(written), as_json=as_json)


@app.command("show")
def show_one(config: Config = None, as_json: AsJson = False) -> None:
    """Show the requests of one id, which is read from standard input."""
    from etl.jobs.sweep.persons import show_person
    from etl.settings import load_settings

    found = show_person(load_settings(config), sys.stdin.readline())
    lines = [
        f"{name}: {value}" for each in found for name, value in asdict(each).items() if value is not None
    ]
    show({"requests": [asdict(each) for each in found]}, lines, as_json=as_json)


@app.command("sent")
def sent(
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List what Liftoff was sent about people before they opted out, by number of request; for follow-up."""
    from etl.jobs.sweep.sent import describe_sent, read_sent
    from etl.settings import load_settings

    found = read_sent(load_settings(config))
    told = [asdict(each) | {"occurrences": each.occurrences} for each in found]
    show({"sent": told}, describe_sent(found, as_csv=as_csv), as_json=as_json)


@app.command("confirm")
def confirm(number: Number = None, config: Config = None, as_json: AsJson = False) -> None:
    """Let an id of many installs, which waited for a person, go on; it is read from standard input."""
    from etl.jobs.sweep.persons import confirm_person
    from etl.settings import load_settings

    settings = load_settings(config)
    count = confirm_person(settings, _read_identifier(settings, number))
    show({"requests": count}, [f"{count} requests go on; the next sweep submits them."], as_json=as_json)


@app.command("lift")
def lift(
    reason: Reason,
    number: Number = None,
    yes: Yes = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Undo the requests of one id, which is read from standard input; a dry run unless --yes.

    What was erased stays erased, and what Liftoff was told is for Liftoff to undo.
    """
    from etl.jobs.steering import Word
    from etl.jobs.sweep.persons import count_liftable, lift_person
    from etl.settings import load_settings

    settings = load_settings(config)
    identifier = _read_identifier(settings, number)
    if not yes:
        count = count_liftable(settings, identifier)
        show({"requests": count}, [f"{count} requests would be lifted; add --yes."], as_json=as_json)
        return
    count = lift_person(settings, identifier, Word(reason))
    show({"requests": count}, [f"{count} requests are lifted."], as_json=as_json)


def _read_identifier(settings: "Settings", number: int | None) -> str:
    """Give an id from standard input, or that of a request that waits."""
    from etl.jobs.sweep.persons import read_waiting

    return sys.stdin.readline() if number is None else read_waiting(settings, number)
