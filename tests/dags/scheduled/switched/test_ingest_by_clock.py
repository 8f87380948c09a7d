"""An ingest by a real scheduler's clock, and what follows from it: nobody triggers anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.held import apps_in
from tests.dags.shops import Shop, open_shop
from tests.dags.switching import Switchboard
from tests.services.suites import GOOD, LATER, land_bad, write_suites
from tests.services.worlds import World

INGEST = "ingest_push_events"
DELIVERY = "deliver_new_postbacks"


@pytest.fixture(scope="module")
def shop(
    module_sandbox: SandboxProcess, switchboard: Switchboard, tmp_path_factory: pytest.TempPathFactory
) -> Shop:
    """Land a shop's purchases and what an audit holds back, and switch the ingest on until all is done."""
    folder = tmp_path_factory.mktemp("clock") / "shop"
    shop = open_shop(
        folder,
        module_sandbox,
        5,
        liftoff="postbacks_per_second = 500",
        app="continuous = true",
        quality="expectations = 'suites'",
    )
    write_suites(folder / "suites")
    land_bad(World(shop.settings), key=LATER)
    with switchboard.switched_on(shop.config, DELIVERY, INGEST):
        switchboard.await_run(INGEST, "failed")
        switchboard.await_run(DELIVERY, "success")
    return shop


def test_what_an_ingest_published_is_sent(shop: Shop, module_sandbox: SandboxProcess) -> None:
    """What the ingest announces starts the delivery, though it held something back."""
    assert shop.count()["delivered"] == module_sandbox.state()["accepted"] == 5


def test_people_are_told(shop: Shop, told: Path) -> None:
    """Held rows reach the notifier, and what is good is published."""
    assert told.read_text(encoding="utf-8").count("5 rows are held back, of com.bad") == 1
    assert apps_in(shop.config.parent / "lake") == [GOOD]
