"""What is known of a Pull API file beside its bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullSource:
    """The report that a file is (by the Pull API's name), the zone of its times, and its app.

    `app_id` is needed where the file has no column that tells it.
    """

    report: str
    zone: str = "UTC"
    app_id: str | None = None
