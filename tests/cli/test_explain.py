from tests.cli.conftest import Shell
from tests.services.worlds import World, message


def publish(world: World, shell: Shell) -> str:
    """Publish an event and give its id."""
    world.land([message(1, customer_user_id="Zq8xSecret")])
    shell.run("ingest")
    return str(world.events("event_id")[0]["event_id"])


def test_an_event_is_explained_masked(shell: Shell, local_world: World) -> None:
    """From the line to the row."""
    event_id = publish(local_world, shell)

    shown = shell.run("explain", event_id)

    assert "landed in" in shown.stdout
    assert '"customer_user_id": "<masked:10>"' in shown.stdout
    assert "Zq8xSecret" not in shown.output
    assert shell.ask("explain", event_id)["events"][0]["source_position"] == 1


def test_revealing_leaves_a_trace(shell: Shell, local_world: World) -> None:
    """Who looked at which event, and when; not what was in it."""
    event_id = publish(local_world, shell)

    shown = shell.run("explain", event_id, "--reveal")

    assert "Zq8xSecret" in shown.stdout
    assert f"revealed event {event_id} at " in shown.stderr
    assert "Zq8xSecret" not in shown.stderr


def test_an_unknown_id_is_wrong_use(shell: Shell) -> None:
    """Exit code 2."""
    assert shell.run("explain", "absent").exit_code == 2
