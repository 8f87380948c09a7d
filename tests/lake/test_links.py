"""What is linked with a person is told before the erasure removes the link."""

from etl.lake.links import LinkedId, Links, find_links, find_shared
from etl.lake.wanted import Wanted, WantedId
from tests.lake.erasing import appsflyer_id_of, device_of
from tests.services.worlds import World, message

APP, OTHER = "id1234567890", "com.other"
DEVICE = device_of(1)


def links(world: World, most: int = 10, *, with_user_ids: bool = False) -> Links:
    """Find what the device is linked with."""
    wanted = Wanted([WantedId(DEVICE.upper())])
    return find_links(world.lake, wanted, most_installs=most, with_user_ids=with_user_ids)


def row(person: int, app_id: str = APP, **fields: object) -> dict[str, object]:
    """Make an event of an install on the device."""
    return message(person, app_id=app_id, appsflyer_id=appsflyer_id_of(person), **fields)


def test_same_app(local_world: World) -> None:
    """Installs and vendor ids of matching rows are linked, each for its own app; nobody else's are."""
    world = local_world
    vendor = device_of(9)
    world.land([row(1, idfa=DEVICE, idfv=vendor.upper()), row(2, OTHER, advertising_id=DEVICE), row(3)])
    world.ingest()

    assert links(world).ids == {
        LinkedId(APP, "appsflyer_id", appsflyer_id_of(1)),
        LinkedId(APP, "idfv", vendor),
        LinkedId(OTHER, "appsflyer_id", appsflyer_id_of(2)),
    }


def test_user_ids_by_flag(local_world: World) -> None:
    """A user's id is linked where it is asked for, and never a word that names nobody."""
    world = local_world
    world.land([row(1, idfa=DEVICE, customer_user_id="Me"), row(2, idfa=DEVICE, customer_user_id="null")])
    world.ingest()

    assert {each.column for each in links(world).ids} == {"appsflyer_id"}
    users = [each.id for each in links(world, with_user_ids=True).ids if each.column == "customer_user_id"]
    assert users == ["me"]


def test_installs_are_counted(local_world: World) -> None:
    """Installs are counted once each, to one more than is allowed; an id of too many links nothing."""
    world = local_world
    world.land([row(person, idfa=DEVICE, event_name=name) for person in range(5) for name in ("a", "b")])
    world.ingest()

    assert links(world, 5).installs == {DEVICE: 5}
    assert links(world, 3).installs == {DEVICE: 4}
    assert (len(links(world, 5).ids), len(links(world, 3).ids)) == (5, 0)


def test_a_confirmed_id_of_many_installs_links_them_all(local_world: World) -> None:
    """With the vendor's id that they share; not with one that others have, too."""
    world, own, common = local_world, device_of(8), device_of(9)
    world.land([row(person, idfa=DEVICE, idfv=own) for person in range(5)])
    world.land(
        [row(person, idfv=common, event_name="b") for person in range(20, 24)], "push/2026/09/01/14/b.json.gz"
    )
    world.land([row(5, idfa=DEVICE, idfv=common)], "push/2026/09/01/15/c.json.gz")
    world.ingest()
    wanted = Wanted([WantedId(DEVICE)])

    found = find_links(world.lake, wanted, most_installs=3, confirmed={DEVICE})
    shared = find_shared(world.lake, found, most_installs=3, confirmed={DEVICE})

    assert found.installs == {DEVICE: 6}
    assert {each.id for each in found.ids} == {own, common, *map(appsflyer_id_of, range(6))}
    assert shared == {LinkedId(APP, "idfv", common)}
    assert {each.id for each in find_shared(world.lake, found, most_installs=3)} == {own, common}


def test_embedded(local_world: World) -> None:
    """A row that holds the id in a URL links its install, too."""
    world = local_world
    world.land([row(1, original_url=f"https://a.example/?idfa={DEVICE}")])
    world.ingest()

    assert links(world).installs == {DEVICE: 1}


def test_nothing_is_spelled(local_world: World) -> None:
    """No id stands in a repr."""
    world = local_world
    world.land([row(1, idfa=DEVICE)])
    world.ingest()

    found = links(world)

    assert DEVICE not in repr(found)
    assert appsflyer_id_of(1) not in repr([*found.ids])
