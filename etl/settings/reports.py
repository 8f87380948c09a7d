"""Pages that are made by themselves: where they go, of how many days, and how long they stay."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from etl.settings.sections import Section


def check_folder(folder: str) -> str:
    """Accept a folder inside the lake's store that no reader takes for a table."""
    parts = PurePosixPath(folder).parts
    if not parts or not parts[0].startswith("_") or ".." in parts or parts[0] == "_scratch":
        message = 'must begin with an underscore, as "_reports" does, so that nobody takes it for a table'
        raise ValueError(message)
    return "/".join(parts)


class Reports(Section):
    """How the scheduled pages of apps are made.

    They go to `folder` in the lake's store and tell of the last `days` complete days. A page stays for
    `keep_days` after its last day; None keeps it for good.
    """

    folder: Annotated[str, AfterValidator(check_folder)] = "_reports"
    days: int = Field(default=30, ge=1, le=400)
    keep_days: int | None = Field(default=92, ge=1)
