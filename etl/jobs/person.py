"""Who decides."""

from __future__ import annotations

import getpass
import os


def name_person() -> str:
    """Name who decides: the owner of the Airflow task, else the user of this machine."""
    return os.environ.get("AIRFLOW_CTX_DAG_OWNER") or getpass.getuser()
