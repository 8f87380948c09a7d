"""What people did not agree to, and what follows (AppsFlyer: Push API V2.0 and its newer fields)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from etl.liftoff.columns import Mask, get_text, mark_false, mark_true, mark_values
from etl.liftoff.policy import ConsentPolicy, Refusal

# From this iOS on `att` counts, and `is_lat` does not.
ATT_IOS: Final = 14
CONSENT_FIELDS: Final = (
    "is_lat",
    "att",
    "gdpr_applies",
    "ad_user_data_enabled",
    "ad_personalization_enabled",
)
_AUTHORIZED: Final = frozenset({"authorized", "af_authorized"})
_MAJOR = re.compile(r"\D*([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Consent:
    """`withheld` marks rows without advertising id; `refused` holds, by field, rows that must not leave."""

    withheld: Mask
    refused: dict[str, Mask]


def judge_consent(rows: pa.Table, policy: ConsentPolicy) -> Consent:
    """Judge what the rows' fields of consent say; where a field is absent, it says nothing."""
    withheld = np.zeros(len(rows), dtype=bool)
    refused: dict[str, Mask] = {}
    for name, says_no in _find_refusals(rows):
        match Refusal(getattr(policy, name)):
            case Refusal.WITHHOLD:
                withheld |= says_no
            case Refusal.REFUSE:
                refused[name] = says_no
            case Refusal.SEND:
                pass
    return Consent(withheld, refused)


def ios_major(os_version: str) -> int | None:
    """Give the major version in texts such as `14.4`, `iOS 14.4` or `14`; None where there is no number."""
    found = _MAJOR.match(os_version.strip())
    return int(found[1]) if found else None


def is_authorized(att: str) -> bool:
    """Tell whether an answer to App Tracking Transparency is yes; an answer that is not known is no."""
    return att.strip().casefold() in _AUTHORIZED


def _find_refusals(rows: pa.Table) -> Iterator[tuple[str, Mask]]:
    """Find where each field says no.

    On iOS, `is_lat` counts before version 14 and `att` from it on, and both where the version is not known.
    Elsewhere there is no `att`.
    """
    is_ios = mark_values(get_text(rows, "platform"), lambda platform: platform.casefold() == "ios")
    versions = get_text(rows, "os_version")
    is_since = is_ios & mark_values(versions, lambda version: (ios_major(version) or 0) >= ATT_IOS)
    is_before = is_ios & mark_values(versions, lambda version: 0 <= (ios_major(version) or -1) < ATT_IOS)
    is_asked = is_ios & ~is_before
    yield "is_lat", mark_true(rows, "is_lat") & ~is_since
    yield "att", mark_values(get_text(rows, "att"), lambda att: not is_authorized(att)) & is_asked
    yield "gdpr_applies", mark_true(rows, "gdpr_applies") & ~mark_true(rows, "ad_user_data_enabled")
    yield "ad_user_data_enabled", mark_false(rows, "ad_user_data_enabled")
    yield "ad_personalization_enabled", mark_false(rows, "ad_personalization_enabled")
