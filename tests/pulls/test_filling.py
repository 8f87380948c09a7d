"""What Push missed comes in from the file by the steps of an ingest: once, audited, accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from etl.errors import UsageError
from etl.jobs import ingest
from etl.jobs.explaining import describe_explanation, explain_event
from etl.jobs.pulls import story
from etl.jobs.quarantine import QuarantineFilter, list_quarantined, show_quarantined
from etl.lake.reading import open_lake
from etl.settings import Settings
from tests.jobs.killers import die_after, run_to_death
from tests.pulls.shops import NAME, compare, drop, record, tell, write_csv
from tests.services.worlds import World, message, messages


def lose(world: World, *numbers: int) -> None:
    """Have Push lose some of five purchases that the file has."""
    rows = messages(range(5))
    world.land([row for number, row in enumerate(rows) if number not in numbers])
    world.ingest()
    drop(world, write_csv([record(row) for row in rows], "Sound Level"))


def pulled(world: World, *columns: str) -> list[dict[str, object]]:
    """Give the events that came from the file."""
    chosen = columns or ("event_time",)
    return [row for row in world.events("api_version", *chosen) if row["api_version"] == "pull"]


def test_what_is_missing_comes_in_with_its_source(local_world: World) -> None:
    """The row says the file and its line, that its time is to the second, and its topic."""
    lose(local_world, 3)
    assert tell(compare(local_world, is_filling=True)) == (4, 0, 1, 0)
    (row,) = pulled(local_world, "source_uri", "source_position", "clock_issues", "topic", "event_name")
    assert Path(str(row["source_uri"])).name == NAME
    assert row["source_position"] == 5
    assert (row["clock_issues"], row["topic"]) == (["second_precision"], "install_in_app_event")


def test_the_account_says_what_became_of_each_record(local_world: World) -> None:
    """Of five records one was published, and four the lake had."""
    lose(local_world, 3)
    compare(local_world, is_filling=True)
    (load,) = [load for load in local_world.loads() if load["source_uri"].endswith(NAME)]
    assert (load["messages"], load["published"], load["duplicates"]) == (5, 1, 4)


def test_without_being_asked_nothing_changes(local_world: World) -> None:
    """A comparison alone publishes nothing and leaves nothing in scratch."""
    lose(local_world, 3)
    before = local_world.contents()
    compare(local_world)
    assert local_world.contents() == before
    assert not [path for path in Path(local_world.scratch.root).rglob("*") if path.is_file()]


def test_a_message_that_comes_after_all_is_a_duplicate(local_world: World) -> None:
    """The file told of it; another purchase of the same second is none."""
    lose(local_world, 3)
    compare(local_world, is_filling=True)
    other = message(3, event_value='{"af_revenue": 77}')
    local_world.land([message(3), other], "push/2026/09/01/14/late.json.gz")
    report = local_world.ingest()
    assert (report.published, report.duplicates) == (1, 1)


def test_a_half_for_another_source_is_no_duplicate(local_world: World) -> None:
    """The file told of the first source's half; the retargeting half comes in by Push."""
    lose(local_world, 3)
    compare(local_world, is_filling=True)
    local_world.land([message(3, media_source="criteo_int")], "push/2026/09/01/14/late.json.gz")
    assert local_world.ingest().published == 1


def test_equal_purchases_are_filled_one_by_one(local_world: World) -> None:
    """Three in one second, of which Push has one: two come in, and no third the next time."""
    local_world.land([message(1)])
    local_world.ingest()
    drop(local_world, write_csv([record(message(1))] * 3))
    compare(local_world, is_filling=True)
    assert tell(compare(local_world, is_filling=True)) == (3, 0, 0, 0)
    assert len(pulled(local_world)) == 2


def test_reading_a_message_again_does_not_lose_it(local_world: World) -> None:
    """Of two purchases in one second Push has one, a file the other: reprocessing keeps both."""
    local_world.land([message(1)])
    local_world.ingest()
    drop(local_world, write_csv([record(message(1))] * 2))
    compare(local_world, is_filling=True)
    local_world.ingest(is_reprocess=True)
    assert [row["api_version"] for row in local_world.events("api_version")].count("pull") == 1
    assert len(local_world.events("event_id")) == 2


def test_files_that_overlap_fill_once(local_world: World) -> None:
    """What one file filled the next one finds in the lake."""
    lose(local_world, 3)
    drop(local_world, write_csv([record(row) for row in messages([3, 4])]), "again-in-app-events.csv")
    found = story.reconcile_pull(local_world.settings, options=story.PullOptions(is_filling=True))
    assert [each.missing_in_push for each in found.files] == [1, 0]
    assert len(pulled(local_world)) == 1


def test_what_cannot_be_read_is_set_aside_with_its_reason(local_world: World) -> None:
    """A broken record goes to quarantine when gaps are filled, masked as a whole."""
    local_world.land([message(1)])
    local_world.ingest()
    drop(local_world, write_csv([record(row) for row in messages([1, 2])]) + b"anna@mail.example,x\n")
    compare(local_world, is_filling=True)
    lake = open_lake(local_world.settings)
    (group,) = list_quarantined(lake, QuarantineFilter())
    assert group.reason == "invalid_csv"
    assert "anna" not in str(show_quarantined(lake, group.example))


