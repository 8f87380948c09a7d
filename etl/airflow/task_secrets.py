"""Where a task finds what opens the partner's doors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic import SecretStr

from etl.airflow.provider import HASH_KEY, HASH_KEYS_BEFORE, OPT_OUT_PASSWORD, USER_ID_KEY
from etl.errors import ConfigurationError
from etl.settings.secrets import Secrets, load_secrets

VARIABLE: Final = "PUSHLIFT_LIFTOFF_CONNECTION"
DEFAULT_CONNECTION: Final = "liftoff"


class Connection(Protocol):
    """As much of Airflow's connection as is read."""

    @property
    def login(self) -> str | None:
        """The opt-out user."""

    @property
    def password(self) -> str | None:
        """The API key."""

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The other fields of the form."""


def load_task_secrets() -> Secrets:
    """Load the secrets from Airflow's connection, and what that leaves open from the environment.

    The connection is the one that PUSHLIFT_LIFTOFF_CONNECTION names, else `liftoff`, which may be absent.
    All of it is masked in Airflow's logs. Raises ConfigurationError where a named connection does not exist.
    """
    connection = find_connection(os.environ)
    secrets = make_secrets({} if connection is None else read_fields(connection))
    mask(secrets)
    return secrets


def find_connection(environment: Mapping[str, str]) -> Connection | None:
    """Ask Airflow, and its secrets backend, for the connection."""
    from airflow.sdk.bases.hook import BaseHook  # noqa: PLC0415 - the command line has no Airflow
    from airflow.sdk.exceptions import AirflowNotFoundException  # noqa: PLC0415 - the same

    named = environment.get(VARIABLE)
    try:
        connection: Connection = BaseHook.get_connection(named or DEFAULT_CONNECTION)
    except AirflowNotFoundException:
        if named:
            raise ConfigurationError(
                f"{VARIABLE} names the connection {named!r}, which Airflow does not have; make it, with the"
                " type Liftoff, or name another."
            ) from None
        return None
    return connection


def read_fields(connection: Connection) -> dict[str, str]:
    """Give what is filled in, by the names that Secrets has."""
    extra = connection.extra_dejson
    given = {
        "liftoff_api_key": connection.password,
        "liftoff_opt_out_user": connection.login,
        "liftoff_opt_out_password": extra.get(OPT_OUT_PASSWORD),
        "hash_key": extra.get(HASH_KEY),
        "hash_keys_before": extra.get(HASH_KEYS_BEFORE),
        "user_id_key": extra.get(USER_ID_KEY),
    }
    return {name: str(text) for name, text in given.items() if text}


def make_secrets(fields: Mapping[str, str]) -> Secrets:
    """Make secrets of a connection's fields; those that are not among them come from the environment."""
    return load_secrets().model_copy(update={name: SecretStr(text) for name, text in fields.items()})


def mask(secrets: Secrets) -> None:
    """Have Airflow put stars in place of each secret in whatever it logs."""
    from airflow.sdk.log import mask_secret  # noqa: PLC0415 - as above

    for name in type(secrets).model_fields:
        if secret := getattr(secrets, name):
            mask_secret(secret.get_secret_value())
    for key in secrets.list_hash_keys():
        mask_secret(key.decode())
