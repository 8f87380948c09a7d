"""From rows of `events` to what the ledger keeps of their postbacks, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.gates import judge_events
from etl.liftoff.pairs import choose_halves, unite_halves
from etl.liftoff.payloads import encode_parameters
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.postbacks import Mapped, map_events


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch's postbacks, one a row: `codes` is null where it may be sent, `payloads` where it may not."""

    mapped: Mapped
    codes: pa.Array
    payloads: pa.Array


def prepare_postbacks(rows: pa.Table, policy: SendingPolicy, user_id_key: bytes, now_ms: int) -> Prepared:
    """Map and judge rows, choose one of each occurrence, and encode what is to be sent.

    All rows of an occurrence must be in the table; `rows` is as `map_events` wants it.
    """
    united = unite_halves(rows)
    mapped = map_events(united, policy, user_id_key)
    codes = choose_halves(united, judge_events(united, mapped, policy, now_ms), policy, now_ms)
    payloads = pc.if_else(codes.is_null(), encode_parameters(mapped), None)
    return Prepared(mapped, codes, payloads)
