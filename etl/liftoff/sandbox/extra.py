"""Whether what the sandbox needs is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from etl.errors import ConfigurationError

_NEEDED: Final = ("fastapi", "uvicorn")


def need_extra(needed: tuple[str, ...] = _NEEDED) -> None:
    """Raise ConfigurationError where the extra `sandbox` is not installed."""
    if missing := [name for name in needed if find_spec(name) is None]:
        raise ConfigurationError(
            f"The sandbox needs packages that are not installed ({', '.join(missing)});"
            " run: pip install 'pushlift[sandbox]'"
        )
