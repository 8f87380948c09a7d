"""What a column, or a key, of a list means: by its name, in any casing and with anything between words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
        # A bare "user id" may be a consent tool's own, which is somebody else's here.
        *("customeruserid", "appsflyercustomeruserid", "cuid", "controllercustomerid"),
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
    "kind": (
        "kind",
        "action",
        "requesttype",
        "requestkind",
        "optouttype",
        "optoutkind",
        "subjectrequesttype",
    ),
    "test": ("test", "istest"),
}
# Names that count only where no other column has their meaning: an app's name may stand beside its id.
_WEAK_NAMES: Final = frozenset(
    {
        *("type", "app", "apps", "application", "applications"),
        *("date", "time", "timestamp", "ts", "createdat", "receivedat"),
    }
)
# What may say for which apps a wish is, or whether it is one at all. To pass over such a column could opt out
# people who did not ask, or from apps that they did not mean.
_MAY_SAY_APPS: Final = re.compile(
    r"(?:mobile)?app(?:lication)?s?(?:name|key|code|title|list|platform)?s?|.*(?:bundle|package|storeid).*"
)
_MAY_SAY_WISH: Final = re.compile(
    r".*(?:optout|optedout|optin|optedin|consent|donotse|donotsh).*|status|deleted?"
)
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

    Raises UnreadableList where none is an id, where two have one meaning, and where one is not known that may
    say who is meant.
    """
    squeezed = [_squeeze(name) for name in names]
    roles = {column.role for name in squeezed if name not in _WEAK_NAMES and (column := _COLUMNS.get(name))}
    columns = [_find_column(name, roles) for name in squeezed]
    found = [column.role for column in columns if column is not None]
    if "id" not in found:
        raise make_unreadable("no_id_column")
    if "type" in found:
        columns = [
            Column("id") if name in _LOOSE_NAMES else column
            for name, column in zip(squeezed, columns, strict=True)
        ]
    others = [role for role in found if role != "id"]
    if len(set(others)) < len(others):
        raise make_unreadable("repeated_column")
    unheeded = [name for name, column in zip(squeezed, columns, strict=True) if column is None]
    if any(_is_unclear(name, has_apps="apps" in found) for name in unheeded):
        raise make_unreadable("column_unclear")
    return tuple(columns)


def _find_column(name: str, others: Collection[Role]) -> Column | None:
    """Find what a name means beside the meanings of others, before which some names give way."""
    if name in _LAST_RESORT:
        return None if "id" in others else Column("id")
    column = _COLUMNS.get(name)
    if column is not None and name in _WEAK_NAMES and column.role in others:
        return None
    return column


def _is_unclear(name: str, *, has_apps: bool) -> bool:
    if _MAY_SAY_WISH.fullmatch(name):
        return True
    return not has_apps and _MAY_SAY_APPS.fullmatch(name) is not None


def _squeeze(name: str) -> str:
    return _BETWEEN.sub("", name.casefold())
