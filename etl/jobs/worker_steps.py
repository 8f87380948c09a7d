"""The steps of a run that worker processes take.

A worker imports this module to find its step, so it imports nothing that only the run's own process needs:
neither the ledger nor discovery.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.jobs.discovery import RunObject
    from etl.lake.spill import ChunkOutcome
    from etl.settings.models import Settings


def normalize_share(settings: Settings, share: tuple[str, Sequence[RunObject]]) -> ChunkOutcome:
    """Normalize a chunk, given by its name and its objects, into scratch."""
    from etl.jobs.normalizing import normalize_chunk

    return normalize_chunk(settings, *share)
