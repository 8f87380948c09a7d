"""Make ready what workers share, before they are forked.

A module that has something to prepare (machine code to load, or to compile once a machine) defines
`warm_up()`; every module of ours that is imported by then is asked for it.
"""

from __future__ import annotations

import sys
from importlib import import_module

_MODULES = ("etl.jobs.worker_steps", "etl.jobs.normalizing", "etl.jobs.encoding")


def warm_up_process() -> None:
    """Import what workers need, and prepare it."""
    for name in _MODULES:
        import_module(name)
    warm_up_modules()


def warm_up_modules() -> list[str]:
    """Call `warm_up` of every imported module of ours that has one; gives the modules' names."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith("etl.")}
    warm = {name: prepare for name, module in ours.items() if (prepare := getattr(module, "warm_up", None))}
    for prepare in warm.values():
        prepare()
    return sorted(warm)
