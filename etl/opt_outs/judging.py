"""Judge a list's rows: each id of each is accepted, a duplicate, or rejected with a code."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from etl.opt_outs.codes import Refused
from etl.opt_outs.columns import read_type
from etl.opt_outs.identifiers import Seen, is_told_by_lake, judge_identifier, see_nothing
from etl.opt_outs.instants import read_requested_at
from etl.opt_outs.records import Candidate, Duplicate, IdType, Judged, Kind, Rejected, Row, Scope
from etl.opt_outs.rows import is_absent
from etl.opt_outs.scopes import Scoper, make_scoper
from etl.subjects import fold_identifier

# "Opt out" is neither: Liftoff takes it for an erasure, and others for a wish not to share.
_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **dict.fromkeys(("erase", "erasure", "delete", "deletion"), "erase"),
        **dict.fromkeys(("donotshare", "donotsell", "donotsellorshare"), "do_not_share"),
    }
)
_BETWEEN: Final = re.compile(r"[\W_]+")
_TESTS: Final[Mapping[str, bool]] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})

_Wished = tuple[IdType, Scope, Kind]


@dataclass(frozen=True, slots=True)
class Judging:
    """What rows are judged by: the time, the apps that are mapped, and what the lake has seen."""

    now: datetime
    find_scope: Scoper = field(default_factory=lambda: make_scoper({}))
    seen: Seen = see_nothing


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a row wishes for each of its ids."""

    scope: Scope
    kind: Kind
    requested_at: datetime | None


def list_lookups(rows: Iterable[Row]) -> Iterator[str]:
    """List the folded ids of which it matters as what the lake has seen them, repeats and all."""
    for row in rows:
        for column_type, text in row.ids:
            if text is not None and is_told_by_lake(column_type):
                yield fold_identifier(text)


def judge_list(rows: Iterable[Row], judging: Judging) -> Judged:
    """Judge every id of every row.

    A duplicate has the folded id, type, apps and kind of one above, whose time becomes the earliest of them.
    """
    accepted: dict[_Wished, dict[str, Candidate]] = {}
    duplicates: list[Duplicate] = []
    rejected: list[Rejected] = []
    for row in rows:
        for found in _judge_row(row, judging):
            if isinstance(found, Rejected):
                rejected.append(found)
                continue
            alike = accepted.setdefault((found.identifier.id_type, found.scope, found.kind), {})
            text = found.identifier.compared
            if first := alike.get(text):
                duplicates.append(Duplicate(found.line, first.line))
                alike[text] = _merge(first, found)
            else:
                alike[text] = found
    return Judged(_list_in_order(accepted.values()), tuple(duplicates), tuple(rejected))


def _list_in_order(accepted: Collection[Mapping[str, Candidate]]) -> tuple[Candidate, ...]:
    """List what is accepted in the list's order; what is on one line in the order of types."""
    found = [candidate for each in accepted for candidate in each.values()]
    return tuple(found if len(accepted) <= 1 else sorted(found, key=lambda each: each.line))


def _judge_row(row: Row, judging: Judging) -> Iterator[Candidate | Rejected]:
    """Judge each id of a row: first the row as it stands, then the id, then what is wished."""
    if row.refusal is not None:
        yield Rejected(row.line, row.refusal)
        return
    for column_type, text in row.ids:
        try:
            yield _judge_id(row, column_type, text, judging)
        except Refused as refused:
            yield Rejected(row.line, refused.code)


def _judge_id(row: Row, column_type: IdType | None, text: str | None, judging: Judging) -> Candidate:
    _refuse_test(row.test)
    if text is None:
        raise Refused("malformed")
    identifier = judge_identifier(text, _declare_type(row, column_type), judging.seen)
    wish = _read_wish(row, judging)
    return Candidate(row.line, identifier, wish.scope, wish.kind, wish.requested_at)


def _declare_type(row: Row, column_type: IdType | None) -> IdType | None:
    """Give the type that a column says: the id's own by its name, or one of types beside it.

    Of a row with several ids nobody knows which the type beside them means, so it tells nothing of those
    whose column has one.
    """
    if not row.id_type or (column_type is not None and len(row.ids) > 1):
        return column_type
    id_type = read_type(row.id_type)
    if id_type is None:
        raise Refused("type_unknown")
    if column_type not in {None, id_type}:
        raise Refused("type_contradicted")
    return id_type


def _read_wish(row: Row, judging: Judging) -> _Wish:
    kind = _KINDS.get(_BETWEEN.sub("", row.kind.casefold())) if row.kind else "erase"
    if kind is None:
        raise Refused("kind_unknown")
    return _Wish(judging.find_scope(row.apps), kind, read_requested_at(row.requested_at, judging.now))


def _refuse_test(test: object) -> None:
    """Refuse what says that it is a test, or says under test what cannot be understood."""
    if is_absent(test):
        return
    is_test = _TESTS.get(str(test).strip().casefold())
    if is_test is None:
        raise Refused("test_unclear")
    if is_test:
        raise Refused("test_request")


def _merge(first: Candidate, again: Candidate) -> Candidate:
    known = [each.requested_at for each in (first, again) if each.requested_at is not None]
    earliest = min(known, default=None)
    return first if earliest == first.requested_at else replace(first, requested_at=earliest)
