"""The story of apps' pages: apps and days are chosen, their figures become pages, the pages are written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import quote

from etl.jobs.reporting.choosing import choose_apps, choose_period, find_last_complete
from etl.jobs.reporting.lake_figures import describe_upkeep, gather_lake_figures, read_offsets
from etl.jobs.reporting.ledger_figures import add_ledger_figures, gather_ledger_figures
from etl.lake.info import describe_apps
from etl.lake.reading import open_lake
from etl.reports.app_figures import AppFigures
from etl.reports.app_index import IndexLine, render_index
from etl.reports.app_page import render_app_page
from etl.reports.figures import Period
from etl.settings import Settings
from etl.stores import Store, delete_object, list_present, open_store, write_object

INDEX: Final = "index.html"
_LONGEST_NAME: Final = 150
_PAGE: Final = re.compile(r".+_\d{4}-\d\d-\d\d_(\d{4}-\d\d-\d\d)\.html")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What is asked for: apps (none means all of the lake) and days; None leaves a day to be chosen."""

    apps: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page that was written: its app, name in the folder, size, and the app's events in the period."""

    app_id: str
    name: str
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was written, where, of which days; `index` is None where none was wanted."""

    folder: str
    first_date: date
    last_date: date
    pages: tuple[WrittenPage, ...]
    index: str | None
    removed: int = 0


def gather_figures(settings: Settings, request: ReportRequest, now: datetime) -> list[AppFigures]:
    """Gather the figures of the apps that were asked for, in the order of their ids.

    Raises UsageError for an empty lake, an unknown app, or a period that ends before it begins.
    """
    lake = open_lake(settings)
    present = describe_apps(lake.store)
    apps = choose_apps(request.apps, present, settings.apps)
    chosen = [each for each in present if each.app_id in apps]
    offsets = read_offsets(lake, chosen)
    complete = find_last_complete(chosen, offsets, now)
    period = choose_period(request.first, request.last, settings.reports.days, complete)
    with ThreadPoolExecutor(1) as beside:
        counting = beside.submit(gather_ledger_figures, settings, apps, period)
        found = gather_lake_figures(lake, apps, period, now)
        ledger = counting.result()
    tables = describe_upkeep(lake, settings.retention.replaced_hours)
    spans = {
        each.app_id: (date.fromisoformat(each.first_date), date.fromisoformat(each.last_date))
        for each in chosen
    }
    return [
        replace(
            add_ledger_figures(found[app_id], ledger, settings.opt_outs.alert_days),
            offset_minutes=offsets.get(app_id, 0),
            first_seen=spans.get(app_id, (None, None))[0],
            last_seen=spans.get(app_id, (None, None))[1],
            tables=tables,
        )
        for app_id in apps
    ]


def write_report(
    figures: Sequence[AppFigures], target: Store, folder: str = "", *, has_index: bool = True
) -> WrittenReport:
    """Write a page an app, and an index; each appears whole or not at all.

    A page of the same app and days is replaced, and the index always. Raises StoreRefusedWrite.
    """
    pages = tuple(_write_page(each, target, folder) for each in figures)
    period = figures[0].period
    index = None
    if has_index:
        lines = [IndexLine(each, page.name) for each, page in zip(figures, pages, strict=True)]
        write_object(target, f"{folder}{INDEX}", render_index(lines).encode())
        index = INDEX
    return WrittenReport(target.uri_of(folder).rstrip("/"), period.first, period.last, pages, index)


def name_page(app_id: str, period: Period) -> str:
    """Name an app's page: its id as URLs spell it, cut where no file system would take it, and the days."""
    spelled = quote(app_id, safe="")
    if len(spelled) > _LONGEST_NAME or spelled.startswith("."):
        spelled = f"app-{spelled[:_LONGEST_NAME]}-{hashlib.sha256(app_id.encode()).hexdigest()[:8]}"
    return f"{spelled}_{period.first}_{period.last}.html"


def make_scheduled(settings: Settings, now: datetime) -> WrittenReport | None:
    """Write the pages of all apps into the lake's store, and let pages go whose last day is too long ago.

    None where the lake has no events yet.
    """
    store = open_store(settings.storage.lake, settings.storage.options)
    if not describe_apps(store):
        return None
    folder = f"{settings.reports.folder}/"
    written = write_report(gather_figures(settings, ReportRequest(), now), store, folder)
    keep = settings.reports.keep_days
    before = None if keep is None else now.date() - timedelta(days=keep)
    return replace(written, removed=0 if before is None else _remove_old(store, folder, before))


def describe_report(written: WrittenReport) -> Iterator[str]:
    """Say what was written, and where."""
    yield f"{written.first_date} to {written.last_date}, {len(written.pages):,} pages in {written.folder}"
    for page in written.pages:
        yield f"  {page.name} ({page.bytes:,} bytes): {page.records:,} events of {page.app_id}"
    if written.index is not None:
        yield f"  {written.index}: all of them"
    if written.removed:
        yield f"{written.removed:,} older pages were let go"


def _write_page(figures: AppFigures, target: Store, folder: str) -> WrittenPage:
    page, name = render_app_page(figures).encode(), name_page(figures.app_id, figures.period)
    write_object(target, f"{folder}{name}", page)
    return WrittenPage(figures.app_id, name, len(page), figures.records)


def _remove_old(store: Store, folder: str, before: date) -> int:
    """Delete the pages whose last day is before a day; whatever else lies in the folder stays."""
    old = [
        each.key
        for each in list_present(store, folder)
        if (found := _PAGE.fullmatch(each.key.removeprefix(folder))) and date.fromisoformat(found[1]) < before
    ]
    for key in old:
        delete_object(store, key)
    return len(old)
