"""What a run does ahead of need: a mistake is told before the work, and imports pass while workers work."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Final

from etl.settings.models import Settings

# Great Expectations takes seconds of CPU to import; at the lowest priority the workers keep their cores.
LOWEST_PRIORITY: Final = 19


def check_suites(settings: Settings) -> None:
    """Raise ConfigurationError for a suite that cannot be used, naming its file and expectation."""
    if settings.quality.audit:
        from etl.quality.suites import load_suites

        load_suites(settings.quality.expectations)


def import_ahead(settings: Settings) -> None:
    """Import what settling and the audit need in threads, while the workers normalize."""
    _start(_import_settling)
    if settings.quality.audit:
        _start(_prepare_audit)


def _start(function: Callable[[], None]) -> None:
    threading.Thread(target=function, daemon=True).start()


def _import_settling() -> None:
    # Arrow asks for pandas by itself.
    for name in ("etl.jobs.settling", "etl.lake.publish", "pandas"):
        import_module(name)


def _prepare_audit() -> None:
    lower_priority()
    from etl.quality.auditing import prepare

    # What is wrong with it the audit itself will tell.
    with suppress(Exception):
        prepare()


def lower_priority() -> None:
    """Let this thread alone give way to all others; only Linux knows priorities of threads."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
