"""Which files of the Pull folder are meant, which report each is, and for which hours it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from etl.appsflyer.masking import mask_ids
from etl.appsflyer.pull.reports import REPORTS, find_days, find_report
from etl.appsflyer.pull.source import PullSource
from etl.errors import UsageError
from etl.jobs.pulls.lake_rows import Hours
from etl.settings import Settings
from etl.stores import LandedObject, Store, list_present, open_store

DETAILS: Final = "details/"
"""Where details of comparisons are; upkeep and every erasure delete them."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What is asked: files by their paths (all, where none is named), and what their names do not tell.

    `first_day` and `last_day` are the days that the files were made for, in their zone. `app_id` is for files
    without a column that tells it.
    """

    files: tuple[str, ...] = ()
    report: str | None = None
    app_id: str | None = None
    zone: str = "UTC"
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class PullFile:
    """A file to be compared, what it is, and the hours that it was made for, where they are told."""

    landed: LandedObject
    source: PullSource
    stated: Hours | None


def find_files(settings: Settings, request: PullRequest) -> list[PullFile]:
    """Find the files that are meant; raises UsageError where one is not there, or says not which report."""
    zone = _check_zone(request.zone)
    if request.report is not None and find_report(request.report) is None:
        raise UsageError(f"{request.report!r} is no report of the Pull API; use one of {_list_reports()}")
    store = open_store(settings.storage.pull, settings.storage.options)
    present = [each for each in list_present(store) if not each.key.startswith(DETAILS)]
    chosen = _choose(store, present, request.files)
    return [_describe(each, request, zone) for each in chosen]


def _choose(store: Store, present: Sequence[LandedObject], names: Sequence[str]) -> list[LandedObject]:
    if not names:
        return list(present)
    chosen: dict[str, LandedObject] = {}
    for name in names:
        key = _key_of(store, name)
        found = [each for each in present if each.key == key or each.key.startswith(f"{key}/") or not key]
        if not found:
            raise UsageError(
                f"{mask_ids(name)} is no file of {store.uri}; drop it there, where erasure and"
                " retention reach it"
            )
        chosen |= {each.key: each for each in found}
    return list(chosen.values())


def _key_of(store: Store, name: str) -> str:
    """Give the key of a file that a person named by its URI, its path, or its key."""
    if "://" in name or not store.is_local:
        return name.removeprefix(store.uri_of("")).rstrip("/")
    path, root = Path(name).resolve(), Path(store.root).resolve()
    if path.is_relative_to(root):
        key = path.relative_to(root).as_posix()
        return "" if key == "." else key
    return name.rstrip("/")


def _describe(landed: LandedObject, request: PullRequest, zone: ZoneInfo) -> PullFile:
    report = find_report(request.report or landed.key)
    if report is None:
        raise UsageError(
            f"{mask_ids(landed.key)} does not say which report it is: name the file, or its folder, after it,"
            f" or give --report, one of {_list_reports()}"
        )
    days = _state_days(request) or find_days(landed.key)
    source = PullSource(report.name, request.zone, request.app_id)
    return PullFile(landed, source, None if days is None else _state_hours(days, zone))


def _state_days(request: PullRequest) -> tuple[date, date] | None:
    first, last = request.first_day, request.last_day
    if first is None and last is None:
        return None
    if first is None or last is None or first > last:
        raise UsageError("Give the first and the last day that the file was made for: --from and --to")
    return first, last


def _state_hours(days: tuple[date, date], zone: ZoneInfo) -> Hours:
    first, last = days
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    return Hours(start, datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC))


def _check_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"{name!r} is no time zone; give an IANA name, such as Europe/Berlin") from None


def _list_reports() -> str:
    return ", ".join(REPORTS)
