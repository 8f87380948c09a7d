"""A warm process of Airflow: it has imported what `airflow dags test` does, and forks one for each run."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from httpx import ASGITransport, AsyncClient

from tests.dags.unprivileged import drop_privileges
from tests.services.warm import ask, serve_warm, start_server

ROOM: Final = "tests.dags.warm_airflow"


def run_airflow(environment: Mapping[str, str], output: Path, *arguments: str) -> int:
    """Run Airflow's own command as a user whom file permissions bind; gives its exit code.

    All runs in one AIRFLOW_HOME share its server, so they may differ in no other setting of Airflow's.
    """
    home = environment["AIRFLOW_HOME"]
    airflows = {name: text for name, text in environment.items() if name.startswith("AIRFLOW_")}
    server = _start_server(home, tuple(sorted(airflows.items())))
    return ask(server, environment, run_command, str(output), arguments)


@cache
def _start_server(home: str, airflows: tuple[tuple[str, str], ...]) -> "subprocess.Popen[bytes]":
    return start_server(ROOM, {**os.environ, **dict(airflows), "AIRFLOW_HOME": home})


def run_command(output: str, arguments: tuple[str, ...]) -> None:
    """Be `airflow` with these arguments, all that it prints in a file."""
    from airflow.__main__ import main  # noqa: PLC0415 - seconds, for the server alone

    with Path(output).open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    drop_privileges()
    sys.argv = ["airflow", *arguments]
    main()  # type: ignore[no-untyped-call] # Airflow's own


def _warm_up() -> None:
    from airflow.__main__ import main  # noqa: F401, PLC0415 - seconds, for the server alone
    from airflow.cli.commands import dag_command  # noqa: F401, PLC0415 - the same
    from airflow.sdk.execution_time.supervisor import in_process_api_server  # noqa: PLC0415 - the same

    from etl.jobs.warming import warm_up_process  # noqa: PLC0415 - the same
    from etl.quality.expecting import prepare  # noqa: PLC0415 - the same

    # Airflow builds the API that tasks ask once a process, at the first request: ten times what ours take.
    asyncio.run(_ask_nothing(ASGITransport(in_process_api_server().app)))
    warm_up_process()
    prepare()


async def _ask_nothing(api: ASGITransport) -> None:
    async with AsyncClient(transport=api, base_url="http://in-process.invalid") as client:
        assert (await client.get("/nothing-there")).status_code == HTTPStatus.NOT_FOUND


if __name__ == "__main__":
    serve_warm(_warm_up)
