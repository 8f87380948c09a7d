"""Pushlift: AppsFlyer Push API exports to Parquet, Liftoff postbacks and GDPR opt-outs.

`etl.open_lake().events` reads what was published: `.dataset()`, `.duckdb()`, `.pandas()`, `.polars()`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.lake.reading import open_lake

__version__ = "0.1.0"
__all__ = ["__version__", "open_lake"]


def __getattr__(name: str) -> object:
    """Import what reads the lake only when it is asked for."""
    if name == "open_lake":
        from etl.lake.reading import open_lake  # noqa: PLC0415 - heavy

        return open_lake
    raise AttributeError(f"module 'etl' has no attribute {name!r}")
