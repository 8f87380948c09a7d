"""pushlift itself: `pushlift ingest` into a fresh lake, in as many processes as there are cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CONFIGURATION = """\
[storage]
landing = "{landing}"
lake = "{output}/lake"
opt_outs = "{output}/opt_outs"
ledger = "sqlite:///{output}/ledger.db"

[quality]
audit = {audit}
"""


def run_ingest(landing: Path, output: Path, *, is_audited: bool = False) -> None:
    """Become the command, with its lake and its ledger under `output`.

    The audit is measured apart: no peer judges what it writes.
    """
    output.mkdir(parents=True, exist_ok=True)
    path = output / "pushlift.toml"
    audit = str(is_audited).lower()
    path.write_text(_CONFIGURATION.format(landing=landing, output=output, audit=audit), encoding="utf-8")
    command = [sys.executable, "-m", "etl.cli", "ingest", "--config", str(path)]
    os.execv(command[0], command)  # noqa: S606 - the command whose cost is measured


if __name__ == "__main__":
    run_ingest(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
