"""`pushlift backfill plan` over a day of which an audit holds rows back."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.liftoff.sandbox.process import SandboxProcess
from tests.cli.conftest import Shell
from tests.cli.test_backfill import APP, DAY, plan, purchase
from tests.services.suites import PLANTED, write_suites
from tests.services.worlds import World


@pytest.fixture
def shop(
    shell: Shell, local_world: World, sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Publish three purchases of a day; then land two more beside a defect, which holds both back."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", sandbox.credentials.api_key)
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-key")
    write_suites(tmp_path / "suites")
    shell.config.write_text(
        '[ingest]\nworkers = 1\n[quality]\nexpectations = "suites"\n'
        f'[liftoff]\npostback_url = "{sandbox.postback_url}"\npostbacks_per_second = 500\n'
        f'[apps.{APP}]\nliftoff_app_id = "shop"\nevents = {{ af_purchase = "purchase" }}\n',
        encoding="utf-8",
    )
    local_world.land([purchase(number) for number in range(3)])
    assert shell.run("ingest").exit_code == 0
    rows = [purchase(3), purchase(4), purchase(5, event_name=PLANTED)]
    local_world.land(rows, "push/2026/09/02/13/bad.json.gz")
    assert shell.run("ingest").exit_code == 1
    return shell


def find_batch(shop: Shell) -> str:
    """Find the held batch."""
    (batch,) = shop.ask("quality", "held")["batches"]
    return str(batch["id"])


def test_a_day_with_held_rows_is_refused(shop: Shell) -> None:
    """The message names the batch, and both ways on; there is no plan."""
    refused = shop.run("backfill", "plan", "--app", APP, "--from", str(DAY), "--to", str(DAY))

    assert refused.exit_code == 1
    for text in (find_batch(shop), "--exclude-failed-days", "--accept-failed-checks"):
        assert text in str(refused.exception)
    assert shop.ask("backfill", "list") == {"plans": []}


def test_the_day_can_be_left_out(shop: Shell) -> None:
    """Its rows are counted under the reason, and none of them is sent."""
    found = plan(shop, "--exclude-failed-days")

    assert found["queued"] == 0
    assert found["exclusions"] == {"held_quality": 3}


def test_the_day_can_be_taken_at_somebodys_word(shop: Shell, sandbox: SandboxProcess) -> None:
    """What is published goes; the plan keeps which day was accepted, and in spite of what."""
    found = plan(shop, "--accept-failed-checks")

    assert found["queued"] == 3
    (accepted,) = found["accepted_days"]
    assert (accepted["day"], accepted["held"]) == (str(DAY), [find_batch(shop)])
    assert shop.run("backfill", "send", found["plan"]["id"], "--yes").exit_code == 0
    assert sandbox.state()["accepted_occurrences"] == 3


@pytest.mark.parametrize("options", [(), ("--exclude-failed-days",), ("--accept-failed-checks",)])
def test_a_plan_is_not_sent_where_rows_are_held_since(
    shop: Shell, local_world: World, options: tuple[str, ...]
) -> None:
    """A day that was sound when it was planned is asked about again before anything leaves.

    Nobody decided about it as the plan was made, whatever was to be done with days that had failed then.
    """
    batch = find_batch(shop)
    assert shop.run("quality", "release", batch, "--reason", "looked at", "--yes").exit_code == 0
    plan_id = plan(shop, *options)["plan"]["id"]
    local_world.land([purchase(6, event_name=PLANTED)], "push/2026/09/02/14/worse.json.gz")
    assert shop.run("ingest").exit_code == 1

    refused = shop.run("backfill", "send", plan_id, "--yes")

    assert refused.exit_code == 1
    assert "may not be relied on" in str(refused.exception)


def test_after_a_release_the_day_is_open(shop: Shell) -> None:
    """The held rows are published, and planned with the others."""
    batch = find_batch(shop)
    assert shop.run("quality", "release", batch, "--reason", "looked at", "--yes").exit_code == 0

    found = plan(shop)

    assert found["queued"] == 5
    assert found["accepted_days"] == []
