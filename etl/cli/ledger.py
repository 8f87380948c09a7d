"""`pushlift ledger`: what has been done."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import AsJson, Config, Yes
from etl.cli.output import show

app = typer.Typer(help="The record of what has been done.", no_args_is_help=True)


@app.command("status")
def status(config: Config = None, as_json: AsJson = False) -> None:
    """Tell the ledger's revision, and what it knows."""
    from etl.jobs.ledger import describe_ledger, inspect_ledger
    from etl.settings import load_settings

    found = inspect_ledger(load_settings(config))
    show(asdict(found), describe_ledger(found), as_json=as_json)
    raise typer.Exit(found.exit_code)


@app.command("upgrade")
def upgrade(config: Config = None, as_json: AsJson = False) -> None:
    """Bring the ledger to this version's schema, or create it; safe to repeat."""
    from etl.ledger.upgrade import ledger_status, upgrade_ledger
    from etl.settings import load_settings

    url = load_settings(config).storage.ledger
    before = ledger_status(url)
    ledger = upgrade_ledger(url)
    ledger.engine.dispose()
    is_new = "created" if before.current is None else f"was at revision {before.current}"
    result = {"ledger": ledger.name, "before": before.current, "after": before.head}
    show(result, [f"{ledger.name}: {is_new}, now at revision {before.head}"], as_json=as_json)


@app.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(help="A new file.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Copy a SQLite ledger to a new file, while it is in use."""
    from etl.jobs.ledger import backup_to
    from etl.settings import load_settings

    path = backup_to(load_settings(config), target)
    show({"backup": path}, [f"The ledger was copied to {path}"], as_json=as_json)


@app.command("rebuild")
def rebuild(config: Config = None, as_json: AsJson = False) -> None:
    """Learn again from the lake what was ingested, after a ledger was lost; safe to repeat."""
    from etl.jobs.rebuild import rebuild_ledger
    from etl.settings import load_settings

    report = rebuild_ledger(load_settings(config))
    known = f"{report.objects:,} versions of objects and {report.apps:,} apps are known again"
    show(asdict(report), [known], as_json=as_json)


@app.command("rotate-key")
def rotate_key(yes: Yes = False, config: Config = None, as_json: AsJson = False) -> None:
    """Go over to a new key of hashes, set beside the old ones; a dry run unless --yes.

    PUSHLIFT_HASH_KEY is the new key, PUSHLIFT_HASH_KEYS_BEFORE a JSON list of all before it, the oldest
    first. All are needed from then on.
    """
    from etl.jobs.rotating import describe_rotation, rotate_key
    from etl.settings import load_settings

    report = rotate_key(load_settings(config), is_dry_run=not yes)
    show(asdict(report), describe_rotation(report), as_json=as_json)
