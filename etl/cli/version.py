"""`pushlift version`."""

import platform

from etl import __version__
from etl.cli.options import AsJson, Config
from etl.cli.output import show


def version(config: Config = None, as_json: AsJson = False) -> None:
    """Print the version."""
    del config
    result = {"version": __version__, "python": platform.python_version()}
    show(result, [f"pushlift {__version__} on Python {platform.python_version()}"], as_json=as_json)
