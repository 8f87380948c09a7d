"""Make everything that workers share ready before they are forked: importing this module is the work.

A module that has something to prepare (compiled loops to load, or to compile once a machine) defines
`warm_up()`; every module of ours that is imported by now is asked for it.
"""

from __future__ import annotations

import sys


def warm_up_modules() -> list[str]:
    """Call `warm_up` of every imported module of ours that has one; gives the modules' names."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith("etl.")}
    warm = {name: prepare for name, module in ours.items() if (prepare := getattr(module, "warm_up", None))}
    for prepare in warm.values():
        prepare()
    return sorted(warm)


warm_up_modules()
