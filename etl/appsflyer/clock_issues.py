"""What was found wrong, or mended, in the times of a row: names, and the list column that holds them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from etl.appsflyer.fields import BY_NAME, Kind, names
from etl.appsflyer.times import Ints

__all__ = ["ISSUES", "LOCAL_FIELDS", "UTC_FIELDS", "Finding", "Issue", "list_issues", "name_issue"]

_MAIN = "event_time"
_TYPE = pa.list_(pa.string())

UTC_FIELDS: tuple[str, ...] = names(Kind.UTC_TIME)
# The fields that are also sent in the app's selected zone, with the name of that twin.
LOCAL_FIELDS: dict[str, str] = {
    field: f"{field}_selected_timezone"
    for field in sorted(UTC_FIELDS, key=_MAIN.__ne__)
    if f"{field}_selected_timezone" in BY_NAME
}


class Issue(StrEnum):
    """One thing that can be the matter with a row's times."""

    ZONE_UNKNOWN = "zone_unknown"
    LOCAL_DISAGREES = "local_disagrees"
    OFFSET_DISAGREES_WITH_ZONE = "offset_disagrees_with_zone"
    UTC_RECOVERED_FROM_LOCAL = "utc_recovered_from_local"
    MILLISECONDS_RECOVERED = "milliseconds_recovered"
    SECOND_PRECISION = "second_precision"
    UNPARSABLE = "unparsable"


class Finding(NamedTuple):
    """An issue of a field, and the numbers of the rows that have it."""

    issue: Issue
    field: str
    rows: Ints


def name_issue(issue: Issue, field: str = _MAIN) -> str:
    """Name an issue as `clock_issues` holds it: plain for `event_time`, else followed by the field.

    An unknown zone is the whole row's; a text that could not be read always names its field.
    """
    if issue is Issue.UNPARSABLE or (field != _MAIN and issue is not Issue.ZONE_UNKNOWN):
        return f"{issue}:{field}"
    return str(issue)


def list_issues(findings: Iterable[Finding], rows: int) -> pa.Array:
    """Gather findings into a column of lists, in the order of `ISSUES`; null where a row has none."""
    found = np.zeros(rows, np.int64)
    for issue, field, numbers in findings:
        found[numbers] |= _BITS[name_issue(issue, field)]
    if not found.any():
        return pa.nulls(rows, _TYPE)
    codes, distinct = pd.factorize(found)
    lists = pa.array([_spell_out(int(bits)) for bits in distinct], _TYPE)
    return lists.take(pa.array(codes))


def _spell_out(bits: int) -> list[str] | None:
    return [name for name, bit in _BITS.items() if bits & bit] or None


def _name_all() -> tuple[str, ...]:
    told_of_pairs = (issue for issue in Issue if issue not in {Issue.ZONE_UNKNOWN, Issue.UNPARSABLE})
    paired = [name_issue(issue, field) for issue in told_of_pairs for field in LOCAL_FIELDS]
    unparsable = [name_issue(Issue.UNPARSABLE, field) for field in (*UTC_FIELDS, *LOCAL_FIELDS.values())]
    return (name_issue(Issue.ZONE_UNKNOWN), *paired, *unparsable)


ISSUES: tuple[str, ...] = _name_all()
_BITS = {name: 1 << place for place, name in enumerate(ISSUES)}
