"""One stand-in Liftoff for the session; each test finds it empty and without faults."""

from collections.abc import Iterator

import pytest

from etl.liftoff.sandbox.process import SandboxProcess, run_sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxProcess]:
    """Run a sandbox."""
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def module_sandbox() -> Iterator[SandboxProcess]:
    """Run a sandbox for the tests of one module, whose counts only they add to."""
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """Give the sandbox, which has forgotten everything."""
    running_sandbox.set_faults({}, seed=0)
    running_sandbox.reset()
    return running_sandbox
