"""A message that a rule sets aside keeps all that it was."""

import json

import pytest

from etl.appsflyer.row_rules import FIELD_OF
from etl.jobs.ingest import IngestOptions, ingest
from etl.settings import App
from tests.survival.landing import NOW, Landing, Row, as_line, message

BROKEN: dict[str, dict[str, object]] = {
    "missing_app_id": {"app_id": ...},
    "unknown_app": {"app_id": "id2"},
    "missing_event_name": {"event_name": ""},
    "missing_event_time": {"event_time": None},
    "unusable_event_time": {"event_time": "soon"},
    "event_time_before_2011": {"event_time": "2010-12-31 23:59:59.999"},
    "event_time_in_future": {"event_time": "2026-09-02 01:00:00.001"},
}
KEPT = {"city": "Oslo", "new_field": "new", "event_value": '{"a":1}'}


@pytest.fixture(scope="module")
def quarantine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """One message that breaks each rule, on a line of its own among sound ones; by reason."""
    landing = Landing(tmp_path_factory.mktemp("quarantine"))
    lines = [as_line(**KEPT, **changes) for changes in BROKEN.values()]
    landing.land({"all.json": as_line() + as_line(event_name="other").join(lines)})
    closed = landing.settings.model_copy(update={"closed_apps": True, "apps": {"id1": App()}})
    ingest(closed, IngestOptions(), now=NOW)
    return {row["reason"]: row for row in landing.read().quarantine}


def test_every_rule_is_broken(quarantine: dict[str, Row]) -> None:
    """Each reason that a rule gives is met, and no other."""
    assert quarantine.keys() == BROKEN.keys() == FIELD_OF.keys()


@pytest.mark.parametrize("reason", BROKEN)
def test_a_message_set_aside_keeps_what_it_was(quarantine: dict[str, Row], reason: str) -> None:
    """Its fields as they came, its bytes, the field to blame, and where it lay."""
    row = quarantine[reason]
    sent = message(**KEPT, **BROKEN[reason])
    place = 2 * list(BROKEN).index(reason) + 2
    assert row["field"] == FIELD_OF[reason]
    assert json.loads(row["raw"]) == sent
    known = {name: text for name, text in sent.items() if name != "new_field" and text}
    assert row["message"] == known
    assert (row["source_uri"].rpartition("/")[2], row["source_position"]) == ("all.json", place)
    assert row["app_id"] == sent.get("app_id")
