"""Data Docs on demand: Great Expectations' own pages about what the lake holds, judged by the suites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa

from etl.errors import UsageError
from etl.lake.history import live_files
from etl.lake.tables import EVENTS, find_table
from etl.quality.batches import AppBatch, read_batch
from etl.quality.expecting import build, open_context, validate
from etl.quality.offered import OFFERED
from etl.quality.suites import Suite, Suites
from etl.quality.verdicts import is_figure_told
from etl.stores import Store

_SITE: Final = "pages"

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext


@dataclass(frozen=True, slots=True)
class Days:
    """Which rows of the lake: of some apps (none: of all), from a first to a last UTC day."""

    app_ids: tuple[str, ...]
    first: date
    last: date

    def holds(self, app_id: str, day: str) -> bool:
        """Tell whether a partition is among them."""
        is_chosen = not self.app_ids or app_id in self.app_ids
        return is_chosen and self.first.isoformat() <= day <= self.last.isoformat()


def render_docs(lake: Store, suites: Suites, target: Path, days: Days) -> Path:
    """Judge what the lake holds of some apps and days, and render pages into a folder; gives the first page.

    The pages hold counts and what was expected, no value of a row. Of the figures, those of what was refused
    or known already are zero: the lake does not hold it. Raises UsageError where there is nothing to judge.
    """
    batches = _gather(lake, days)
    if not batches:
        raise UsageError(
            f"The lake holds nothing of {', '.join(days.app_ids) or 'any app'} from {days.first} to"
            f" {days.last};"
            " choose other apps or days."
        )
    context = open_context()
    for name in list(context.config.data_docs_sites or {}):
        context.delete_data_docs_site(name)
    context.add_data_docs_site(_SITE, _describe_site(target))
    for batch in batches:
        read = read_batch(lake, batch, suites)
        figures = pd.DataFrame([read.figures], columns=list(OFFERED["batch"]), dtype=float)
        for frame, suite in ((read.frame, suites.events), (figures, suites.batch)):
            if frame is not None:
                _keep(context, frame, suite, batch.app_id)
    context.build_data_docs(site_names=[_SITE])
    return target / "index.html"


def _describe_site(target: Path) -> Any:  # noqa: ANN401 - GX's own configuration
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(target.absolute()),
        },
    }


def _keep(context: EphemeralDataContext, frame: pd.DataFrame, suite: Suite, app_id: str) -> None:
    """Validate, and keep what may be told in the context's store, from which pages are made."""
    from great_expectations.core import RunIdentifier  # noqa: PLC0415 - seconds of CPU
    from great_expectations.data_context.types.resource_identifiers import (  # noqa: PLC0415 - the same
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    if not suite.expectations:
        return
    built = build(suite, suite.expectations)
    built.name = f"{suite.name} of {app_id}"
    context.suites.add(built)
    validation = validate(frame, built)
    for result in validation.results:
        _scrub(result)
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name=built.name),
        run_id=RunIdentifier(run_name="pushlift"),
        batch_identifier=app_id,
    )
    context.validation_results_store.add(key=key, value=validation)


def _scrub(result: Any) -> None:  # noqa: ANN401 - GX's own result
    """Leave counts and numbers in a result: no list of values, and no error that may quote one."""
    config = result.expectation_config
    told = is_figure_told(config.type, config.kwargs)
    result.result = {
        name: value
        for name, value in result.result.items()
        if isinstance(value, int | float) and (name != "observed_value" or told)
    }
    result.exception_info = {
        "raised_exception": False,
        "exception_message": None,
        "exception_traceback": None,
    }


def _gather(lake: Store, days: Days) -> list[AppBatch]:
    delta = find_table(lake, EVENTS)
    files: dict[str, list[tuple[str, str]]] = {}
    for (app_id, day), paths in live_files(delta).items():
        if days.holds(app_id, day):
            files.setdefault(app_id, []).extend((f"{EVENTS.name}/{path}", day) for path in paths)
    counts = _count_rows(pa.table(delta.get_add_actions(flatten=True))) if delta is not None else {}
    return [
        AppBatch(
            app_id=app_id,
            files=tuple(key for key, _ in chosen),
            partitions=tuple(day for _, day in chosen),
            published=sum(counts.get(key, 0) for key, _ in chosen),
            duplicates=0,
            quarantined=0,
        )
        for app_id, chosen in sorted(files.items())
    ]


def _count_rows(actions: pa.Table) -> dict[str, int]:
    paths, counts = actions["path"].to_pylist(), actions["num_records"].to_pylist()
    return {f"{EVENTS.name}/{unquote(path)}": count or 0 for path, count in zip(paths, counts, strict=True)}
