"""The connection type "Liftoff", as Airflow learns of it from the package's entry point."""

from __future__ import annotations

from typing import Any, Final

CONNECTION_TYPE: Final = "liftoff"
HOOK: Final = "etl.airflow.liftoff_hook.LiftoffHook"

# Airflow hides the values of a connection's extra by their names: each of these holds a word that it knows.
OPT_OUT_PASSWORD: Final = "opt_out_password"  # noqa: S105 - the name of a field
HASH_KEY: Final = "hash_key_secret"
HASH_KEYS_BEFORE: Final = "hash_keys_before_secret"
USER_ID_KEY: Final = "user_id_key_secret"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider and the form of its connection; imports nothing, for Airflow always asks."""
    return {
        "package-name": "pushlift",
        "name": "pushlift",
        "description": "Postbacks and GDPR opt-outs to Liftoff.",
        "integrations": [
            {"integration-name": "Liftoff", "external-doc-url": "https://liftoff.io/", "tags": ["service"]}
        ],
        "hooks": [{"integration-name": "Liftoff", "python-modules": ["etl.airflow.liftoff_hook"]}],
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": HOOK,
                "hook-name": "Liftoff",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "port", "schema", "extra"],
                    "relabeling": {"password": "API key", "login": "Opt-out user"},
                    "placeholders": {
                        "password": "Of Liftoff's Analytics S2S",
                        "login": "Of Liftoff's GDPR opt-out API",
                    },
                },
                "conn-fields": {
                    OPT_OUT_PASSWORD: _describe_password(
                        "Opt-out password", "Of Liftoff's GDPR opt-out API."
                    ),
                    HASH_KEY: _describe_password(
                        "Hash key", "The key of suppressions; the ledger knows when it is another one."
                    ),
                    HASH_KEYS_BEFORE: _describe_password(
                        "Hash keys before", "After a rotation: the earlier ones as a JSON list, oldest first."
                    ),
                    USER_ID_KEY: _describe_password(
                        "User id key",
                        "The key of the user ids that Liftoff gets; else the first hash key is.",
                    ),
                },
            }
        ],
    }


def _describe_password(label: str, description: str) -> dict[str, Any]:
    schema = {"type": ["string", "null"], "format": "password"}
    return {"label": label, "description": description, "schema": schema}
