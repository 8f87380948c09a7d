"""What was agreed for one app: all that is configurable of what postbacks say and whether they leave."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

# Raise it with every change of what a row becomes, or of which rows may leave: a plan made before is then
# refused instead of sent as something else than what was approved.
MAPPING_VERSION: Final = 2

# Named by AppsFlyer as networks whose terms restrict sharing, by whatever name they go (AppsFlyer: Push API
# V2.0). "restricted" is what AppsFlyer calls a source that it may not name.
RESTRICTED_MEDIA_SOURCES: Final = (
    "facebook",
    "instagram",
    "meta ads",
    "restricted",
    "twitter",
    "snapchat",
    "pinterest",
)


class UserId(StrEnum):
    """What Liftoff is told as `user_id`: a keyed hash, one an app, of the AppsFlyer id; or an id as it is."""

    HASHED = "hashed"
    APPSFLYER_ID = "appsflyer_id"
    CUSTOMER_USER_ID = "customer_user_id"


class Refusal(StrEnum):
    """What follows when a person did not agree: nothing, no advertising id, or no postback at all."""

    SEND = "send"
    WITHHOLD = "withhold"
    REFUSE = "refuse"


class Mode(StrEnum):
    """Whether postbacks count, or only show in Liftoff's test harness."""

    PRODUCTION = "production"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """What each field of consent does where it says no."""

    is_lat: Refusal = Refusal.WITHHOLD
    att: Refusal = Refusal.WITHHOLD
    gdpr_applies: Refusal = Refusal.REFUSE
    ad_user_data_enabled: Refusal = Refusal.REFUSE
    ad_personalization_enabled: Refusal = Refusal.WITHHOLD


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """What was agreed for one app in one mode.

    `app_id` is AppsFlyer's. `events` maps AppsFlyer's event names, or the topics `reinstall`, `re_engagement`
    and `re_attribution`, to Liftoff's vocabulary. `template` is the postback URL as configured.
    """

    app_id: str
    liftoff_app_id: str
    mode: Mode
    template: str
    events: Mapping[str, str] = field(default_factory=dict)
    bundle_id: str | None = None
    user_id: UserId = UserId.HASHED
    consent: ConsentPolicy = ConsentPolicy()
    restricted_media_sources: tuple[str, ...] = RESTRICTED_MEDIA_SOURCES
    max_age_days: float = 90
    pair_settling_hours: float = 24
    accept_doubtful_identity: bool = False

    @property
    def is_test(self) -> bool:
        """Whether the postbacks only show in Liftoff's test harness."""
        return self.mode is Mode.TEST


def configuration_hash(policy: SendingPolicy) -> str:
    """Hash what was agreed, with the version of the mapping: 64 hex digits.

    Equal policies have equal hashes in whatever order they were written. Neither secrets nor anything of a
    person is part of it.
    """
    agreed = {"mapping": MAPPING_VERSION, **asdict(policy)}
    agreed["restricted_media_sources"] = sorted(set(policy.restricted_media_sources))
    return hashlib.sha256(json.dumps(agreed, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
