"""Details of a comparison, for an engineer: which records of the file, and which rows of the lake.

A record is told by its line, a row by its event id; nothing else tells of a person. They lie in the Pull
folder under `details/`, where upkeep deletes them past `retention.pull_days`, and every sweep that erases
somebody deletes all.
"""

from __future__ import annotations

import csv
import hashlib
from io import TextIOWrapper
from typing import Final

from etl.jobs.pulls.comparing import Comparison
from etl.jobs.pulls.finding import DETAILS
from etl.stores import LandedObject, Store, open_for_writing

HEADER: Final = ("kind", "hour", "app_id", "event_name", "line", "event_id")


def write_details(store: Store, landed: LandedObject, found: Comparison) -> str:
    """Write the events that are not equal on both sides as CSV; gives its name in the store."""
    name = f"{DETAILS}{hashlib.sha256(landed.uri.encode()).hexdigest()[:16]}.csv"
    with open_for_writing(store, name) as sink:
        text = TextIOWrapper(sink, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(found.matcher.read_details())
        text.flush()
        text.detach()
    return name
