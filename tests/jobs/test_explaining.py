import pytest

from etl.errors import UsageError
from etl.jobs.explaining import describe_explanation, explain_event
from etl.settings import Settings, Source
from etl.stores import delete_object, write_object
from tests.services.worlds import KEY, World, message

PERSON = "Zq8xSecret"


def publish(world: World, **fields: object) -> str:
    """Publish one event after a bad line, and give its id."""
    world.land([b"no json", message(1, customer_user_id=PERSON, brand_new="Zq8xNew", **fields)])
    world.ingest()
    return str(world.events("event_id")[0]["event_id"])


def test_an_event_is_followed_back_to_its_line(world: World) -> None:
    """The row, its load, the object, the position, the line as it landed, and how it is read today."""
    event_id = publish(world)

    (found,) = explain_event(world.settings, event_id, is_revealed=True)

    assert found.event["customer_user_id"] == PERSON
    assert found.load is not None
    assert found.load["messages"] == 2
    assert (found.source_uri, found.source_position) == (world.landing.uri_of(KEY), 2)
    assert found.raw is not None
    assert found.raw.startswith('{"app_id": "id1234567890"')
    assert found.message["customer_user_id"] == PERSON
    assert found.changed == ()


def test_everything_personal_is_masked(local_world: World) -> None:
    """In the row, in the line and in what the parser made of it; not the names of fields."""
    event_id = publish(local_world)

    text = str(explain_event(local_world.settings, event_id))

    assert "Zq8x" not in text
    assert message(1)["appsflyer_id"] not in text
    assert "brand_new" in text
    assert "af_purchase" in text


def test_an_occurrence_is_explained_by_all_its_events(local_world: World) -> None:
    """Both halves of a retargeting pair."""
    local_world.land([message(1), message(1, media_source="other")])
    local_world.ingest()
    occurrence = str(local_world.events("occurrence_id")[0]["occurrence_id"])

    assert len(explain_event(local_world.settings, occurrence)) == 2


def test_a_row_that_today_would_be_another_is_told(local_world: World) -> None:
    """By the columns that differ: here, the source was given an app since, and no longer names its own."""
    local_world.land([message(1, app_id=None)])
    settings = with_source(local_world.settings, Source(prefix="", app_id="id1"))
    World(settings).ingest()
    event_id = str(local_world.events("event_id")[0]["event_id"])

    (before,) = explain_event(settings, event_id)
    (found,) = explain_event(with_source(settings, Source(prefix="", app_id="id2")), event_id)

    assert before.changed == ()
    assert found.changed == ("event_id",)
    assert any("--reprocess would replace" in line for line in describe_explanation(found))


def with_source(settings: Settings, source: Source) -> Settings:
    """Give the same settings with one source."""
    return settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"sources": (source,)})})


def test_a_line_of_a_log_is_found_again(local_world: World) -> None:
    """Where the names of the columns stand at the top of the object, too."""
    query = "&".join(
        [
            "app_id=id1",
            "event_name=buy",
            "event_time=2026-09-01%252010:00:00.123",
            "appsflyer_id=1-2",
            "api_version=2.0",
            f"customer_user_id={PERSON}",
        ]
    )
    log = (
        f"#Version: 1.0\n#Fields: date time c-ip cs-uri-query\n2026-09-01\t10:00:01\t198.51.100.1\t{query}\n"
    )
    write_object(local_world.landing, "cf/2026-09-01-10.log", log.encode())
    local_world.ingest()
    event_id = str(local_world.events("event_id")[0]["event_id"])

    (found,) = explain_event(local_world.settings, event_id)

    assert found.raw is not None
    assert "customer_user_id=<masked:10>" in found.raw
    assert "198.51.100.1" not in found.raw
    assert found.changed == ()


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_line_that_is_gone_is_told(local_world: World, *, is_gone: bool) -> None:
    """The row and its load are shown all the same; another version's line is not."""
    event_id = publish(local_world)
    if is_gone:
        delete_object(local_world.landing, KEY)
    else:
        local_world.land([message(7)] * 5)

    (found,) = explain_event(local_world.settings, event_id)

    assert found.raw is None
    assert found.missing in {
        "the object is no longer in landing",
        "the object in landing is another version since",
    }
    assert found.load is not None


def test_an_id_that_is_nowhere(local_world: World) -> None:
    """The way out is named, and not the id, which could be a person's."""
    with pytest.raises(UsageError, match="No event has this id") as raised:
        explain_event(local_world.settings, PERSON)
    assert PERSON not in str(raised.value)


def test_an_id_in_quarantine(local_world: World) -> None:
    """The error says where to look."""
    publish(local_world)
    held = str(local_world.quarantine()[0]["quarantine_id"])

    with pytest.raises(UsageError, match="quarantine show"):
        explain_event(local_world.settings, held)
