from etl.jobs.reports import IngestReport, describe_report, report_nothing
from tests.services.worlds import World, message, messages


def test_nothing_new_is_said_in_one_line() -> None:
    """A run that found nothing has no id and ends well."""
    assert list(describe_report(report_nothing())) == ["Nothing new has landed."]
    assert report_nothing().exit_code == 0


def test_a_report_counts_every_message_once(local_world: World) -> None:
    """Reasons add up to the quarantined, apps to the published, and all to the messages."""
    local_world.land(
        [*messages(range(4)), message(9, app_id="com.b"), message(1), b"x", message(2, app_id=None)]
    )

    report = local_world.ingest()

    assert report.messages == report.published + report.duplicates + report.quarantined == 8
    assert sum(report.reasons.values()) == report.quarantined == 2
    assert report.apps == {"com.b": 1, "id1234567890": 4}
    assert report.partitions == ("com.b/2026-09-01", "id1234567890/2026-09-01")
    assert report.bytes == sum(load["size"] for load in local_world.loads())


def test_objects_that_were_not_read_make_the_run_red() -> None:
    """The exit code is 1, and the lines say that the next run tries them again."""
    report = IngestReport(run_id="r", objects=3, failed={"forbidden": 2})

    assert report.exit_code == 1
    assert any("forbidden" in line and "tried again" in line for line in describe_report(report))
