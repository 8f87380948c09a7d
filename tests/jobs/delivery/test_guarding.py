"""What must hold before anything leaves."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from etl.errors import ConfigurationError
from etl.jobs.delivery.guarding import require_key
from etl.settings import Secrets


@pytest.mark.parametrize(
    "key",
    ["a b", "a\tb", "a\r\nX-Injected: 1", "a\x00b", "a\x7fb", "clé", "a\u2028b", "\udc80"],
    ids=ascii,
)
def test_a_key_that_is_no_header_is_refused_and_not_quoted(key: str) -> None:
    """It would be another header, or none; the message tells nothing of it."""
    with pytest.raises(ConfigurationError) as refusal:
        require_key(Secrets(liftoff_api_key=SecretStr(key)))
    assert key not in str(refusal.value)


@pytest.mark.parametrize("key", [None, SecretStr(""), SecretStr("  ")])
def test_without_a_key_nothing_leaves(key: SecretStr | None) -> None:
    """The way out is said."""
    with pytest.raises(ConfigurationError, match="PUSHLIFT_LIFTOFF_API_KEY"):
        require_key(Secrets(liftoff_api_key=key))


def test_a_key_is_given_as_it_is() -> None:
    """Whatever its marks are."""
    key = SecretStr("aZ0-._~+/=")
    assert require_key(Secrets(liftoff_api_key=key)) == key
