"""The values of a list: rows as they were read, and what each id of them became.

Whatever may hold a person's id is left out of every repr, and so out of logs and tracebacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from etl.subjects import fold_identifier

IdType = Literal[
    "idfa",
    "gaid",
    "idfv",
    "oaid",
    "amazon_aid",
    "android_id",
    "imei",
    "appsflyer_id",
    "customer_user_id",
    "sha1",
    "md5",
]
Kind = Literal["erase", "do_not_share"]

# The types that Liftoff's opt-out API takes. A digest goes there only beside its id (`device-id-sha1`).
LIFTOFF_TYPES: Final = frozenset[IdType]({"idfa", "gaid"})
# Types whose spelling says nothing of the id's casing; the others have one spelling each.
AS_GIVEN: Final = frozenset[IdType]({"customer_user_id", "appsflyer_id", "oaid"})
# What the lake calls the types that it holds.
LAKE_FIELDS: Final[Mapping[str, IdType]] = {
    "idfa": "idfa",
    "advertising_id": "gaid",
    "idfv": "idfv",
    "oaid": "oaid",
    "amazon_aid": "amazon_aid",
    "android_id": "android_id",
    "imei": "imei",
    "appsflyer_id": "appsflyer_id",
    "customer_user_id": "customer_user_id",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read, nothing of it judged.

    `line` is the line in the unpacked text, and in a JSON document or Parquet the place of the element, from
    1 on. Each id comes with the type that its column gives, if any; one that is no text is None. A `refusal`
    is the code of a row that cannot be taken apart; it counts as one id.
    """

    line: int
    ids: tuple[tuple[IdType | None, str | None], ...] = field(default=(), repr=False)
    id_type: str = field(default="", repr=False)
    apps: tuple[str, ...] | None = field(default=(), repr=False)
    requested_at: object = field(default=None, repr=False)
    kind: str = field(default="", repr=False)
    test: object = field(default=None, repr=False)
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The apps of a wish, as AppsFlyer and as their stores call them; none is all apps."""

    app_ids: tuple[str, ...] = ()
    store_ids: tuple[str, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        """Whether it is for all apps."""
        return not self.app_ids


@dataclass(frozen=True, slots=True)
class Identifier:
    """An id in the spelling of its type: IDFA upper case, GAID lower case."""

    text: str = field(repr=False)
    id_type: IdType

    @property
    def folded(self) -> str:
        """The form in which ids are compared and hashed."""
        return fold_identifier(self.text)

    @property
    def compared(self) -> str:
        """What tells ids of one type apart: no other text is made where the spelling tells as much."""
        return self.folded if self.id_type in AS_GIVEN else self.text

    @property
    def is_for_liftoff(self) -> bool:
        """Whether Liftoff's opt-out API takes it; the others are for our own erasure."""
        return self.id_type in LIFTOFF_TYPES


@dataclass(frozen=True, slots=True)
class Candidate:
    """An accepted id and what is wished for it.

    `requested_at` is the earliest that the list says of this wish, in UTC; None is unknown, and the caller
    takes the time of landing.
    """

    line: int
    identifier: Identifier
    scope: Scope
    kind: Kind
    requested_at: datetime | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An id with the type, apps and kind of one further up, on `of_line`."""

    line: int
    of_line: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """An id, or a whole row, that is not taken, and the code of the first reason."""

    line: int
    code: str


@dataclass(frozen=True, slots=True)
class Judged:
    """All of a list: every id of every row is in exactly one of the three, in the list's order."""

    accepted: tuple[Candidate, ...]
    duplicates: tuple[Duplicate, ...]
    rejected: tuple[Rejected, ...]

    @property
    def total(self) -> int:
        """How many ids there were, with a row that has none counted as one."""
        return len(self.accepted) + len(self.duplicates) + len(self.rejected)
