"""Secrets, which come from the environment and are never shown."""

import re
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_NAME: Final = re.compile(
    r"secret|passw|token|credential|api_?key|access_?key|hash_?key|user_id_key|private_?key|_user$|^key$"
)
URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^/\s]+(@)")

# What somebody might write into the file, and the variable that is meant; the first match counts.
VARIABLES: Final = (
    (re.compile(r"hash_?key"), "PUSHLIFT_HASH_KEY"),
    (re.compile(r"user_id_key"), "PUSHLIFT_USER_ID_KEY"),
    (re.compile(r"secret_access_key|^secret$"), "AWS_SECRET_ACCESS_KEY"),
    (re.compile(r"access_key|^key$"), "AWS_ACCESS_KEY_ID"),
    (re.compile(r"session_token"), "AWS_SESSION_TOKEN"),
    (re.compile(r"opt_out_user"), "PUSHLIFT_LIFTOFF_OPT_OUT_USER"),
    (re.compile(r"passw"), "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD"),
    (re.compile(r"api_?key"), "PUSHLIFT_LIFTOFF_API_KEY"),
)


class Secrets(BaseSettings):
    """What opens the partner's doors, and the keys of hashes.

    `hash_key` is that of suppressions; `user_id_key` is that of the user ids which Liftoff gets, and the same
    unless given: it must outlive a rotation of the other, or everybody would look new to Liftoff.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="PUSHLIFT_", env_ignore_empty=True, hide_input_in_errors=True
    )

    liftoff_api_key: SecretStr | None = None
    liftoff_opt_out_user: SecretStr | None = None
    liftoff_opt_out_password: SecretStr | None = None
    hash_key: SecretStr | None = None
    user_id_key: SecretStr | None = None


def load_secrets() -> Secrets:
    """Read the secrets from the environment; an absent or empty one is None."""
    return Secrets()


def is_secret_name(name: str) -> bool:
    """Say whether a key's name smells of a secret."""
    return SECRET_NAME.search(name.lower()) is not None


def name_variable(name: str) -> str | None:
    """Return the environment variable that holds what a key of this name would hold."""
    return next((variable for pattern, variable in VARIABLES if pattern.search(name.lower())), None)


def mask_url_password(text: str) -> str:
    """Return the text with the password of every URL in it replaced by stars."""
    return URL_PASSWORD.sub(r"\1***\2", text)


def has_url_password(text: str) -> bool:
    """Say whether the text holds a URL with a password."""
    return URL_PASSWORD.search(text) is not None
