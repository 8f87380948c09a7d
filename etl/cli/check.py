"""`pushlift check`."""

import typer

from etl.cli.options import AsJson, Config
from etl.cli.output import show


def check(config: Config = None, as_json: AsJson = False) -> None:
    """Say what is wrong with the configuration, stores, ledger or suites, and the way out."""
    from etl.jobs.check import check_installation

    findings = check_installation(config)
    exit_code = max(finding.exit_code for finding in findings)
    show(
        {"is_ok": exit_code == 0, "findings": findings},
        [
            f"{'ok  ' if finding.exit_code == 0 else 'FAIL'} {finding.subject}: {finding.message}"
            for finding in findings
        ],
        as_json=as_json,
    )
    raise typer.Exit(exit_code)
