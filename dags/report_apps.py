"""A page for each app, and an index, are written into the lake's store every day.

| task | what it does |
|---|---|
| report | makes the pages of the last complete days, and lets pages go that are past their time |

**Every morning**, when the day before is over in every zone of the Americas. It reads the lake and the ledger
and writes nothing but pages, into `reports.folder`; a failure of it is in nobody's way. The settings
`reports.days` and `reports.keep_days` say of how many days, and how long a page stays.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from etl.airflow.retries import retry_arguments


@dag(
    dag_id="report_apps",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("30 11 * * *", timezone="UTC"),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "pushlift", "execution_timeout": timedelta(hours=2), **retry_arguments()},
    tags=["pushlift"],
)
def report_apps() -> None:
    """Declare the task."""

    @task
    def report() -> None:
        """Write the pages, and let old ones go."""
        from etl.airflow.report_steps import write_pages

        write_pages()

    report()


report_apps()
