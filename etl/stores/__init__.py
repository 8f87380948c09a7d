"""Folders and buckets alike: list, read with the listed version checked, write atomically, delete."""

from etl.stores.listing import list_objects, list_present
from etl.stores.objects import LandedObject, find_object
from etl.stores.opening import Store, open_store
from etl.stores.probing import probe_conditional_put
from etl.stores.reading import open_object, open_seekable, read_object
from etl.stores.versions import OldVersions, find_old_versions
from etl.stores.writing import create_object, delete_object, open_for_writing, replace_object, write_object

__all__ = [
    "LandedObject",
    "OldVersions",
    "Store",
    "create_object",
    "delete_object",
    "find_object",
    "find_old_versions",
    "list_objects",
    "list_present",
    "open_for_writing",
    "open_object",
    "open_seekable",
    "open_store",
    "probe_conditional_put",
    "read_object",
    "replace_object",
    "write_object",
]
