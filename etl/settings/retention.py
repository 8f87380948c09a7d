"""How long what is held stays."""

from pydantic import Field

from etl.settings.sections import Section


class Retention(Section):
    """What upkeep lets go, and when; None keeps it for good.

    `replaced_hours` is the grace of readers: files that a publish, an erasure or a compaction replaced are
    deleted so long after, and with them every older version of a table. Events go by their UTC day,
    messages in quarantine by when they landed, landed objects by when they landed, once they are finished,
    and files of the Pull API by when they were dropped.
    """

    replaced_hours: int = Field(default=168, ge=1)
    events_days: int | None = Field(default=None, ge=1)
    quarantine_days: int | None = Field(default=None, ge=1)
    landing_days: int | None = Field(default=None, ge=1)
    pull_days: int | None = Field(default=None, ge=1)
