"""The suites of expectations that judge a batch: read from JSON, and refused where they are broken.

A suite is what Great Expectations calls one, so that its documentation is ours too. Reading one does not
import Great Expectations, which takes seconds; `expecting.validate_suites` judges what only that can see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from etl.errors import ConfigurationError
from etl.quality.checks import Severity
from etl.quality.kwargs import Use, columns_named, uses_of
from etl.quality.offered import OFFERED

SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.REQUIRED,
    "warning": Severity.ADVISORY,
    "info": Severity.ADVISORY,
}
# They ask a database, or another batch: there is none.
_NOT_OF_ROWS: Final = frozenset(
    {
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "unexpected_rows_expectation",
    }
)
_SUITE_KEYS: Final = frozenset({"name", "expectations", "id", "meta", "notes"})
_EXPECTATION_KEYS: Final = frozenset({"type", "kwargs", "severity", "meta", "notes", "id", "description"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation of a suite.

    `rule_id` is stable for ever: `meta.rule`, else spelled from suite, type and column. Fewer than
    `least_rows` judged values say nothing. `body` is the JSON as Great Expectations takes it.
    """

    rule_id: str
    type: str
    severity: Severity
    notes: str
    least_rows: int
    body: Mapping[str, Any]

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """What is expected, of which column."""
        kwargs: Mapping[str, Any] = self.body["kwargs"]
        return kwargs


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite and the file that it came from."""

    name: str
    path: Path
    expectations: tuple[Expectation, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the suite names, in the order in which they are offered."""
        named = {column for each in self.expectations for column in columns_named(each.kwargs, self._offered)}
        return tuple(column for column in self._offered if column in named)

    @property
    def uses(self) -> dict[str, Use]:
        """What the suite makes of the values of each column that it names."""
        found = dict.fromkeys(self.columns, Use.NAME)
        for each in self.expectations:
            for column, use in uses_of(each.type, each.kwargs, self._offered):
                found[column] |= use
        return found

    @property
    def _offered(self) -> tuple[str, ...]:
        return OFFERED[self.name]


@dataclass(frozen=True, slots=True)
class Suites:
    """What is expected of an app's rows, of its batch in figures, and of the run's loads."""

    events: Suite
    batch: Suite
    loads: Suite

    def __iter__(self) -> Iterator[Suite]:
        """Give each suite."""
        return iter((self.events, self.batch, self.loads))


def load_suites(folder: Path | None) -> Suites:
    """Read the suites of a folder; None reads those that come with pushlift.

    A file that is not there expects nothing. Raises ConfigurationError, naming file and expectation.
    """
    folder = find_default_folder() if folder is None else folder
    if not folder.is_dir():
        raise ConfigurationError(
            f"{folder} is no folder, so there are no expectations; name one in quality.expectations, or leave"
            " the key out to take those that come with pushlift."
        )
    for path in sorted(folder.glob("*.json")):
        if path.stem not in OFFERED:
            raise ConfigurationError(
                f"{path} judges nothing: suites are named {_list(f'{name}.json' for name in OFFERED)};"
                " move its expectations into one of those."
            )
    return Suites(**{name: read_suite(folder / f"{name}.json") for name in OFFERED})


