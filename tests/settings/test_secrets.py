import pytest

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