def test_a_row_that_is_set_aside_is_shown_under_its_columns(local_world: World) -> None:
    """What is personal in a record is known by its column, and masked."""
    local_world.land([message(1)])
    local_world.ingest()
    odd = record(message(2), **{"Event Time": "yesterday", "Customer User ID": "anna schmidt"})
    drop(local_world, write_csv([record(message(1)), record(message(3)), odd]))
    compare(local_world, is_filling=True)
    lake = open_lake(local_world.settings)
    (group,) = list_quarantined(lake, QuarantineFilter())
    shown = show_quarantined(lake, group.example)
    raw = json.loads(str(shown["raw"]))
    # What is no value of its field is masked, too: it may be anybody's name.
    assert (raw["event_time"], raw["customer_user_id"]) == ("<masked:9>", "<masked:12>")
    assert raw["event_name"] == "af_purchase"
    assert "schmidt" not in str(shown)


def test_an_event_of_a_file_is_explained(local_world: World) -> None:
    """Its record is shown under its columns' names, masked."""
    lose(local_world, 3)
    compare(local_world, is_filling=True)
    (row,) = pulled(local_world, "event_id")
    text = "\n".join(describe_explanation(*explain_event(local_world.settings, str(row["event_id"]))))
    assert '"event_time": "2026-09-01 12:00:03"' in text
    assert "read today" not in text


def test_a_message_that_arrives_meanwhile_is_no_gap(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Push brings it between the comparison and the publish: it is settled again, and published once."""
    lose(local_world, 3)
    settle = ingest.settle

    def arrive(*arguments: object) -> object:
        settled = settle(*arguments)  # type: ignore[arg-type]  # as they came
        monkeypatch.setattr(ingest, "settle", settle)
        local_world.land([message(3)], "push/2026/09/01/14/late.json.gz")
        local_world.ingest()
        return settled

    monkeypatch.setattr(ingest, "settle", arrive)
    found = compare(local_world, is_filling=True)
    assert found.ingested is not None
    assert found.ingested.published == 0
    assert len(local_world.events("event_id")) == 5


def fill_and_die(settings: Settings, step: str) -> None:
    """Fill gaps, and be killed behind a step."""
    die_after(ingest, step)
    story.reconcile_pull(settings, options=story.PullOptions(is_filling=True))


@pytest.mark.parametrize("step", ["settle", "audit", "publish"])
def test_a_kill_leaves_all_or_nothing(local_world: World, step: str) -> None:
    """The next run finds what is missing, and comes to the same end."""
    lose(local_world, 1, 3)
    run_to_death(fill_and_die, step, local_world.settings, step)
    compare(local_world, is_filling=True)
    assert tell(compare(local_world)) == (5, 0, 0, 0)
    assert len(local_world.events("event_id")) == 5


def test_details_tell_lines_and_ids_and_nobody(local_world: World) -> None:
    """On demand: the record by its line, the row by its event id."""
    lose(local_world, 3)
    local_world.land([message(9)], "push/2026/09/01/14/more.json.gz")
    local_world.ingest()
    options = story.PullOptions(has_details=True)
    (found,) = story.reconcile_pull(local_world.settings, options=options).files
    text = (Path(local_world.settings.storage.pull) / str(found.details)).read_text(encoding="utf-8")
    kinds = [line.split(",")[0] for line in text.splitlines()]
    assert kinds == ["kind", "missing_in_push", "missing_in_pull"]
    assert message(3)["appsflyer_id"] not in text
    assert tell(compare(local_world)) == tell(found)


def test_only_the_days_of_the_file_are_read(local_world: World) -> None:
    """A lake's other days cost nothing: their files may even be gone."""
    lose(local_world, 3)
    other = "2026-09-07 12:00:00.000"
    local_world.land(
        [message(8, event_time=other, event_time_selected_timezone=None)], "push/2026/09/07/13/b.gz"
    )
    local_world.ingest()
    (path,) = [each for each in local_world.live_paths() if "2026-09-07" in each]
    assert pq.read_metadata(path).num_rows == 1
    Path(path).unlink()
    assert tell(compare(local_world)) == (4, 0, 1, 0)


def test_the_audit_judges_what_comes_in(local_world: World) -> None:
    """With the audit on, a file of sound records is published, and no drift is told."""
    settings = local_world.settings
    judged = settings.model_copy(update={"quality": settings.quality.model_copy(update={"audit": True})})
    world = replace(local_world, settings=judged)
    lose(world, 3)
    found = compare(world, is_filling=True)
    assert found.ingested is not None
    assert (found.ingested.published, found.ingested.holding) == (1, 0)


def test_a_file_in_another_zone_is_not_ingested(local_world: World) -> None:
    """Nothing of it meets the lake: each event would come a second time, hours away."""
    rows = messages(range(5))
    local_world.land(rows)
    local_world.ingest()
    drop(local_world, write_csv([record(row, **{"Event Time": "2026-09-01 14:10:00"}) for row in rows]))
    day = date(2026, 9, 1)
    with pytest.raises(UsageError, match="--timezone"):
        compare(local_world, is_filling=True, first_day=day, last_day=day)
    assert pulled(local_world) == []
