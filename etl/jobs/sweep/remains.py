"""What remains of a list: counts and keyed hashes, and which lines were not taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from etl.hash_keys import list_keys
from etl.jobs.remembering import DONE
from etl.jobs.sweep.ground import Ground
from etl.ledger.opt_out_lists import OptOutListRecord
from etl.opt_outs.records import Rejected
from etl.stores import delete_object, write_object
from etl.subjects import HASH_DIGITS

REJECTED: Final = "rejected/"

Hashes = npt.NDArray[np.bytes_]


def write_manifest(ground: Ground, record: OptOutListRecord, subjects: Hashes) -> None:
    """Write counts and keyed hashes."""
    manifest = {
        "list": record.id,
        "form": record.form,
        "received_at": record.received_at.isoformat(),
        "accepted": record.accepted,
        "duplicates": record.duplicates,
        "rejected": record.rejected,
        "keys": len(list_keys(ground.key)),
        "subjects": [],
    }
    head, tail = json.dumps(manifest, indent=1).encode().rsplit(b"[]", 1)
    content = b"".join((head, b"[", _spell_hashes(subjects), b"]", tail))
    write_object(ground.opt_outs, f"{DONE}{record.id}.json", content)


def write_lines(
    ground: Ground,
    record: OptOutListRecord,
    rejected: Sequence[Rejected],
    waiting: Sequence[tuple[int, int]],
) -> None:
    """Write which lines were rejected, and why; and which wait for a person, with how many installs.

    Whoever decides has nothing else to go by. Where nothing is left of it, what was written before goes.
    """
    key = f"{REJECTED}{record.id}.json"
    if not rejected and not waiting:
        delete_object(ground.opt_outs, key)
        return
    lines = [{"line": each.line, "code": each.code} for each in rejected]
    waits = [{"line": line, "installs": installs} for line, installs in waiting]
    text = json.dumps({"list": record.id, "rejected": lines, "waiting": waits}, indent=1)
    write_object(ground.opt_outs, key, text.encode())


def _spell_hashes(hashes: Hashes) -> bytes:
    """Spell hashes as JSON has them within a list, one a line: a million of them as one array."""
    before, after = b'\n  "', b'",'
    lines = np.empty((len(hashes), len(before) + HASH_DIGITS + len(after)), np.uint8)
    lines[:, : len(before)] = np.frombuffer(before, np.uint8)
    lines[:, len(before) : -len(after)] = hashes.view(np.uint8).reshape(-1, HASH_DIGITS)
    lines[:, -len(after) :] = np.frombuffer(after, np.uint8)
    return lines.tobytes().rstrip(b",")
