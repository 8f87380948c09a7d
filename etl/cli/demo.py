"""`pushlift demo`."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import AsJson, Config
from etl.cli.output import make_table, show
from etl.cli.progress import show_progress, stop_on_interrupt


def demo(
    directory: Annotated[
        Path, typer.Option(help="Where it all goes: a new folder, or an earlier demo's.")
    ] = Path("demo"),
    messages: Annotated[int, typer.Option(help="About how many messages land.", min=100)] = 5_000,
    dag: Annotated[
        bool | None,
        typer.Option("--dag/--no-dag", help="Ingest by the DAG, in its own Airflow, or in this process."),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show all of it on sample exports; the demo has a configuration of its own."""
    del config
    from etl.jobs.demo import describe_demo, describe_next_steps, run_demo, summarize_demo
    from etl.jobs.demo_dag import has_airflow
    from etl.jobs.demo_opt_outs import describe_opt_outs
    from etl.jobs.demo_postbacks import describe_postbacks
    from etl.jobs.reports import describe_report

    with stop_on_interrupt("run pushlift demo again, it starts anew"), show_progress() as tell:
        with_dag = has_airflow() if dag is None else dag
        report = run_demo(directory, messages=messages, with_dag=with_dag, progress=tell)
    lines = chain(
        [f"Sample exports landed in {directory / 'landing'}; configured by {report.config}", ""],
        describe_report(report.first),
        describe_demo(report),
        ["", "The same once more:"],
        describe_report(report.again),
        ["", "Installs and revenue a day, in each app's zone, revenue once per occurrence:"],
        make_table(report.columns, report.rows),
        *(
            (
                ["", "What was never told to Liftoff, planned, approved and sent to a stand-in:"],
                describe_postbacks(report.postbacks),
                make_table(report.postbacks.columns, report.postbacks.rows),
                ["", "A person of the lake opts out, on a list with zeros and rubbish:"],
                describe_opt_outs(report.opt_outs) if report.opt_outs else [],
            )
            if report.postbacks
            else (["", "No postbacks were sent: install the extra `sandbox` for that part."],)
        ),
        [""],
        describe_next_steps(report),
    )
    show(summarize_demo(report), lines, as_json=as_json)
    raise typer.Exit(report.exit_code)
