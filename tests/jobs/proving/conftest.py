"""An office whose sweeps are verified: the partner is the sandbox, a person is planted everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from etl.liftoff.sandbox.process import SandboxProcess, run_sandbox
from etl.settings import Liftoff, OptOuts, Secrets
from tests.jobs.proving.offices import Office
from tests.jobs.sweep.offices import KEY
from tests.services.worlds import World, open_local_world


def make_office(world: World, sandbox: SandboxProcess) -> Office:
    """Configure the sandbox as the partner."""
    liftoff = Liftoff(opt_out_url=sandbox.opt_out_url, backoff_seconds=0.01, backoff_cap_seconds=0.05)
    opt_outs = OptOuts(requests_per_second=1000, give_up_minutes=0)
    settings = world.settings.model_copy(update={"liftoff": liftoff, "opt_outs": opt_outs})
    secrets = Secrets(
        hash_key=SecretStr(KEY.decode()),
        liftoff_opt_out_user=SecretStr(sandbox.credentials.opt_out_user),
        liftoff_opt_out_password=SecretStr(sandbox.credentials.opt_out_password),
    )
    return Office(replace(world, settings=settings), secrets)


@pytest.fixture
def office(local_world: World, sandbox: SandboxProcess) -> Office:
    """Give an office of folders."""
    return make_office(local_world, sandbox)


@pytest.fixture
def far_office(s3_world: World, sandbox: SandboxProcess) -> Office:
    """Give an office of buckets and Postgres."""
    return make_office(s3_world, sandbox)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give an office that has swept its person and kept its lake up, for tests that put it back as it was."""
    with run_sandbox() as sandbox:
        office = make_office(open_local_world(tmp_path_factory.mktemp("swept")), sandbox)
        office.fill()
        office.sweep()
        office.vacuum()
        office.empty_landing()
        yield office
