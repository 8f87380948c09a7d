"""A world whose partner is the sandbox."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App, Liftoff, OptOuts
from tests.jobs.sweep.offices import APP
from tests.services.worlds import World


@pytest.fixture
def world(local_world: World, sandbox: SandboxProcess) -> World:
    """Configure the sandbox as the partner, and an app that is known by its store."""
    liftoff = Liftoff(opt_out_url=sandbox.opt_out_url, backoff_seconds=0.01, backoff_cap_seconds=0.05)
    apps = {APP: App(app_store_id="1234567890"), "com.unmapped": App()}
    opt_outs = OptOuts(requests_per_second=1000, most_installs=3, give_up_minutes=0)
    settings = local_world.settings.model_copy(
        update={"liftoff": liftoff, "apps": apps, "opt_outs": opt_outs}
    )
    return replace(local_world, settings=settings)
