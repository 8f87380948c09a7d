import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.proving.chain import (
    EMPTY,
    BrokenChainError,
    Head,
    IdentifierInEvidenceError,
    append_record,
    check_chain,
    mask_ids,
    split_chain,
)

PERSON = "123e4567-e89b-12d3-a456-426614174000"


def make_chain(count: int = 4) -> tuple[list[bytes], Head]:
    """Write some records."""
    lines, head = [], EMPTY
    for number in range(count):
        line, head = append_record(head, {"request": number, "found": {"events": 10 * number}, "at": "now é"})
        lines.append(line)
    return lines, head


def test_a_sound_chain_gives_its_records() -> None:
    """What was written is read, from bytes too; an empty chain is sound."""
    lines, head = make_chain()
    assert [record["request"] for record in check_chain(split_chain(b"".join(lines)), head)] == [0, 1, 2, 3]
    assert head.length == 4
    assert check_chain([], EMPTY) == []


@pytest.mark.parametrize(
    ("tamper", "sequence", "fault"),
    [
        (lambda lines: [lines[0], lines[1].replace(b":10", b":11"), *lines[2:]], 2, "changed"),
        (lambda lines: [lines[0], lines[1].replace(b":10", b": 10"), *lines[2:]], 2, "not written as it was"),
        (lambda lines: [lines[0], *lines[2:]], 2, "missing or out of order"),
        (lambda lines: lines[1:], 1, "missing or out of order"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 2, "missing or out of order"),
        (lambda lines: [*lines[:2], *lines[1:]], 3, "missing or out of order"),
        (lambda lines: lines[:-1], 4, "missing at the end"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], 4, "not a line of JSON"),
        (lambda lines: [*lines[:-1], lines[-1].rstrip()], 4, "not written as it was"),
        (lambda lines: [], 1, "missing at the end"),
        (lambda lines: [*lines, append_record(make_chain()[1], {})[0]], 5, "more than were written"),
        (lambda lines: [b"[]\n", *lines[1:]], 1, "not a link"),
    ],
)
def test_tampering_is_detected_and_named(
    tamper: Callable[[list[bytes]], list[bytes]], sequence: int, fault: str
) -> None:
    """The first link that is not as it was written is named, and how that shows."""
    lines, head = make_chain()
    with pytest.raises(BrokenChainError, match=f"Link {sequence} of the evidence is {fault}"):
        check_chain(tamper(lines), head)


def test_a_chain_that_was_written_anew_is_detected() -> None:
    """Sound in itself and as long, it does not end as the ledger knows; nor does a link of another fit."""
    lines, head = make_chain()
    forged, last = append_record(EMPTY, {"request": 99})
    rest = []
    for number in range(3):
        line, last = append_record(last, {"request": number})
        rest.append(line)
    with pytest.raises(BrokenChainError, match="not the last that was written"):
        check_chain([forged, *rest], head)
    with pytest.raises(BrokenChainError, match=r"Link 2 .* not the one that follows"):
        check_chain([forged, *lines[1:]], head)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_goes_unseen(place: int, change: int) -> None:
    """Whichever byte of a chain is changed, and however, it is detected."""
    lines, head = make_chain()
    content = bytearray(b"".join(lines))
    content[place % len(content)] ^= change
    with pytest.raises(BrokenChainError):
        check_chain(split_chain(bytes(content)), head)


@pytest.mark.parametrize(
    "record",
    [
        {"note": f"done for {PERSON}"},
        {"note": PERSON.upper()},
        {PERSON: 1},
        {"deep": [{"of": ["x", "d41d8cd98f00b204e9800998ecf8427e"]}]},
        {"sha1": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
        {"appsflyer": "1234567890123-1234567890123456789"},
        {"number": int("9" * 32)},
    ],
)
def test_identifiers_are_refused(record: dict[str, object]) -> None:
    """No key or value of evidence may be shaped like an id, and the refusal does not quote it."""
    with pytest.raises(IdentifierInEvidenceError) as caught:
        append_record(EMPTY, record)  # type: ignore[arg-type]  # made of objects for the table
    assert not {PERSON, PERSON.upper()} & set(str(caught.value).split())
    assert mask_ids(str(caught.value)) == str(caught.value)


def test_what_is_no_identifier_is_kept() -> None:
    """Digests of files, times, counts and masked names are evidence."""
    record = {
        "sha256": "ab" * 32,
        "at": "2026-11-28T22:49:39Z",
        "rows": 10**12,
        "file": mask_ids(f"part-{PERSON}"),
    }
    line, head = append_record(EMPTY, record)  # type: ignore[arg-type]  # made of objects here
    assert check_chain([line], head) == [record]
    assert record["file"] == "part-<id>"


def test_fractions_are_refused() -> None:
    """A number that two readers may write differently is not evidence."""
    with pytest.raises(TypeError, match=r"record\.x"):
        append_record(EMPTY, {"x": 1.5})  # type: ignore[dict-item]  # that is refused


def test_a_broken_chain_travels_between_processes() -> None:
    """The error is pickled whole."""
    error = pickle.loads(pickle.dumps(BrokenChainError(3, "changed")))
    assert (error.sequence, str(error)) == (3, "Link 3 of the evidence is changed.")
