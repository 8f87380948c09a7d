"""How opt-outs are honoured (Liftoff: GDPR Opt-Out API v3; the GDPR's article 12 gives a month)."""

from typing import Literal

from pydantic import Field

from etl.settings.sections import Section


class OptOuts(Section):
    """How lists are taken in, and how their ids are submitted.

    `policy` says what becomes of a person's events: the rows go, or only what tells of the person does and
    the rest stays for totals. `new_events` says the same of what lands of a person later, or is read again.
    With `landing` "rewrite" their messages leave the landed objects as well, which otherwise are never
    written to. With `suppress_customer_user_id` the app's own id of a person, in the same app, is suppressed
    and erased with them, on whatever devices it stands. An id of more installs than `most_installs` waits for
    a person: it may be a placeholder that half the users share. `batch_size` ids go in one request, which is
    given up for this sweep after `give_up_minutes` and some attempts. People are told of requests that come
    due within `alert_days`. With `test`, Liftoff is told that it is a test, and what it answers counts for
    nothing.
    """

    deadline_days: int = Field(default=30, ge=1, le=365)
    policy: Literal["rows", "identifiers"] = "rows"
    new_events: Literal["drop", "without_identifiers"] = "drop"
    suppress_customer_user_id: bool = False
    landing: Literal["keep", "rewrite"] = "keep"
    most_installs: int = Field(default=50, ge=1)
    batch_size: int = Field(default=500, ge=1, le=10_000)
    requests_per_second: float = Field(default=1, gt=0, le=1000)
    give_up_minutes: float = Field(default=10, ge=0)
    alert_days: float = Field(default=7, ge=0)
    test: bool = False
