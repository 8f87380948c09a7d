"""Evidence tells everything that was done, once, and whoever changes it is found out."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.errors import EvidenceBroken
from etl.jobs.proving.evidence import check_evidence, write_evidence
from etl.jobs.steering import Word
from etl.jobs.sweep.persons import lift_person
from etl.ledger.database import Ledger
from etl.ledger.evidence import count_unsealed, note, read_head
from etl.ledger.opt_outs import list_requests
from etl.ledger.upgrade import open_current_ledger
from etl.proving.chain import EMPTY, append_record
from etl.stores import Store, delete_object, list_objects, open_store, read_object, write_object
from tests.jobs.proving.killed import SWEEP_STEPS, VERIFY_STEPS, kill_sweep, kill_verification
from tests.jobs.proving.offices import IDFV, INSTALL, Office
from tests.jobs.sweep.offices import IDFA


@pytest.fixture
def chained(local_store: Store, office: Office) -> tuple[Ledger, Store]:
    """Chain three records, each in a segment of its own."""
    ledger = office.ledger()
    for number in range(3):
        note(ledger, "something", {"requests": [number], "rows": 10 * number})
        write_evidence(ledger, local_store)
    return ledger, local_store


@pytest.fixture
def sqlite_twin(tmp_path: Path) -> Ledger:
    """Begin another ledger."""
    return open_current_ledger(f"sqlite:///{tmp_path / 'twin.db'}")


def keys_of(store: Store) -> list[str]:
    """List the segments."""
    return [each.key for each in list_objects(store, "evidence/")]


def next_key(store: Store) -> str:
    """Name the segment that comes after three."""
    return keys_of(store)[2].replace("3.jsonl", "4.jsonl")


def change(store: Store, place: int, edit: Callable[[bytes], bytes]) -> None:
    """Change a segment."""
    landed = list(list_objects(store, "evidence/"))[place]
    write_object(store, landed.key, edit(read_object(store, landed)))


def _write_anew(store: Store) -> None:
    """Write another chain of the same length, sound in itself."""
    head = EMPTY
    for key in keys_of(store):
        line, head = append_record(head, {"event": "forged"})
        write_object(store, key, line)


def _empty(store: Store) -> None:
    """Delete all of it."""
    for key in keys_of(store):
        delete_object(store, key)


TAMPERED: dict[str, tuple[Callable[[Store], None], int]] = {
    "changed": (lambda store: change(store, 1, lambda line: line.replace(b":10", b":11")), 2),
    "missing": (lambda store: delete_object(store, keys_of(store)[1]), 2),
    "missing at the end": (lambda store: delete_object(store, keys_of(store)[2]), 3),
    "truncated": (lambda store: change(store, 2, lambda line: line[:-20]), 3),
    "emptied": (_empty, 1),
    "added": (lambda store: write_object(store, next_key(store), b"{}\n"), 4),
    "written anew": (_write_anew, 3),
}


@pytest.mark.parametrize("tampering", TAMPERED)
def test_tampering_is_found_by_number(chained: tuple[Ledger, Store], tampering: str) -> None:
    """Against the head in the ledger, even a chain that was written anew as a whole."""
    ledger, store = chained
    assert check_evidence(ledger, store).fault is None
    tamper, number = TAMPERED[tampering]

    tamper(store)

    assert f"Link {number} of the evidence" in str(check_evidence(ledger, store).fault)


def test_a_verification_tells_of_tampering(office: Office) -> None:
    """It ends with 1, and notes what it found, though nobody was found."""
    office.fill()
    office.sweep()
    (segment,) = (office.folder("opt_outs") / "evidence").rglob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b"accepted", b"rejected"))

    report = office.verify()

    assert (report.exit_code, report.is_proven, report.verified) == (1, True, 0)
    assert "is changed" in str(report.evidence.fault)
    assert office.verify().exit_code == 1


def test_what_is_in_a_segments_place_is_not_written_over(chained: tuple[Ledger, Store]) -> None:
    """Another ledger's evidence stays, and what is to be written waits."""
    ledger, store = chained
    write_object(store, next_key(store), b"theirs")
    note(ledger, "something", {})

    with pytest.raises(EvidenceBroken, match="links 4 to 4"):
        write_evidence(ledger, store)

    delete_object(store, next_key(store))
    assert write_evidence(ledger, store).length == 4
    assert check_evidence(ledger, store).fault is None


def test_a_ledger_that_is_begun_anew_begins_a_chain_of_its_own(
    chained: tuple[Ledger, Store], sqlite_twin: Ledger
) -> None:
    """What the older one wrote stays, and is checked in itself: where it must end nobody here knows."""
    _, store = chained
    note(sqlite_twin, "something", {})

    assert write_evidence(sqlite_twin, store).length == 1
    state = check_evidence(sqlite_twin, store)
    assert (state.length, state.fault, state.others) == (1, None, 1)
    # Chains lie in the order of their names, which are drawn by lot.
    (second,) = (place for place, key in enumerate(keys_of(store)) if key.endswith("2.jsonl"))
    change(store, second, lambda line: line.replace(b":10", b":11"))
    assert "Link 2 of the evidence is changed" in str(check_evidence(sqlite_twin, store).fault)


