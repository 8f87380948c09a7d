"""The steps of a run that worker processes take.

A worker imports this module to find its step, so it imports nothing that only the run's own process needs:
neither the ledger nor discovery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.appsflyer.pull.source import PullSource
    from etl.hash_keys import HashKey
    from etl.jobs.discovery import RunObject
    from etl.lake.spill import ChunkOutcome
    from etl.settings.models import Settings


@dataclass(frozen=True, slots=True)
class Share:
    """A chunk by its name and its objects; with a key, people who were erased are looked for by it.

    `pull` says that the objects are files of the Pull API.
    """

    name: str
    objects: Sequence[RunObject]
    key: HashKey | None = field(default=None, repr=False)
    pull: PullSource | None = None


def normalize_share(settings: Settings, share: Share) -> ChunkOutcome:
    """Normalize a chunk into scratch."""
    from etl.jobs.normalizing import normalize_chunk

    erased = None
    if share.key is not None:
        from etl.jobs.keeping import recall_erased

        erased = recall_erased(settings, share.name.partition("/")[0], share.key)
    return normalize_chunk(settings, share.name, share.objects, erased, share.pull)
