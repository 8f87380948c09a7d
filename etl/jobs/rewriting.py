"""The story of landed objects that hold somebody erased: found, written again without, put in their place.

An object is read once to see whether anything in it has to go, and nearly all end there. Others are copied
to a file that has no name, the copy is looked through, and what is about to replace the object is noted in
the ledger; then it is put, whole or not at all, and its version takes over what the ledger knew of the old
one: no run takes it for one that newly landed. A kill at any step leaves the old object or the new one, and
the next sweep goes on.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from etl.appsflyer.formats.removal import Removal, Search, copy_without, may_hold
from etl.appsflyer.masking import mask_ids
from etl.appsflyer.pull.removal import copy_records_without
from etl.errors import ObjectChanged, ObjectForbidden, ObjectVanished, StoreRefusedWrite
from etl.jobs.discovery import RunObject
from etl.jobs.normalizing import group_by_rules
from etl.ledger.database import Ledger
from etl.ledger.rewrites import Rewrite, end_rewrite, list_rewrites, record_rewrite
from etl.settings import Settings
from etl.settings.models import Storage
from etl.stores import (
    LandedObject,
    Store,
    find_object,
    list_objects,
    list_present,
    open_object,
    open_store,
    replace_object,
)

LOG: Final = logging.getLogger(__name__)
_READ_BYTES: Final = 1 << 20

Copy = Callable[[BinaryIO, BinaryIO, Search], Removal]
"""Copies an object without some of its messages."""

SearchOf = Callable[[str | None], Search]
"""Gives the search for objects all of whose messages are of one app, or of any."""


@dataclass(frozen=True, slots=True)
class RewritingReport:
    """What became of landed objects, or in a dry run would.

    `damaged` of those written again had a damaged compressed stream, of which what could be read is left;
    `left` are those that could not be read or written, or changed meanwhile: they may hold somebody yet.
    """

    objects_read: int = 0
    objects_rewritten: int = 0
    messages_removed: int = 0
    damaged: int = 0
    left: int = 0


def rewrite_landing(
    settings: Settings,
    ledger: Ledger,
    search_of: SearchOf,
    *,
    since: datetime | None = None,
    is_dry_run: bool = False,
) -> RewritingReport:
    """Write the landed objects that hold somebody again without them, those changed since an instant or all.

    Repeating it changes nothing. Raises StoreUnavailable where the store does not answer.
    """
    landing = open_store(settings.storage.landing, settings.storage.options)
    if not is_dry_run:
        end_cut_off(settings.storage, ledger)
    found = [each for each in list_objects(landing) if since is None or each.modified_at >= since]
    report = RewritingReport()
    for app_id, objects in _group(settings, found):
        search = search_of(app_id)
        for landed in objects:
            report = _count(report, _rewrite(landing, ledger, landed, search, is_dry_run=is_dry_run))
    return report


def rewrite_pulled(
    settings: Settings, ledger: Ledger, search: Search, *, is_dry_run: bool = False
) -> RewritingReport:
    """Write the files of the Pull API that hold somebody again without their records.

    Repeating it changes nothing. Raises StoreUnavailable where the store does not answer.
    """
    store = open_store(settings.storage.pull, settings.storage.options)
    if not is_dry_run:
        end_cut_off(settings.storage, ledger)
    report = RewritingReport()
    for landed in list(list_present(store)):
        done = _rewrite(store, ledger, landed, search, copy=copy_records_without, is_dry_run=is_dry_run)
        report = _count(report, done)
    return report


def end_cut_off(storage: Storage, ledger: Ledger) -> None:
    """End what an earlier run noted: what it put takes over, and what somebody else put is left to ingest."""
    landing, pulled = (open_store(uri, storage.options) for uri in (storage.landing, storage.pull))
    for rewrite in list_rewrites(ledger):
        store = pulled if rewrite.uri.startswith(pulled.uri_of("")) else landing
        present = find_object(store, rewrite.uri.removeprefix(store.uri_of("")))
        is_ours = (
            present is not None and present.version != rewrite.version and _is_put(store, present, rewrite)
        )
        end_rewrite(ledger, rewrite, present.version if present is not None and is_ours else None)


def _group(
    settings: Settings, found: Iterable[LandedObject]
) -> Iterable[tuple[str | None, list[LandedObject]]]:
    objects = [RunObject(place, each, each.modified_at, each.modified_at) for place, each in enumerate(found)]
    for rules, members in group_by_rules(settings.ingest, objects):
        yield rules.app_id, [each.landed for each in members]


def _count(report: RewritingReport, removal: Removal | None) -> RewritingReport:
    if removal is None:
        return replace(report, left=report.left + 1)
    return RewritingReport(
        report.objects_read + 1,
        report.objects_rewritten + bool(removal.removed),
        report.messages_removed + removal.removed,
        report.damaged + bool(removal.removed and removal.damage),
        report.left,
    )


def _rewrite(  # noqa: PLR0913 - which object, who has to go, and how it is cut
    landing: Store,
    ledger: Ledger,
    landed: LandedObject,
    search: Search,
    *,
    copy: Copy = copy_without,
    is_dry_run: bool,
) -> Removal | None:
    """Rewrite an object if it holds somebody; None where that could not be told or done."""
    try:
        with open_object(landing, landed) as raw:
            if not may_hold(raw, search):
                return Removal(0)
        with TemporaryFile() as written:
            with open_object(landing, landed) as raw:
                removal = copy(raw, written, search)
            if removal.removed and not is_dry_run:
                is_clean = _is_clean(landed, written, search, copy)
                is_put = is_clean and _put(landing, ledger, landed, written)
                return removal if is_put else None
            return removal
    except ObjectVanished:
        return Removal(0)
    except (ObjectForbidden, ObjectChanged, StoreRefusedWrite):
        return None


def _is_clean(landed: LandedObject, written: BinaryIO, search: Search, copy: Copy) -> bool:
    """Look through a copy before it is put: nothing in it has to go, and it can be read to its end."""
    written.seek(0)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of ours
        again = copy(written, nowhere, search)
    if again.removed or again.damage:
        LOG.warning("The copy of %s is not clean, so it was not put: report this.", mask_ids(landed.uri))
    return not again.removed and again.damage is None


def _put(landing: Store, ledger: Ledger, landed: LandedObject, copy: BinaryIO) -> bool:
    rewrite = Rewrite(landed.uri, landed.version, copy.seek(0, os.SEEK_END), digest_file(copy))
    record_rewrite(ledger, rewrite)
    copy.seek(0)
    try:
        replace_object(landing, landed, copy)
    except (ObjectChanged, ObjectVanished, StoreRefusedWrite):
        end_rewrite(ledger, rewrite, None)
        raise
    present = find_object(landing, landed.key)
    is_ours = present is not None and _is_put(landing, present, rewrite)
    end_rewrite(ledger, rewrite, present.version if present is not None and is_ours else None)
    return is_ours


def _is_put(landing: Store, present: LandedObject, rewrite: Rewrite) -> bool:
    if present.size != rewrite.size:
        return False
    with open_object(landing, present) as raw:
        return digest_file(raw) == rewrite.digest


def digest_file(raw: BinaryIO) -> str:
    """Give the SHA-256 of a file from its start, read in pieces."""
    if raw.seekable():
        raw.seek(0)
    digest = hashlib.sha256()
    while data := raw.read(_READ_BYTES):
        digest.update(data)
    return digest.hexdigest()
