from datetime import date
from pathlib import Path

import pytest

from etl.airflow.report_steps import write_pages
from etl.errors import ConfigurationError, UsageError
from etl.jobs.reporting.story import (
    ReportRequest,
    describe_report,
    gather_figures,
    make_scheduled,
    name_page,
    write_report,
)
from etl.lake.tables import EVENTS
from etl.reports.figures import Period
from etl.settings.reports import Reports
from etl.stores import list_objects, open_store, write_object
from tests.reports.lakes import at, event, write_rows
from tests.services.worlds import World
from tests.sql.small_lake import GAME, LANDED, SHOP

NOW = at("2026-09-06 12:00")
PERIOD = Period(date(2026, 9, 1), date(2026, 9, 5))
REQUEST = ReportRequest(first=PERIOD.first, last=PERIOD.last)


@pytest.fixture
def landed(local_world: World) -> World:
    """A lake of two apps."""
    local_world.land([*LANDED], "push/2026/09/03/14/a.json.gz")
    local_world.ingest()
    return local_world


def read_pages(folder: Path) -> dict[str, str]:
    """Read what lies in a folder, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def read_first(folder: Path) -> str:
    """Read the page that lies beside the index."""
    (page,) = (text for name, text in read_pages(folder).items() if name != "index.html")
    return page


def test_each_app_has_a_page_and_all_an_index(landed: World, tmp_path: Path) -> None:
    """Links of the index lead to the pages beside it."""
    written = write_report(gather_figures(landed.settings, REQUEST, NOW), open_store(str(tmp_path / "out")))
    pages = read_pages(tmp_path / "out")

    names = {app: f"{app}_2026-09-01_2026-09-05.html" for app in (GAME, SHOP)}
    assert set(pages) == {*names.values(), "index.html"}
    assert all(f'href="{name}"' in pages["index.html"] for name in names.values())
    assert [(page.app_id, page.records) for page in written.pages] == [(GAME, 11), (SHOP, 2)]
    assert next(describe_report(written)) == f"2026-09-01 to 2026-09-05, 2 pages in {tmp_path / 'out'}"


def test_a_page_can_be_alone(landed: World, tmp_path: Path) -> None:
    """Nothing of another app is on its page."""
    request = ReportRequest((SHOP,), PERIOD.first, PERIOD.last)
    figures = gather_figures(landed.settings, request, NOW)
    written = write_report(figures, open_store(str(tmp_path / "out")), has_index=False)
    ((_, page),) = read_pages(tmp_path / "out").items()

    assert written.index is None
    assert GAME not in page


def test_the_same_figures_make_the_same_bytes(landed: World, tmp_path: Path) -> None:
    """At the same instant, whatever order rows come in."""
    for folder in ("one", "two"):
        write_report(gather_figures(landed.settings, REQUEST, NOW), open_store(str(tmp_path / folder)))

    assert read_pages(tmp_path / "one") == read_pages(tmp_path / "two")


def test_by_default_the_pages_are_of_the_last_complete_days(landed: World) -> None:
    """The lake ends on the 3rd; `reports.days` says how many."""
    settings = landed.settings.model_copy(update={"reports": Reports(days=2)})

    (game, _) = gather_figures(settings, ReportRequest(), NOW)

    assert game.period == Period(date(2026, 9, 2), date(2026, 9, 3))
    assert (game.offset_minutes, game.first_seen, game.last_seen) == (
        -240,
        date(2026, 9, 2),
        date(2026, 9, 3),
    )


def test_an_empty_lake_and_an_unknown_app_are_errors(local_world: World) -> None:
    """With the way out; nothing is made."""
    with pytest.raises(UsageError, match="no events yet"):
        gather_figures(local_world.settings, ReportRequest(), NOW)
    with pytest.raises(UsageError, match=r"No app 'com\.none'"):
        gather_figures(local_world.settings, ReportRequest(("com.none",)), NOW)


def test_a_period_without_events_says_so(landed: World, tmp_path: Path) -> None:
    """In words, with the days that the lake has."""
    request = ReportRequest((GAME,), date(2026, 1, 1), date(2026, 1, 31))
    write_report(gather_figures(landed.settings, request, NOW), open_store(str(tmp_path / "out")))
    page = read_first(tmp_path / "out")

    assert "There are no events of this app in this period." in page
    assert "from 2026-09-02 to 2026-09-03 (UTC)" in page


def test_what_is_missing_is_said_in_words(landed: World, tmp_path: Path) -> None:
    """No postback, no request, nothing sold: no empty plot stands for them."""
    request = ReportRequest((GAME,), date(2026, 9, 1), date(2026, 9, 1))
    write_report(gather_figures(landed.settings, request, NOW), open_store(str(tmp_path / "out")))
    page = read_first(tmp_path / "out")

    assert "No postback was planned for events of these days" in page
    assert "No opt-out request of this app is open." in page
    assert "Nothing was sold in this period." in page


def test_pages_are_named_by_app_and_days() -> None:
    """Whatever an app is called: no path, no hidden file, no name too long for a disk."""
    assert name_page("com.a", PERIOD) == "com.a_2026-09-01_2026-09-05.html"
    assert name_page("../a b", PERIOD).startswith("app-..%2Fa%20b-")
    assert name_page("x" * 300, PERIOD) != name_page("x" * 301, PERIOD)
    assert len(name_page("é" * 300, PERIOD)) < 200


def test_nothing_personal_is_on_a_page(local_world: World, tmp_path: Path) -> None:
    """A name that looks like an id is told as "other", and markup in a frequent one is text."""
    rows = [
        event("com.a", f"2026-09-02 10:{minute:02d}", name, topic="install_in_app_event",
              occurrence_id=f"{number:016x}{minute:016x}")
        for number, name in enumerate(["<script>alert(1)</script>", "user_918273645"])
        for minute in range(30)
    ]  # fmt: skip
    write_rows(local_world.lake, EVENTS, rows)
    write_report(gather_figures(local_world.settings, REQUEST, NOW), open_store(str(tmp_path / "out")))
    page = read_first(tmp_path / "out")

    assert "918273645" not in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_folder_that_cannot_be_written_is_explained(landed: World, tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    figures = gather_figures(landed.settings, REQUEST, NOW)

    with pytest.raises(ConfigurationError, match="its folder is a file"):
        write_report(figures, open_store(str(tmp_path / "out")))


def test_scheduled_pages_go_into_the_lakes_store(world: World) -> None:
    """On folders and object storage; tables are as they were."""
    world.land([*LANDED], "push/2026/09/03/14/a.json.gz")
    world.ingest()
    before = world.versions()

    written = make_scheduled(world.settings, NOW)

    assert written is not None
    keys = [each.key for each in list_objects(world.lake, "_reports/")]
    assert keys == [
        f"_reports/{GAME}_2026-08-05_2026-09-03.html",
        f"_reports/{SHOP}_2026-08-05_2026-09-03.html",
        "_reports/index.html",
    ]
    assert world.versions() == before


def test_old_pages_go_and_nothing_else_does(landed: World) -> None:
    """By their last day; the index, and what is no page, stay."""
    for name in ("com.x_2026-05-01_2026-06-05.html", "com.x_2026-05-02_2026-06-06.html", "notes.html"):
        write_object(landed.lake, f"_reports/{name}", b"x")

    written = make_scheduled(landed.settings, NOW)

    assert written is not None
    assert written.removed == 1
    left = {each.key for each in list_objects(landed.lake, "_reports/")}
    assert "_reports/com.x_2026-05-01_2026-06-05.html" not in left
    assert {"_reports/com.x_2026-05-02_2026-06-06.html", "_reports/notes.html"} < left


def test_pages_stay_for_good_where_that_is_said(landed: World) -> None:
    """With `reports.keep_days` empty."""
    write_object(landed.lake, "_reports/com.x_2020-05-01_2020-06-05.html", b"x")
    settings = landed.settings.model_copy(update={"reports": Reports(keep_days=None)})

    written = make_scheduled(settings, NOW)

    assert written is not None
    assert written.removed == 0


def test_the_task_of_an_empty_lake_ends_well(
    local_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A first day without a landing is no failure."""
    config = tmp_path / "pushlift.toml"
    config.write_text("", encoding="utf-8")
    monkeypatch.setenv("PUSHLIFT_CONFIG", str(config))

    with caplog.at_level("INFO"):
        write_pages(NOW)

    assert "no page was written" in caplog.text
