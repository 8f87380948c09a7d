"""What leaves for Liftoff, how fast, and by whose leave (Liftoff: Analytics S2S; GDPR opt-out API v3)."""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from etl.liftoff.policy import RESTRICTED_MEDIA_SOURCES, Refusal, UserId
from etl.liftoff.templates import parse_template, require_complete
from etl.liftoff.vocabulary import check_vocabulary
from etl.settings.partner_urls import check_privacy
from etl.settings.sections import HttpUrl, Section

__all__ = ["RESTRICTED_MEDIA_SOURCES", "App", "Consent", "Liftoff", "Refusal", "Response", "UserId"]

LEAST_CONNECTIONS: Final = 16
MOST_CONNECTIONS: Final = 200
# An instant of ours plus or minus this is one that every type can hold.
CENTURY_DAYS: Final = 36_525
DAY_SECONDS: Final = 86_400


def check_postback_url(url: str) -> str:
    """Accept a postback URL with a macro for all that Liftoff requires (Liftoff: Analytics S2S)."""
    template = parse_template(url)
    require_complete(template)
    check_privacy(template.address)
    return url


PostbackUrl = Annotated[str, AfterValidator(check_postback_url)]
OptOutUrl = Annotated[HttpUrl, AfterValidator(check_privacy)]
Vocabulary = Annotated[dict[str, str], AfterValidator(check_vocabulary)]


class Consent(Section):
    """What each field of consent does to a postback where it says no.

    `is_lat` is disregarded on iOS from 14 on, where `att` took its place (AppsFlyer: Push API V2.0).
    `gdpr_applies` says no where it is true and `ad_user_data_enabled` does not say yes.
    """

    is_lat: Refusal = Refusal.WITHHOLD
    att: Refusal = Refusal.WITHHOLD
    gdpr_applies: Refusal = Refusal.REFUSE
    ad_user_data_enabled: Refusal = Refusal.REFUSE
    ad_personalization_enabled: Refusal = Refusal.WITHHOLD


class Response(Section):
    """A rule for Liftoff's answers; the first that fits decides.

    `status` is a status ("429") or a class ("5xx"); `body_contains` is a text that the body must hold, in any
    casing. `outcome` is `delivered`, `retry` (not accepted, try again), `refused` (never try again), `stop`
    (something is wrong with us: nobody sends any more) or `unknown` (accepted or not, nobody can say).
    """

    status: str = Field(pattern=r"^([1-5]\d\d|[1-5]xx)$")
    body_contains: str | None = None
    outcome: Literal["delivered", "retry", "refused", "stop", "unknown"]


class Liftoff(Section):
    """Liftoff's two interfaces, and the manners of sending.

    `postback_url` may be Liftoff's address alone, or a whole template: a query whose values are macros, such
    as `client_ip={client_ip}`, or `ip=(ip)` in AppsFlyer's spelling. Times are in the unit of their name.
    `responses` come before the rules that pushlift has. Without a `daily_cap` there is none. In Airflow a
    plan of fewer postbacks than `approval_from` needs nobody's approval. `connections` is how many requests a
    process has on their way at most, by default as many as a fifth of a second needs, 16 to 200: more for a
    partner who answers later. Continuous delivery looks `continuous_days` back, and leaves a plan of more
    than `continuous_limit` postbacks to a person.
    """

    postback_url: PostbackUrl = "https://analytics.liftoff.io/v2/events"
    opt_out_url: OptOutUrl | None = None
    proxy: HttpUrl | None = None
    postbacks_per_second: float = Field(default=15, gt=0, le=10_000)
    test_postbacks_per_second: float = Field(default=1, gt=0, le=10_000)
    daily_cap: int | None = Field(default=None, ge=1)
    test_daily_cap: int | None = Field(default=None, ge=1)
    connections: int = Field(default=LEAST_CONNECTIONS, ge=1, le=256)
    connect_seconds: float = Field(default=5, gt=0, le=300)
    read_seconds: float = Field(default=30, gt=0, le=600)
    claim_seconds: float = Field(default=120, gt=0, le=3600)
    least_attempts: int = Field(default=5, ge=1, le=1000)
    give_up_hours: float = Field(default=24, ge=0, le=24 * CENTURY_DAYS)
    backoff_seconds: float = Field(default=1, gt=0, le=DAY_SECONDS)
    backoff_cap_seconds: float = Field(default=300, gt=0, le=DAY_SECONDS)
    canary: int = Field(default=100, ge=0)
    canary_refused_share: float = Field(default=0.1, ge=0, le=1)
    responses: tuple[Response, ...] = ()
    user_id: UserId = UserId.HASHED
    consent: Consent = Consent()
    restricted_media_sources: tuple[str, ...] = RESTRICTED_MEDIA_SOURCES
    max_age_days: float = Field(default=90, gt=0, le=CENTURY_DAYS)
    pair_settling_hours: float = Field(default=24, ge=0, le=24 * CENTURY_DAYS)
    accept_doubtful_identity: bool = False
    keep_personal_days: float = Field(default=7, ge=0, le=CENTURY_DAYS)
    approval_from: int = Field(default=1, ge=1)
    continuous_days: int = Field(default=7, ge=1, le=365)
    continuous_limit: int = Field(default=100_000, ge=1)

    @model_validator(mode="after")
    def _count_connections(self) -> Self:
        """Have enough to wait for a slot, for an answer and for its record, unless it is said."""
        if "connections" not in self.model_fields_set:
            rate = max(self.postbacks_per_second, self.test_postbacks_per_second)
            count = min(max(LEAST_CONNECTIONS, math.ceil(rate / 5)), MOST_CONNECTIONS)
            object.__setattr__(self, "connections", count)
        return self


class App(Section):
    """What Liftoff calls an AppsFlyer app and its events; needed only to send.

    `events` maps AppsFlyer's event names, or the topics `reinstall`, `re_engagement` and `re_attribution`, to
    Liftoff's fixed vocabulary; installs are `install` without being named. None in the others means: as
    `[liftoff]` says. With `continuous`, new events are sent after each ingest, without anybody's approval.
    """

    liftoff_app_id: str | None = None
    app_store_id: str | None = None
    bundle_id: str | None = None
    events: Vocabulary = Field(default_factory=dict)
    user_id: UserId | None = None
    restricted_media_sources: tuple[str, ...] | None = None
    continuous: bool = False
