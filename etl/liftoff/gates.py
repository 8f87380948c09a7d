"""The gates: why a postback does not leave. Each has a code, and a sentence for people.

A row gets the code of the first gate, in their order, that refuses it. They are asked of all rows when a plan
is made, and those that can be seen on the parameters alone again at each attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.columns import Mask, as_mask, get_text, mark_listing, mark_true
from etl.liftoff.consent import CONSENT_FIELDS, judge_consent
from etl.liftoff.media_sources import mark_restricted
from etl.liftoff.parameters import IDENTIFIERS, REQUIRED
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.postbacks import Mapped
from etl.liftoff.vocabulary import list_vocabulary

# Where a gate stands: on the row, on what it says, on the halves of a pair, in the lake, or in the ledger.
Place = Literal["row", "parameters", "pair", "lake", "ledger"]
_DAY_MS: Final = 86_400_000
_SECOND_MS: Final = 1000
_TIMESTAMP_DIGITS: Final = 13
_TIMESTAMP: Final = "^[0-9]{13}$"


@dataclass(frozen=True, slots=True)
class Gate:
    """One reason not to send: its code, which is stable, the sentence behind it, and where it is decided.

    `blocks_occurrence` says that either half of a retargeting pair refuses for both.
    """

    code: str
    sentence: str
    place: Place
    blocks_occurrence: bool = False


GATES: Final = (
    Gate("unmapped_app", "The app has no Liftoff app id, or the event is of another app.", "row"),
    Gate("test_message", "It is AppsFlyer's test message, which nobody did.", "row", True),
    Gate("unmapped_event", "The app's vocabulary has no name for the event.", "row"),
    Gate("failed_quality", "The audit failed the event's app and day.", "lake"),
    Gate("held_quality", "The event's app and day have rows that are held back.", "lake"),
    Gate("restricted_media_source", "The terms of its media source forbid sharing.", "row", True),
    *(
        Gate(f"consent_{name}", sentence, "row", True)
        for name, sentence in (
            ("is_lat", "The person limits ad tracking (is_lat)."),
            ("att", "The person did not authorize tracking (att)."),
            ("gdpr_applies", "The GDPR applies, and there is no consent to share with ad platforms."),
            ("ad_user_data_enabled", "The person did not consent to share with ad platforms."),
            ("ad_personalization_enabled", "The person did not consent to personalized ads."),
        )
    ),
    Gate("suppressed", "The person opted out, of all or of sharing with third parties.", "ledger", True),
    Gate("weak_identity", "Nothing certain says who did it, so it may be told twice.", "row"),
    Gate("possible_twin", "It may be another event told twice: their time has no milliseconds.", "row"),
    Gate("timestamp_absent", "Without a time Liftoff would take it for an event of now.", "parameters"),
    Gate(
        "timestamp_malformed", "Its time has not 13 digits, so Liftoff would take now for it.", "parameters"
    ),
    Gate("timestamp_future", "It is in the future.", "parameters"),
    Gate("timestamp_before_install", "It is before the install.", "parameters"),
    Gate("timestamp_too_old", "It is older than the configured age.", "parameters"),
    *(
        Gate(f"missing_{name}", f"Liftoff requires {name}, and there is none to tell.", "parameters")
        for name in REQUIRED
        if name not in {"event_name", "event_timestamp"}
    ),
    Gate("no_identifier", "It has no id that may be told of the user or the device.", "parameters"),
    Gate("test_mode", "It is for Liftoff's test harness and the plan is not, or the reverse.", "parameters"),
    Gate("pair_other_half", "Another row tells of the same occurrence, which is sent once.", "pair"),
    Gate("pair_settling", "Its primary half may still arrive.", "pair"),
    Gate("already_delivered", "Liftoff has it already.", "ledger"),
    Gate("in_doubt_elsewhere", "Another plan sent it, or is sending it, and nobody knows yet.", "ledger"),
)
SENTENCES: Final[Mapping[str, str]] = {gate.code: gate.sentence for gate in GATES}
BLOCKING: Final = frozenset(gate.code for gate in GATES if gate.blocks_occurrence)
ORDER: Final = {gate.code: place for place, gate in enumerate(GATES)}


def judge_events(rows: pa.Table, mapped: Mapped, policy: SendingPolicy, now_ms: int) -> pa.Array:
    """Give the code of the first gate that refuses each row; null where none does.

    Of the gates it asks those whose place is the row or the parameters; `now_ms` is in milliseconds.
    """
    refusals = [*_judge_rows(rows, mapped, policy), *_judge_parameters(mapped, policy, now_ms)]
    first = np.full(len(rows), len(GATES), dtype=np.int32)
    for code, mask in refusals:
        first[mask & (first > ORDER[code])] = ORDER[code]
    return spell_codes(first)


def spell_codes(places: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Write places in the order of gates as their codes; null for the place behind the last."""
    codes = pa.array([*(gate.code for gate in GATES), None], pa.string())
    return codes.take(pa.array(places))


