"""The inbox: lists as they were dropped, each read whole or told why not, and taken away in the end."""

from __future__ import annotations

from typing import Final

from etl.appsflyer.masking import mask_ids
from etl.errors import ObjectChanged, ObjectForbidden, ObjectVanished
from etl.jobs.sweep.ground import Ground
from etl.opt_outs.codes import make_unreadable
from etl.opt_outs.decoding import LARGEST_BYTES
from etl.stores import LandedObject, delete_object, find_object, list_objects, read_object

INBOX: Final = "inbox/"


def list_inbox(ground: Ground) -> list[LandedObject]:
    """List what was dropped, the oldest first."""
    return sorted(list_objects(ground.opt_outs, INBOX), key=lambda each: (each.modified_at, each.key))


def spell_name(landed: LandedObject) -> str:
    """Spell a list's name for people: without ids, and without what a terminal would obey."""
    name = mask_ids(landed.key.removeprefix(INBOX))
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)


def read_dropped(ground: Ground, landed: LandedObject) -> bytes:
    """Read a list, whole and as it was listed.

    Raises UnreadableList where it is too large, changes meanwhile or is not given out: others go on.
    """
    if landed.size > LARGEST_BYTES:
        raise make_unreadable("too_large")
    try:
        return read_object(ground.opt_outs, landed)
    except ObjectForbidden:
        raise make_unreadable("forbidden") from None
    except (ObjectChanged, ObjectVanished):
        raise make_unreadable("changing") from None


def take_away(ground: Ground, landed: LandedObject) -> None:
    """Delete a list from the inbox, unless somebody has put another in its place meanwhile."""
    if ground.is_dry_run:
        return
    present = find_object(ground.opt_outs, landed.key)
    if present is not None and present.version == landed.version:
        delete_object(ground.opt_outs, landed.key)
