"""Who may ask the sandbox, and whether a request is theirs."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from etl.settings.secrets import Secrets

# Of no use anywhere but here, so they may be read by everybody.
TEST_API_KEY: Final = "sandbox-api-key"
TEST_USER: Final = "sandbox"
TEST_PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens nothing but a sandbox

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What both interfaces ask for."""

    api_key: str = field(default=TEST_API_KEY, repr=False)
    opt_out_user: str = field(default=TEST_USER, repr=False)
    opt_out_password: str = field(default=TEST_PASSWORD, repr=False)

    def judge_bearer(self, headers: Headers) -> str | None:
        """Give the rule that a request for postbacks breaks; None lets it in."""
        given = _find_authorization(headers, b"bearer")
        return given if isinstance(given, str) else _compare(given, self.api_key.encode())

    def judge_basic(self, headers: Headers) -> str | None:
        """Give the rule that a request for opt-outs breaks; None lets it in."""
        given = _find_authorization(headers, b"basic")
        if isinstance(given, str):
            return given
        try:
            decoded = b64decode(given, validate=True)
        except ValueError:
            return "authorization_wrong"
        return _compare(decoded, f"{self.opt_out_user}:{self.opt_out_password}".encode())


def find_credentials(secrets: Secrets) -> Credentials:
    """Take the credentials of the environment, and those for tests where there are none."""
    return Credentials(
        api_key=_reveal(secrets.liftoff_api_key, TEST_API_KEY),
        opt_out_user=_reveal(secrets.liftoff_opt_out_user, TEST_USER),
        opt_out_password=_reveal(secrets.liftoff_opt_out_password, TEST_PASSWORD),
    )


def describe_credentials(credentials: Credentials) -> dict[str, str]:
    """Say what to send, by variable; what is not for tests is named and not shown."""
    given = {
        "PUSHLIFT_LIFTOFF_API_KEY": (credentials.api_key, TEST_API_KEY),
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": (credentials.opt_out_user, TEST_USER),
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": (credentials.opt_out_password, TEST_PASSWORD),
    }
    return {
        name: value if value == test else "as in the environment" for name, (value, test) in given.items()
    }


def _reveal(secret: SecretStr | None, otherwise: str) -> str:
    return secret.get_secret_value() if secret else otherwise


def _find_authorization(headers: Headers, scheme: bytes) -> bytes | str:
    """Find the credentials of a scheme, or the rule that their header breaks."""
    found = [value for name, value in headers if name == b"authorization"]
    if len(found) != 1:
        return "authorization_missing"
    name, _, value = found[0].partition(b" ")
    return value.strip() if name.lower() == scheme else "authorization_scheme"


def _compare(given: bytes, wanted: bytes) -> str | None:
    return None if hmac.compare_digest(given, wanted) else "authorization_wrong"
