"""Sweeps and upkeep by a real scheduler's clock: nobody triggers anything."""

from __future__ import annotations

import gzip
from pathlib import Path

from etl.jobs.ingest import ingest
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.shops import open_shop
from tests.dags.switching import Switchboard
from tests.services.worlds import KEY, World

IDFV = "6F9619FF-8B86-D011-B42D-000000000002"
IDFA = "6F9619FF-8B86-4011-A42D-00CF4FC964FF"
DAGS = ("sweep_opt_outs", "maintain_lake")


def test_a_real_scheduler_sweeps_and_maintains(
    switchboard: Switchboard, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """A list is swept and verified, its person leaves lake and landing, and upkeep has run over the rest."""
    shop = open_shop(
        tmp_path / "shop",
        sandbox,
        5,
        liftoff=f'opt_out_url = "{sandbox.opt_out_url}"',
        app='[opt_outs]\nlanding = "rewrite"',
    )
    ingest(shop.settings)
    inbox = Path(shop.settings.storage.opt_outs, "inbox")
    inbox.mkdir(parents=True)
    (inbox / "a.csv").write_text(f"idfa,idfv\n{IDFA},{IDFV}\n", encoding="utf-8")

    with switchboard.switched_on(shop.config, *DAGS):
        for dag_id in DAGS:
            switchboard.await_run(dag_id, "success")

    # Of the one that stood in the lake, the files that were replaced stay a week for their readers.
    assert {each.erasure for each in list_requests(shop.ledger, states=("done",))} == {"erased", "verified"}
    assert sandbox.state()["opt_outs"]["production"]["accepted"] == 1
    world = World(shop.settings)
    assert sorted(row["idfv"][-1] for row in world.events("idfv")) == ["0", "1", "3", "4"]
    landed = gzip.decompress(Path(world.landing.path_of(KEY)).read_bytes()).decode()
    assert (IDFV in landed, landed.count("af_purchase")) == (False, 4)
    assert Path(world.lake.path_of("events/_delta_log/_last_checkpoint")).exists()