def judge_attempt(parameters: Mapping[str, str], policy: SendingPolicy, now_ms: int) -> str | None:
    """Give the code of the first gate that refuses a postback about to leave; None where none does."""
    if parameters.get("liftoff_app_id") != policy.liftoff_app_id:
        return "unmapped_app"
    if parameters.get("event_name") not in list_vocabulary(policy.events):
        return "unmapped_event"
    if code := _judge_timestamp(parameters, policy, now_ms):
        return code
    if missing := next((name for name in REQUIRED if not parameters.get(name)), None):
        return f"missing_{missing}"
    if not any(parameters.get(name) for name in IDENTIFIERS):
        return "no_identifier"
    return None if parameters.get("test_mode") == ("1" if policy.is_test else None) else "test_mode"


def _judge_timestamp(parameters: Mapping[str, str], policy: SendingPolicy, now_ms: int) -> str | None:
    text = parameters.get("event_timestamp")
    if not text:
        return "timestamp_absent"
    if not _is_timestamp(text):
        return "timestamp_malformed"
    event_ms = int(text)
    if event_ms > now_ms:
        return "timestamp_future"
    install = parameters.get("install_timestamp", "")
    if _is_timestamp(install) and event_ms // _SECOND_MS < int(install) // _SECOND_MS:
        return "timestamp_before_install"
    return "timestamp_too_old" if now_ms - event_ms > policy.max_age_days * _DAY_MS else None


def _is_timestamp(text: str) -> bool:
    return len(text) == _TIMESTAMP_DIGITS and text.isascii() and text.isdigit()


def _judge_rows(rows: pa.Table, mapped: Mapped, policy: SendingPolicy) -> Iterator[tuple[str, Mask]]:
    yield "unmapped_app", ~as_mask(pc.equal(get_text(rows, "app_id"), policy.app_id))
    yield "test_message", mark_true(rows, "is_test_message")
    yield "unmapped_event", _is_absent(mapped.column("event_name"))
    yield "restricted_media_source", mark_restricted(rows, policy.restricted_media_sources)
    refused = judge_consent(rows, policy.consent).refused
    yield from ((f"consent_{name}", refused[name]) for name in CONSENT_FIELDS if name in refused)
    if not policy.accept_doubtful_identity:
        for flag in ("weak_identity", "possible_twin"):
            yield flag, mark_listing(rows, "quality_flags", flag)


def _judge_parameters(mapped: Mapped, policy: SendingPolicy, now_ms: int) -> Iterator[tuple[str, Mask]]:
    texts = mapped.column("event_timestamp")
    is_timestamp = as_mask(pc.match_substring_regex(texts, _TIMESTAMP))
    yield "timestamp_absent", _is_absent(texts)
    yield "timestamp_malformed", ~is_timestamp
    event_ms = _read_timestamps(texts, is_timestamp)
    install_ms = _read_timestamps(mapped.column("install_timestamp"), None)
    yield "timestamp_future", is_timestamp & (event_ms > now_ms)
    # Times that came without milliseconds are the beginning of their second.
    yield "timestamp_before_install", is_timestamp & (event_ms // _SECOND_MS < install_ms // _SECOND_MS)
    yield "timestamp_too_old", is_timestamp & (now_ms - event_ms > policy.max_age_days * _DAY_MS)
    for name in REQUIRED:
        if f"missing_{name}" in ORDER:
            yield f"missing_{name}", _is_absent(mapped.column(name))
    yield "no_identifier", np.logical_and.reduce([_is_absent(mapped.column(name)) for name in IDENTIFIERS])


def _read_timestamps(texts: pa.Array, is_timestamp: Mask | None) -> npt.NDArray[np.int64]:
    kept = texts if is_timestamp is None else pc.if_else(pa.array(is_timestamp), texts, None)
    numbers: npt.NDArray[np.int64] = kept.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return numbers


def _is_absent(column: pa.Array) -> Mask:
    mask: Mask = column.is_null().to_numpy(zero_copy_only=False)
    return mask
