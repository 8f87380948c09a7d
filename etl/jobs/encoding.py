"""Encode what was settled, in whatever processes there are, and profile each app's rows meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from etl.jobs.workers import map_unordered
from etl.lake.drafts import DraftFile
from etl.lake.encode import EncodeTask, Provenance, encode_rows
from etl.quality.prefixes import landed_prefix
from etl.quality.profile import Profile, merge_profiles, profile_rows
from etl.settings.models import Settings
from etl.stores import open_store


@dataclass(frozen=True, slots=True)
class EncodedGroup:
    """The drafts that a task wrote, and the profile of each app's rows in them (none without an audit)."""

    drafts: list[DraftFile]
    profiles: Mapping[str, Profile]


Encode = Callable[[Sequence[EncodeTask], Provenance], Iterable[EncodedGroup]]
"""Encodes tasks, in whatever processes there are."""


def encode_all(
    settings: Settings, pool: ProcessPoolExecutor, tasks: Sequence[EncodeTask], provenance: Provenance
) -> Iterator[EncodedGroup]:
    """Encode tasks in the pool's processes."""
    function = partial(encode_group, settings, provenance)
    written = dict(map_unordered(pool, function, tasks))
    yield from (written[place] for place in range(len(tasks)))


def encode_group(settings: Settings, provenance: Provenance, task: EncodeTask) -> EncodedGroup:
    """Encode one task, and profile what is written."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    scratch = open_store(settings.storage.scratch_uri, settings.storage.options)
    if not settings.quality.audit:
        return EncodedGroup(encode_rows(lake, scratch, task, provenance), {})
    prefixes = name_prefixes(settings, provenance.uris.values())
    seen: defaultdict[str, list[Profile]] = defaultdict(list)

    def watch(rows: pa.Table, app_id: str) -> None:
        seen[app_id].append(profile_rows(rows, app_id, prefixes))

    drafts = encode_rows(lake, scratch, task, provenance, watch)
    return EncodedGroup(drafts, {app_id: merge_profiles(found) for app_id, found in seen.items()})


def name_prefixes(settings: Settings, uris: Iterable[str]) -> dict[str, str]:
    """Name the landed prefix of each URI."""
    root = open_store(settings.storage.landing, settings.storage.options).uri_of("")
    return {uri: landed_prefix(uri.removeprefix(root)) for uri in uris}
