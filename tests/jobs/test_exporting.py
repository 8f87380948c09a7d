from datetime import date
from pathlib import Path

import duckdb
import pytest

from etl.errors import LockHeld, UsageError
from etl.jobs.exporting import ExportSelection, export_lake
from etl.ledger.exports import list_exports
from etl.ledger.holding import hold_lock
from etl.stores import list_objects, open_store, write_object
from tests.services.worlds import World, message, messages

SECOND = "push/2026/09/02/13/b.json.gz"


def fill(world: World) -> None:
    """Publish seven events of two apps on two days."""
    world.land(messages(range(5)))
    world.land(messages(range(5, 7), app_id="com.other/x y", event_time="2026-09-02 01:00:00.000"), SECOND)
    world.ingest()


def count_exported(target: Path) -> list[tuple[object, ...]]:
    """Read an export as any tool that knows Hive's folders."""
    files = f"read_parquet('{target}/**/*.parquet', hive_partitioning = true)"
    query = f"select app_id, event_date, count(*) from {files} group by all order by all"  # noqa: S608 - ours
    return duckdb.execute(query).fetchall()


def test_an_export_is_plain_hive_partitioned_parquet(local_world: World, tmp_path: Path) -> None:
    """Every event once, in folders that any reader understands, whatever the app is called."""
    fill(local_world)

    report = export_lake(local_world.settings, str(tmp_path / "out"))

    assert (report.partitions, report.rows, report.replaced) == (2, 7, 0)
    assert count_exported(tmp_path / "out") == [
        ("com.other/x y", date(2026, 9, 2), 2),
        ("id1234567890", date(2026, 9, 1), 5),
    ]


def test_an_export_to_object_storage(s3_world: World, s3_uri: str) -> None:
    """The same, in a bucket, from a bucket."""
    fill(s3_world)

    export_lake(s3_world.settings, f"{s3_uri}/out")

    keys = [each.key for each in list_objects(open_store(f"{s3_uri}/out", s3_world.settings.storage.options))]
    assert [key.rpartition("/")[0] for key in keys] == [
        "app_id=com.other%2Fx%20y/event_date=2026-09-02",
        "app_id=id1234567890/event_date=2026-09-01",
    ]


def test_apps_and_days_can_be_chosen(local_world: World, tmp_path: Path) -> None:
    """Both days are included."""
    fill(local_world)
    first, second = date(2026, 9, 1), date(2026, 9, 2)

    def count(selection: ExportSelection) -> int:
        return export_lake(local_world.settings, str(tmp_path / "out"), selection).rows

    assert count(ExportSelection(apps=("id1234567890",))) == 5
    assert count(ExportSelection(from_date=second)) == 2
    assert count(ExportSelection(to_date=first)) == 5
    assert count(ExportSelection(from_date=first, to_date=second)) == 7


def test_an_export_is_registered(local_world: World, tmp_path: Path) -> None:
    """Erasure finds where it is and what it holds."""
    fill(local_world)
    export_lake(local_world.settings, str(tmp_path / "out"), ExportSelection(apps=("id1234567890",)))

    (export,) = list_exports(local_world.open_ledger())

    assert (export.target, export.state, export.rows, export.files) == (
        str(tmp_path / "out"),
        "finished",
        5,
        1,
    )


def test_an_export_is_replaced_whole(local_world: World, tmp_path: Path) -> None:
    """Nothing of the older one stays, and the newer lake is in it."""
    fill(local_world)
    export_lake(local_world.settings, str(tmp_path / "out"))
    local_world.land([message(99)], "push/2026/09/03/00/c.json.gz")
    local_world.ingest()

    report = export_lake(local_world.settings, str(tmp_path / "out"), ExportSelection(apps=("id1234567890",)))

    assert report.replaced == 2
    assert count_exported(tmp_path / "out") == [("id1234567890", date(2026, 9, 1), 6)]


def test_what_no_export_wrote_is_not_touched(local_world: World, tmp_path: Path) -> None:
    """A folder that is not empty is refused; so is one of an export with a stranger in it."""
    fill(local_world)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(UsageError, match="not empty and no export"):
        export_lake(local_world.settings, str(tmp_path / "mine"))

    export_lake(local_world.settings, str(tmp_path / "out"))
    write_object(open_store(str(tmp_path / "out")), "app_id=x/thesis.txt", b"")
    with pytest.raises(UsageError, match=r"holds app_id=x/thesis\.txt, which no export wrote"):
        export_lake(local_world.settings, str(tmp_path / "out"))


@pytest.mark.parametrize("place", ["lake", "lake/out", "landing/out", "."])
def test_our_own_stores_are_no_targets(local_world: World, tmp_path: Path, place: str) -> None:
    """Nor what is in them or around them."""
    fill(local_world)
    with pytest.raises(UsageError, match=r"overlaps storage\."):
        export_lake(local_world.settings, str((tmp_path / place).resolve()))


def test_an_empty_lake_exports_nothing(local_world: World, tmp_path: Path) -> None:
    """The way out is named, and nothing is registered."""
    with pytest.raises(UsageError, match="run pushlift ingest first"):
        export_lake(local_world.settings, str(tmp_path / "out"))
    assert list_exports(local_world.open_ledger()) == []


def test_an_export_that_was_cut_off_is_known_and_replaced(
    local_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is registered before its first byte."""
    fill(local_world)

    def stop(_step: str, done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_lake(local_world.settings, str(tmp_path / "out"), progress=stop)
    assert [each.state for each in list_exports(local_world.open_ledger())] == ["writing"]

    assert export_lake(local_world.settings, str(tmp_path / "out")).replaced == 1
    assert sum(int(str(row[2])) for row in count_exported(tmp_path / "out")) == 7


def test_two_exports_to_one_target_do_not_mix(local_world: World, tmp_path: Path) -> None:
    """The second is told to wait."""
    fill(local_world)
    ledger = local_world.open_ledger()
    with hold_lock(ledger, f"export {tmp_path / 'out'}", 60, 0), pytest.raises(LockHeld):
        export_lake(local_world.settings, str(tmp_path / "out"))
