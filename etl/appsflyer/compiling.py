"""Compile loops over bytes to machine code, once a machine: Numba keeps it for later processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., object])


@contextmanager
def _hide(*packages: str) -> Iterator[None]:
    """Make optional packages look as if they were not installed, unless they are imported already."""
    hidden = [name for name in packages if name not in sys.modules]
    # None is how Python spells "not to be imported".
    cast("dict[str, object]", sys.modules).update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# Numba looks for linear algebra and for C declarations, which takes half of its start; we use neither.
with _hide("scipy", "cffi"):
    import numba
    import numba.core.typing.cffi_utils
    import numba.np.arraymath


def compiled(loop: Loop) -> Loop:
    """Compile a loop over numpy arrays when it is first called; it holds no lock while it runs.

    The code is kept beside the module, else in the user's cache folder. Where neither can be written, as
    in a read-only container without a home, each process that needs it compiles again.
    """
    try:
        return _compile(loop, is_kept=True)
    except RuntimeError:
        return _compile(loop, is_kept=False)


def _compile(loop: Loop, *, is_kept: bool) -> Loop:
    return cast("Loop", numba.njit(nogil=True, boundscheck=False, cache=is_kept)(loop))
