"""Names that are no plain names: apps and objects called anything are published, each under its own name."""

import pytest

from tests.survival.landing import Lake, Landing, as_line

APPS = {
    "slashes": "a/b//c",
    "above": "../../etc",
    "dots": "..",
    "spaces": " com.app with spaces ",
    "unicode": "приложение·アプリ",
    "percent": "com%2Fapp%",
    "newline": "com\napp",
    "equals": "app_id=x&event_date=y",
    "quotes": 'it\'s "quoted" \\',
    "casing": "COM.APP",
    "casing2": "com.app",
    "long": "x" * 3000,
    "long2": "x" * 2999 + "y",
    "nul": "a\0b",
}
KEYS = [
    "with space.json",
    "größe/日本.json",
    "100%25.json",
    "line\nbreak.json",
    "plus+and&amp.json",
    "dt=2026-09-01/hour=13/part.json",
    "semi;colon?query#fragment.json",
    "'quote\".json",
]
FILES = {
    **{f"app_{name}.json": as_line(app_id=app, event_name=name) for name, app in APPS.items()},
    **{key: as_line(event_name=f"key {place}") for place, key in enumerate(KEYS)},
    # One app whose name is another's with spaces around it: they are two.
    "twice.json": as_line(app_id="com.app", event_name="twice")
    + as_line(app_id="com.app ", event_name="twice"),
}


@pytest.mark.parametrize("name", APPS)
def test_an_app_may_be_called_anything(lake: Lake, name: str) -> None:
    """The app id that was sent is the one that is read back, whatever its partition's folder is called."""
    assert lake.event_of(f"app_{name}.json")["app_id"] == APPS[name]


@pytest.mark.parametrize("key", KEYS)
def test_an_object_may_be_called_anything(lake: Lake, key: str) -> None:
    """The row's `source_uri` ends with the object's key as it is."""
    assert lake.event_of(key)["source_uri"].endswith(f"/landing/{key}")


def test_apps_that_differ_by_a_space_are_two(lake: Lake) -> None:
    """App ids are compared as they are."""
    assert lake.load_of("twice.json")["published"] == 2


def test_drafts_stay_inside_the_table(landing: Landing) -> None:
    """No app id leads out of the table's folder."""
    landing.land({key: data for key, data in FILES.items() if key.startswith("app_")})
    landing.run()
    files = {path.relative_to(landing.root) for path in landing.root.rglob("*.parquet")}
    events = [path for path in files if path.parts[:2] == ("lake", "events")]
    assert len(events) == len(APPS)
    told = {("lake", name) for name in ("loads", "checks", "profiles")}
    assert {path.parts[:2] for path in files} == {("lake", "events")} | told


@pytest.mark.parametrize("key", FILES)
def test_every_message_is_accounted_for(lake: Lake, key: str) -> None:
    """Messages = published + duplicates + quarantined, and the tables hold what the load says."""
    load = lake.load_of(key)
    assert load["messages"] == load["published"] + load["duplicates"] + load["quarantined"]
    assert load["published"] == len(lake.events_of(key))
    assert load["quarantined"] == len(lake.quarantine_of(key))
