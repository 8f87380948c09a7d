"""Secrets, which come from the environment and are never shown."""

import json
import re
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from etl.errors import ConfigurationError

SECRET_NAME: Final = re.compile(
    r"secret|passw|token|credential|api_?key|access_?key|hash_?key|user_id_key|private_?key|_user$|^key$"
)
URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^/\s]+(@)")

# What somebody might write into the file, and the variable that is meant; the first match counts.
VARIABLES: Final = (
    (re.compile(r"hash_?keys_before"), "PUSHLIFT_HASH_KEYS_BEFORE"),
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

    `hash_key` is that of suppressions, `hash_keys_before` those that it followed, as a JSON list of texts,
    the oldest first: what was hashed with them cannot be hashed anew, so they are needed still. `user_id_key`
    is that of the user ids which Liftoff gets, and unless given the oldest of these: it must outlive a
    rotation, or everybody would look new to Liftoff.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="PUSHLIFT_", env_ignore_empty=True, hide_input_in_errors=True
    )

    liftoff_api_key: SecretStr | None = None
    liftoff_opt_out_user: SecretStr | None = None
    liftoff_opt_out_password: SecretStr | None = None
    hash_key: SecretStr | None = None
    hash_keys_before: SecretStr | None = None
    user_id_key: SecretStr | None = None

    def list_hash_keys(self) -> tuple[bytes, ...]:
        """List the keys of hashes, the oldest first; none where there is no present one.

        Raises ConfigurationError, which quotes none, for a list of older ones that cannot be read, and for a
        key that is given twice.
        """
        if self.hash_key is None or not self.hash_key.get_secret_value():
            return ()
        before = () if self.hash_keys_before is None else _read_keys(self.hash_keys_before.get_secret_value())
        keys = (*before, self.hash_key.get_secret_value().encode())
        if len(set(keys)) < len(keys):
            raise ConfigurationError(
                "A key of hashes is given twice: PUSHLIFT_HASH_KEY is the present one, and"
                " PUSHLIFT_HASH_KEYS_BEFORE lists those before it."
            )
        return keys


def load_secrets() -> Secrets:
    """Read the secrets from the environment; an absent or empty one is None."""
    return Secrets()


def _read_keys(text: str) -> tuple[bytes, ...]:
    """Read a JSON list of keys."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise ConfigurationError(
            "PUSHLIFT_HASH_KEYS_BEFORE must be a JSON list of the earlier keys, the oldest first, such as"
            ' ["first", "second"].'
        )
    return tuple(each.encode() for each in found)


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