def test_a_bucket_and_postgres_keep_a_chain(far_office: Office) -> None:
    """Segments are put on the condition that nothing is in their place."""
    storage = far_office.world.settings.storage
    store = open_store(f"{storage.lake}/../evidence".replace("/lake/..", "/kept"), storage.options)
    ledger = far_office.ledger()
    for number in range(2):
        note(ledger, "something", {"requests": [number]})
        write_evidence(ledger, store)

    assert (read_head(ledger).length, check_evidence(ledger, store).fault) == (2, None)
    delete_object(store, keys_of(store)[0])
    assert "Link 1" in str(check_evidence(ledger, store).fault)


def test_every_event_of_a_request_is_told_by_number(office: Office) -> None:
    """Suppressed, erased with counts before and after, submitted with Liftoff's word, verified, lifted."""
    office.fill()
    office.sweep()
    office.vacuum()
    office.verify()
    lift_person(office.world.settings, IDFA, Word(f"{IDFA} consented again"), office.secrets)
    office.verify()

    records = {str(each["event"]): each for each in office.evidence()}
    assert records["suppressed"]["requests"] == records["erased"]["requests"] == [1, 2]
    assert (records["submitted"]["requests"], records["submitted"]["status"]) == ([1], 200)
    assert records["submitted"]["answered_at"]
    tables = {each["table"]: each for each in _list(records["erased_from_lake"]["tables"])}
    events = tables["events"]
    assert (events["rows_before"], events["rows_gone"], events["rows_after"]) == (4, 3, 1)
    assert records["sweep"]["pushlift"]
    assert _dict(records["sweep"]["versions"])["events"] == 2
    assert records["verified"]["except_landing"] is True
    assert (records["lifted"]["requests"], records["lifted"]["reason"]) == (
        [1],
        "<masked:36> consented again",
    )


def test_evidence_names_nobody(office: Office) -> None:
    """Neither by an id nor by a keyed hash."""
    office.fill()
    office.sweep()
    office.verify()

    folder = office.folder("opt_outs") / "evidence"
    kept = b"".join(path.read_bytes() for path in folder.rglob("*.jsonl"))
    records = json.dumps(office.evidence())
    assert not any(each.casefold().encode() in kept.lower() for each in (IDFA, IDFV, INSTALL))
    assert not re.search(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", records)
    assert not any(request.subject in records for request in list_requests(office.ledger(), states=("done",)))


@pytest.mark.parametrize("step", SWEEP_STEPS)
def test_a_killed_sweep_leaves_no_erasure_without_evidence(office: Office, step: str) -> None:
    """The next one carries on: each thing that was done is told once, with the rows that went."""
    office.fill()
    kill_sweep(office, step)

    office.sweep()

    ledger, records = office.ledger(), office.evidence()
    counts = Counter(str(each["event"]) for each in records)
    assert {name: counts[name] for name in ("suppressed", "erased_from_lake", "erased", "submitted")} == {
        "suppressed": 1,
        "erased_from_lake": 1,
        "erased": 1,
        "submitted": 1,
    }
    (erased,) = [each for each in records if each["event"] == "erased_from_lake"]
    assert [each["rows_gone"] for each in _list(erased["tables"])] == [3, 1, 0]
    assert check_evidence(ledger, open_store(office.world.settings.storage.opt_outs)).fault is None
    assert count_unsealed(ledger) == 0
    assert len(records) == read_head(ledger).length


@pytest.mark.parametrize("step", VERIFY_STEPS)
def test_a_killed_verification_is_begun_again(office: Office, step: str) -> None:
    """What is recorded by then is told once."""
    office.fill()
    office.sweep()
    office.vacuum()
    office.empty_landing()
    kill_verification(office, step)

    report = office.verify()

    assert (report.exit_code, report.verified) == (0, 2)
    verified = [each["requests"] for each in office.evidence() if each["event"] == "verified"]
    assert verified == [[1, 2]]


def test_without_an_answer_of_liftoff_there_is_evidence_all_the_same(office: Office, tmp_path: Path) -> None:
    """A sweep that stops for want of credentials has told whom it suppressed and erased by then."""
    office.fill()
    secrets = office.secrets.model_copy(update={"liftoff_opt_out_user": None})

    with pytest.raises(Exception, match="PUSHLIFT_LIFTOFF_OPT_OUT_USER"):
        Office(office.world, secrets).sweep()

    events = [each["event"] for each in office.evidence()]
    assert events == ["suppressed", "erased_from_lake", "erased"]


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
