"""Where a task finds pushlift's configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from etl.settings import Settings, load_settings
from etl.settings.loading import CONFIG_VARIABLE

AIRFLOW_VARIABLE: Final = "pushlift_config"


def load_task_settings() -> Settings:
    """Load the settings from the configuration that the environment or Airflow names.

    That is PUSHLIFT_CONFIG, else the Airflow Variable `pushlift_config`, else ./pushlift.toml. Raises
    ConfigurationError as `load_settings` does.
    """
    if os.environ.get(CONFIG_VARIABLE):
        return load_settings()
    from airflow.sdk import Variable  # noqa: PLC0415 - where the environment names a file, Airflow is not needed

    path = Variable.get(AIRFLOW_VARIABLE, default=None)
    return load_settings(Path(path) if path else None)