def find_default_folder() -> Path:
    """Find the suites that come with pushlift: in the package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "expectations"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "expectations"


def read_suite(path: Path) -> Suite:
    """Read one suite; raises ConfigurationError, naming file and expectation, where it is broken."""
    if not path.exists():
        return Suite(path.stem, path, ())
    suite = _parse(path)
    _refuse_strangers(suite, _SUITE_KEYS, f"{path}")
    listed = suite.get("expectations", [])
    if not isinstance(listed, list):
        raise ConfigurationError(f'{path}: "expectations" is no list; write [ … ].')
    expectations = tuple(_read(path, place, each) for place, each in enumerate(listed, start=1))
    _refuse_twins(path, expectations)
    return Suite(path.stem, path, expectations)


def _parse(path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is no UTF-8 text at byte {error.start}; save it as UTF-8."
        ) from error
    if not isinstance(parsed, dict):
        raise ConfigurationError(f'{path} is no suite; write {{"name": …, "expectations": [ … ]}}.')
    return parsed


def _read(path: Path, place: int, body: object) -> Expectation:
    where = f"{path}, expectation {place}"
    if not isinstance(body, dict):
        raise ConfigurationError(f'{where} is no object; write {{"type": …, "kwargs": … }}.')
    type_, kwargs, meta = body.get("type"), body.get("kwargs", {}), body.get("meta") or {}
    where = f"{where} ({type_})"
    _refuse_strangers(body, _EXPECTATION_KEYS, where)
    if not isinstance(type_, str) or type_ not in known_types():
        raise ConfigurationError(f"{where}: there is no expectation of that type; {_suggest(type_)}")
    if not isinstance(kwargs, dict) or not isinstance(meta, dict):
        raise ConfigurationError(f'{where}: "kwargs" and "meta" are objects; write {{ … }}.')
    if body.get("severity") not in SEVERITIES:
        raise ConfigurationError(
            f"{where}: severity is {body.get('severity')!r}; write one of {_list(SEVERITIES)}"
            " (critical holds the batch back, the others tell)."
        )
    _check_columns(path, where, kwargs)
    return Expectation(
        rule_id=_name_rule(path, where, type_, kwargs, meta),
        type=type_,
        severity=SEVERITIES[body["severity"]],
        notes=_join(body.get("notes")),
        least_rows=_read_least_rows(where, meta),
        body={**body, "kwargs": kwargs},
    )


def known_types() -> frozenset[str]:
    """Name the expectations that the installed Great Expectations has for rows, without importing it."""
    spec = find_spec("great_expectations")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    found = {
        path.stem for folder in folders for path in Path(folder, "expectations/core").glob("expect_*.py")
    }
    return frozenset(found - _NOT_OF_ROWS)


def _suggest(type_: object) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a broken suite has need of it

    near = get_close_matches(str(type_), sorted(known_types()), n=1)
    return f"did you mean {near[0]}?" if near else "see greatexpectations.io/expectations."


def _check_columns(path: Path, where: str, kwargs: Mapping[str, Any]) -> None:
    offered = OFFERED[path.stem]
    for column in columns_named(kwargs, offered):
        if column not in offered:
            raise ConfigurationError(
                f"{where}: {path.stem} has no column {column!r}; docs/suites.md lists what it has."
            )


def _name_rule(path: Path, where: str, type_: str, kwargs: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    rule = meta.get("rule")
    if rule is None:
        return ".".join([path.stem, type_, *columns_named(kwargs, ())])
    if not isinstance(rule, str) or not rule:
        raise ConfigurationError(f"{where}: meta.rule is {rule!r}; write a name that never changes.")
    return rule


def _read_least_rows(where: str, meta: Mapping[str, Any]) -> int:
    least = meta.get("least_rows", 0)
    if not isinstance(least, int) or isinstance(least, bool) or least < 0:
        raise ConfigurationError(f"{where}: meta.least_rows is {least!r}; write a whole number of rows.")
    return least


def _refuse_strangers(body: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    strangers = sorted(body.keys() - known)
    if strangers:
        raise ConfigurationError(
            f"{where}: nothing reads {_list(strangers)}; known are {_list(sorted(known))}."
        )


def _refuse_twins(path: Path, expectations: Sequence[Expectation]) -> None:
    seen: set[str] = set()
    for each in expectations:
        if each.rule_id in seen:
            raise ConfigurationError(
                f"{path}: two expectations are named {each.rule_id}; give each a meta.rule of its own."
            )
        seen.add(each.rule_id)


def _join(notes: object) -> str:
    return " ".join(map(str, notes)) if isinstance(notes, list) else str(notes or "")


def _list(names: Iterator[str] | Mapping[str, Any] | Sequence[str]) -> str:
    return ", ".join(names)
