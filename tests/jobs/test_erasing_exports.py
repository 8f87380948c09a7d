"""Exports are copies that erasure reaches."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from etl.jobs.erasing import erase_exports
from etl.jobs.exporting import export_lake
from etl.lake.erase import Policy
from etl.ledger.exports import list_exports
from tests.lake.erasing import device_of, event_of, wanted_of
from tests.services.worlds import World

OTHER_APP = "com.other app"


def export(world: World, folder: Path) -> None:
    """Export three people's events, one of them alone in its app."""
    world.land([event_of(1, 1), event_of(2, 2), event_of(3, 3, app_id=OTHER_APP)])
    world.ingest()
    export_lake(world.settings, str(folder))


def spell(folder: Path) -> str:
    """Spell what the files of an export hold."""
    files = sorted(folder.rglob("*.parquet"))
    return repr([pq.ParquetFile(path).read().to_pylist() for path in files]).casefold()


@pytest.mark.parametrize("policy", ["rows", "identifiers"])
def test_exports_are_erased(local_world: World, tmp_path: Path, policy: Policy) -> None:
    """The person is in no file, others are, and the ledger knows what is left."""
    out = tmp_path / "out"
    export(local_world, out)

    (report,) = erase_exports(local_world.settings, wanted_of([1, 3]), policy, is_dry_run=False)

    assert [device_of(person) in spell(out) for person in (1, 2, 3)] == [False, True, False]
    assert (report.files_read, report.files_rewritten, report.rows_found) == (2, 2, 2)
    (known,) = list_exports(local_world.open_ledger())
    assert (known.files, known.rows) == ((1, 1) if policy == "rows" else (2, 3))
    assert len(list(out.rglob("*.parquet"))) == known.files


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_footer_tells_no_ranges_of_ids(
    local_world: World,
    tmp_path: Path,
    is_erased: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The least of a column is somebody's id, and stands outside of what readers of rows see."""
    export(local_world, tmp_path / "out")
    if is_erased:
        erase_exports(local_world.settings, wanted_of([1]), "identifiers", is_dry_run=False)

    told = set[str]()
    for path in (tmp_path / "out").rglob("*.parquet"):
        group = pq.read_metadata(path).row_group(0)
        columns = [group.column(place) for place in range(group.num_columns)]
        told |= {each.path_in_schema for each in columns if each.statistics is not None}

    assert told == {"event_time", "event_date_local", "topic", "loaded_at"}


def test_a_dry_run(local_world: World, tmp_path: Path) -> None:
    """A dry run tells what is found, and changes nothing."""
    out = tmp_path / "out"
    export(local_world, out)
    before = spell(out)

    (report,) = erase_exports(local_world.settings, wanted_of([1]), "rows", is_dry_run=True)

    assert (report.files_rewritten, report.rows_found, spell(out)) == (1, 1, before)


def test_one_app_only(local_world: World, tmp_path: Path) -> None:
    """What is wanted for another app stays."""
    out = tmp_path / "out"
    export(local_world, out)

    (report,) = erase_exports(local_world.settings, wanted_of([1, 3], OTHER_APP), "rows", is_dry_run=False)

    assert [device_of(person) in spell(out) for person in (1, 2, 3)] == [True, True, False]
    assert report.rows_found == 1
