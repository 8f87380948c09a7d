"""From the chosen rows to those of the ledger: mapped, judged by every gate, one an occurrence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.hash_keys import HashKey
from etl.jobs.keys import Keys
from etl.liftoff.gates import GATES, ORDER, spell_codes
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.preparing import prepare_postbacks
from etl.liftoff.templates import parse_template
from etl.subjects import PERSON_FIELDS, list_subjects

PLANNED: Final = "planned"
OTHER_HALF: Final = "pair_other_half"
# What mapping and gates read of `events`; a test holds this against what they do with whole rows.
_COLUMNS: Final = (
    *("app_id", "event_id", "occurrence_id", "event_date", "event_time", "loaded_at", "topic", "event_name"),
    *("is_test_message", "quality_flags", "media_source", "af_prt", "is_primary_attribution", "install_time"),
    *("is_lat", "att", "gdpr_applies", "ad_user_data_enabled", "ad_personalization_enabled"),
    *("ip", "language", "device_type", "device_model", "platform", "os_version", "user_agent"),
    *("app_version", "bundle_id", "event_revenue", "event_revenue_currency", "event_revenue_usd"),
    *("revenue_in_selected_currency", "selected_currency", "embedded_ids"),
)
_PERSON_COLUMNS: Final = [*PERSON_FIELDS, "embedded_ids"]


@dataclass(frozen=True, slots=True)
class Judging:
    """What a plan's rows are judged by; `now_ms` is its present, in milliseconds.

    `suppressed` are hashes of people, `failed_days` the codes of days that are left out.
    """

    policy: SendingPolicy
    keys: Keys
    now_ms: int
    suppressed: pa.Array
    failed_days: Mapping[date, str]


def list_columns(policy: SendingPolicy) -> list[str]:
    """List the columns of `events` that mapping and gates read."""
    asked = parse_template(policy.template).fields
    return list(dict.fromkeys((*_COLUMNS, *PERSON_FIELDS, *asked)))


def prepare_rows(rows: pa.Table, judging: Judging) -> pa.Table:
    """Prepare rows as `Selection.read_rows` gives them; gives one row an occurrence, as the ledger keeps it.

    `code` says why a row is excluded; its personal values are left out then.
    """
    prepared = prepare_postbacks(rows, judging.policy, judging.keys.user_ids, judging.now_ms)
    subjects = _find_subjects(rows, prepared.codes, judging.keys.subjects)
    codes = _judge_by_records(rows, prepared.codes, subjects, judging)
    is_queued = codes.is_null()
    made = pa.table(
        {
            "occurrence_id": rows["occurrence_id"],
            "event_id": rows["event_id"],
            "event_date": rows["event_date"],
            "source_name": rows["source_name"],
            "event_name": prepared.mapped.column("event_name"),
            "parameters": pc.if_else(is_queued, prepared.payloads, None),
            "subjects": pc.if_else(is_queued, subjects, None),
            "code": codes,
        }
    )
    is_chosen = pc.not_equal(prepared.codes, OTHER_HALF).fill_null(True)
    return made if pc.all(is_chosen).as_py() else made.filter(is_chosen)


def _judge_by_records(rows: pa.Table, codes: pa.Array, subjects: pa.Array, judging: Judging) -> pa.Array:
    """Add what the lake and the ledger know; of several codes the first in the order of gates stands."""
    first = _rank(codes)
    is_delivered = rows["is_delivered"].to_numpy(zero_copy_only=False)
    for mask, code in (
        (_mark_suppressed(subjects, judging.suppressed), "suppressed"),
        (is_delivered, "already_delivered"),
        *((pc.equal(rows["event_date"], day).to_numpy(), code) for day, code in judging.failed_days.items()),
    ):
        first[mask & (first > ORDER[code])] = ORDER[code]
    return spell_codes(first)


def _rank(codes: pa.Array) -> npt.NDArray[np.int64]:
    encoded = codes.dictionary_encode()
    ranks = np.array([*(ORDER[code] for code in encoded.dictionary.to_pylist()), len(GATES)], dtype=np.int64)
    found: npt.NDArray[np.int64] = ranks[
        encoded.indices.fill_null(len(ranks) - 1).to_numpy(zero_copy_only=False)
    ]
    return found


def _mark_suppressed(subjects: pa.Array, suppressed: pa.Array) -> npt.NDArray[np.bool_]:
    mask = np.zeros(len(subjects), dtype=bool)
    if len(suppressed):
        lists = pc.split_pattern(subjects, " ")
        places = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        hit = pc.is_in(pc.list_flatten(lists), suppressed).to_numpy(zero_copy_only=False)
        mask[places[hit]] = True
    return mask


def _find_subjects(rows: pa.Table, codes: pa.Array, key: HashKey) -> pa.Array:
    """List whom each row is about; nobody where an earlier gate refuses it, and nobody will ask."""
    if pc.any(pc.equal(codes, OTHER_HALF)).as_py():
        return _join_subjects(list_subjects(key, rows), rows)
    matters = pa.array(_rank(codes) > ORDER["suppressed"])
    found = list_subjects(key, rows.select(_PERSON_COLUMNS).filter(matters))
    return pc.replace_with_mask(pa.repeat(pa.scalar("", pa.string()), len(rows)), matters, found)


def _join_subjects(subjects: pa.Array, rows: pa.Table) -> pa.Array:
    """Give the chosen row of an occurrence the ids of all its halves."""
    ids = pc.utf8_trim(subjects, " ")
    halves = pa.table({"occurrence_id": rows["occurrence_id"], "subjects": ids})
    joined: dict[str, dict[str, None]] = {}
    for occurrence_id, text in zip(*(column.to_pylist() for column in halves.columns), strict=True):
        joined.setdefault(occurrence_id, {}).update(dict.fromkeys((text or "").split()))
    return pa.array([" ".join(joined[each]) for each in rows["occurrence_id"].to_pylist()], pa.string())
