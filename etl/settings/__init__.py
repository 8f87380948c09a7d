"""One TOML file, validated once, overridable by environment variables; secrets from the environment alone."""

from etl.settings.liftoff import App, Consent, Liftoff, Refusal, Response, UserId
from etl.settings.loading import find_config, load_settings
from etl.settings.models import Ingest, Settings, Source, Storage, StoreOptions
from etl.settings.opt_outs import OptOuts
from etl.settings.retention import Retention
from etl.settings.secrets import Secrets, load_secrets

__all__ = [
    "App",
    "Consent",
    "Ingest",
    "Liftoff",
    "OptOuts",
    "Refusal",
    "Response",
    "Retention",
    "Secrets",
    "Settings",
    "Source",
    "Storage",
    "StoreOptions",
    "UserId",
    "find_config",
    "load_secrets",
    "load_settings",
]
