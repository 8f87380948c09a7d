"""What `make demo` shows: all of it through a real Airflow."""

from __future__ import annotations

from pathlib import Path

from etl.jobs.demo import run_demo


def test_the_demo_ingests_and_sends_through_airflow(tmp_path: Path) -> None:
    """The DAGs run, a person's approval goes through the REST API, and the sandbox agrees with the ledger."""
    report = run_demo(tmp_path / "demo", messages=400, with_dag=True)

    assert report.postbacks is not None
    assert report.postbacks.sent.approval.startswith("Approved by admin through Airflow's REST API: Send ")
    assert "postbacks would be sent" in report.postbacks.sent.price
    assert int(str(report.postbacks.comparisons[0].found)) > 0
    assert report.exit_code == 0
