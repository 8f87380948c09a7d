"""What a column, or a key, of a list means: by its name, in any casing and with anything between words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from etl.opt_outs.codes import make_unreadable
from etl.opt_outs.records import IdType

Role = Literal["id", "type", "apps", "requested_at", "kind", "test"]


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column; of ids with the type that its name gives, if any."""

    role: Role
    id_type: IdType | None = None


# Each name without what stands between its words. Adjust's and OpenDSR's names are among them.
_ID_NAMES: Final[Mapping[IdType, tuple[str, ...]]] = {
    "idfa": ("idfa", "iosidfa", "appleidfa", "iosadvertisingid", "iosifa", "identifierforadvertisers"),
    "gaid": (
        *("gaid", "aaid", "advertisingid", "advertiserid", "googleadvertisingid", "googleadid", "googleaid"),
        *("gpsadid", "androidadvertisingid", "androidadid"),
    ),
    "idfv": ("idfv", "iosidfv", "vendorid", "iosvendorid", "identifierforvendor", "identifierforvendors"),
    "oaid": ("oaid", "openadvertisingid"),
    "amazon_aid": (
        *("amazonaid", "amazonadvertisingid", "amazonadid", "amazonfireid"),
        *("fireadvertisingid", "fireadid"),
    ),
    "android_id": ("androidid", "androiddeviceid"),
    "imei": ("imei",),
    "appsflyer_id": ("appsflyerid", "appsflyerdeviceid", "afid", "afuserid"),
    "customer_user_id": (
        *("customeruserid", "cuid", "userid", "customerid", "externaluserid", "controllercustomerid"),
    ),
}
_UNTYPED_NAMES: Final = (
    *("deviceid", "deviceids", "deviceidentifier", "mobiledeviceid", "maid", "mobileid", "mobileadid"),
    *("mobileadvertisingid", "ifa", "rdid", "adid", "identityvalue"),
)
# A name that may be a row's number as well, so it is an id's only where no other is.
_LAST_RESORT: Final = frozenset({"id", "ids", "identifier", "identifiers"})
_ROLE_NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    "type": ("type", "idtype", "deviceidtype", "identifiertype", "identitytype"),
    "apps": (
        *("app", "apps", "appid", "appids", "application", "applications", "applicationid", "applicationids"),
        *("bundle", "bundleid", "bundleids", "package", "packagename", "propertyid"),
        *("storeid", "storeids", "appstoreid", "appstoreids"),
    ),
    "requested_at": (
        *("requestedat", "requestedon", "requestdate", "requesttime", "requesttimestamp", "requested"),
        *("ts", "timestamp", "date", "time", "optoutat", "optoutdate", "optouttime", "optedoutat"),
        *("submittedat", "submittedtime", "receivedat", "createdat"),
    ),
    "kind": ("kind", "requesttype", "requestkind", "optouttype", "optoutkind", "subjectrequesttype"),
    "test": ("test", "istest"),
}
# With a column of types beside it, such a name is used for ids of all types.
_LOOSE_NAMES: Final = frozenset({"advertisingid", "advertiserid"})
_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


def _list_names() -> Iterator[tuple[str, Column]]:
    for id_type, names in _ID_NAMES.items():
        yield from ((name, Column("id", id_type)) for name in names)
    yield from ((name, Column("id")) for name in _UNTYPED_NAMES)
    hashed = [name for names in _ID_NAMES.values() for name in names]
    digests: tuple[IdType, ...] = ("sha1", "md5")
    for digest in digests:
        yield digest, Column("id", digest)
        for name in (*hashed, *_UNTYPED_NAMES):
            yield f"{name}{digest}", Column("id", digest)
            yield f"{digest}{name}", Column("id", digest)
    for role, names in _ROLE_NAMES.items():
        yield from ((name, Column(role)) for name in names)


_COLUMNS: Final[Mapping[str, Column]] = MappingProxyType(dict(_list_names()))
# In the order of what a list without a header is documented to have.
HEADERLESS: Final = (
    Column("id"),
    Column("type"),
    Column("apps"),
    Column("requested_at"),
    Column("kind"),
)


def read_type(text: str) -> IdType | None:
    """Read what stands in a column of types; None for what is no type."""
    column = _COLUMNS.get(_squeeze(text))
    return column.id_type if column else None


def count_names(names: Sequence[str]) -> int:
    """Count the names that have a meaning; one of last resort is one."""
    return sum(_squeeze(name) in _COLUMNS or _squeeze(name) in _LAST_RESORT for name in names)


@lru_cache(maxsize=256)
def map_columns(names: tuple[str, ...]) -> tuple[Column | None, ...]:
    """Give the meaning of each column of a header; None for one that is not heeded.

    Raises UnreadableList where none is an id, or where two have one meaning.
    """
    squeezed = [_squeeze(name) for name in names]
    columns = [_COLUMNS.get(name) for name in squeezed]
    if not _has(columns, "id"):
        columns = [Column("id") if name in _LAST_RESORT else _COLUMNS.get(name) for name in squeezed]
    if not _has(columns, "id"):
        raise make_unreadable("no_id_column")
    if _has(columns, "type"):
        columns = [
            Column("id") if name in _LOOSE_NAMES else column
            for name, column in zip(squeezed, columns, strict=True)
        ]
    roles = [column.role for column in columns if column is not None and column.role != "id"]
    if len(set(roles)) < len(roles):
        raise make_unreadable("repeated_column")
    return tuple(columns)


def _has(columns: Sequence[Column | None], role: Role) -> bool:
    return any(column is not None and column.role == role for column in columns)


def _squeeze(name: str) -> str:
    return _BETWEEN.sub("", name.casefold())
