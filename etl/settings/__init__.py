"""One TOML file, validated once, overridable by environment variables; secrets from the environment alone."""

from etl.settings.loading import find_config, load_settings
from etl.settings.models import App, Ingest, Liftoff, Settings, Source, Storage, StoreOptions
from etl.settings.secrets import Secrets, load_secrets

__all__ = [
    "App",
    "Ingest",
    "Liftoff",
    "Secrets",
    "Settings",
    "Source",
    "Storage",
    "StoreOptions",
    "find_config",
    "load_secrets",
    "load_settings",
]
