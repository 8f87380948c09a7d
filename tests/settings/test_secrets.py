import pytest

from etl.errors import ConfigurationError
from etl.settings import load_secrets


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each secret has one variable; an empty one is absent."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", "k3y")
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "")

    secrets = load_secrets()

    assert secrets.liftoff_api_key is not None
    assert secrets.liftoff_api_key.get_secret_value() == "k3y"
    assert secrets.hash_key is None


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text form of the secrets holds one."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD", "hunter2")

    secrets = load_secrets()

    assert "hunter2" not in f"{secrets} {secrets!r} {secrets.model_dump_json()}"


def test_earlier_hash_keys_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The present one comes last; without one there is none."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEYS_BEFORE", '["first", "second, with spaces"]')
    assert load_secrets().list_hash_keys() == ()
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "third")
    assert load_secrets().list_hash_keys() == (b"first", b"second, with spaces", b"third")


@pytest.mark.parametrize(
    "text", ["hunter2", '"hunter2"', '{"a": "hunter2"}', '["hunter2", 1]', '["hunter2", ""]']
)
def test_a_list_of_keys_that_is_none_is_not_quoted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The error names the variable."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "third")
    monkeypatch.setenv("PUSHLIFT_HASH_KEYS_BEFORE", text)
    with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEYS_BEFORE") as caught:
        load_secrets().list_hash_keys()
    assert "hunter2" not in caught.value.message


def test_a_key_is_not_its_own_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    """That would be a rotation to nothing."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "third")
    monkeypatch.setenv("PUSHLIFT_HASH_KEYS_BEFORE", '["third"]')
    with pytest.raises(ConfigurationError, match="twice"):
        load_secrets().list_hash_keys()
