"""The connection's secrets as tasks read them, and its test button, against a real stand-in Liftoff."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from airflow.sdk import BaseHook
from airflow.sdk._shared.secrets_masker import _secrets_masker
from pydantic import SecretStr

from etl.airflow.liftoff_hook import EMPTY, LiftoffHook
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import ConfigurationError
from etl.liftoff.parameters import PARAMETERS
from etl.liftoff.sandbox.credentials import TEST_API_KEY, TEST_PASSWORD, TEST_USER
from etl.liftoff.sandbox.process import SandboxProcess, run_sandbox
from tests.services.listeners import Line, answering, listen


class Connect(Protocol):
    """Fills in the connection's form, for a configuration."""

    def __call__(self, fields: Mapping[str, Any], liftoff: str = "", name: str = "liftoff") -> LiftoffHook:
        """Give its hook."""


RIGHT: Mapping[str, Any] = {
    "login": TEST_USER,
    "password": TEST_API_KEY,
    "extra": {"opt_out_password": TEST_PASSWORD, "hash_key_secret": "a-hash-key"},
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    """Run a stand-in Liftoff."""
    with run_sandbox() as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connect:
    """Fill in the connection's form, for a configuration."""

    def fill_in(fields: Mapping[str, Any], liftoff: str = "", name: str = "liftoff") -> LiftoffHook:
        config = tmp_path / "pushlift.toml"
        config.write_text(f"[liftoff]\n{liftoff}\n", encoding="utf-8")
        monkeypatch.setenv("PUSHLIFT_CONFIG", str(config))
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "liftoff", **fields}))
        return LiftoffHook(name)

    return fill_in


def reveal(secret: SecretStr | None) -> str | None:
    """Give a secret's text."""
    return None if secret is None else secret.get_secret_value()


def address(sandbox: SandboxProcess) -> str:
    """Configure the sandbox's two addresses."""
    return f"postback_url = '{sandbox.postback_url}'\nopt_out_url = '{sandbox.opt_out_url}'"


def test_right_credentials_pass(sandbox: SandboxProcess, connect: Connect) -> None:
    """Both are asked for, each by its own interface."""
    is_right, message = connect(RIGHT, address(sandbox)).test_connection()

    assert (is_right, message) == (
        True,
        "The API key is not refused (a request without parameters: 400). The opt-out credentials are right.",
    )


def test_the_test_moves_nobodys_data(sandbox: SandboxProcess, connect: Connect) -> None:
    """Nothing that was sent is taken for an event, or for a person's wish."""
    sandbox.reset()
    connect(RIGHT, address(sandbox)).test_connection()

    state = sandbox.state()
    assert state["production"]["accepted"] == state["test"]["accepted"] == 0
    assert state["opt_outs"]["production"]["received"] == 0


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"password": "another-key-1"}, "The API key is refused (401)."),
        ({"login": "another-user-1"}, "The opt-out credentials are refused (401)."),
        ({"extra": {"opt_out_password": "another-password-1"}}, "The opt-out credentials are refused (401)."),
    ],
)
def test_wrong_credentials_are_named_and_not_quoted(
    sandbox: SandboxProcess, connect: Connect, wrong: Mapping[str, Any], blamed: str
) -> None:
    """The message is shown to whoever presses the button."""
    is_right, message = connect({**RIGHT, **wrong}, address(sandbox)).test_connection()

    assert not is_right
    assert blamed in message
    assert "another-" not in message
    assert TEST_API_KEY not in message


def test_a_template_is_asked_without_its_parameters(sandbox: SandboxProcess, connect: Connect) -> None:
    """Its macros would be sent as they are."""
    macros = "&".join(f"{name}={{{name}}}" for name in PARAMETERS)
    template = f"postback_url = '{sandbox.postback_url}?{macros}'"

    assert connect({"password": TEST_API_KEY}, template).test_connection()[0]


def test_only_what_is_filled_in_is_tested(
    sandbox: SandboxProcess, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's secrets are not the connection's."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", "of-the-environment")

    assert connect({}, address(sandbox)).test_connection() == (False, EMPTY)
    assert "opt-out" not in connect({"password": TEST_API_KEY}, address(sandbox)).test_connection()[1]


def test_half_a_pair_is_no_credential(sandbox: SandboxProcess, connect: Connect) -> None:
    """A user without a password would look tested."""
    is_right, message = connect({"login": TEST_USER}, address(sandbox)).test_connection()

    assert not is_right
    assert "one is empty" in message


def test_an_address_that_does_not_answer_is_no_fault_of_the_credentials(connect: Connect) -> None:
    """Nor is one that redirects; neither error quotes what was sent."""
    is_right, message = connect(RIGHT, "postback_url = 'http://127.0.0.1:1/v2'").test_connection()

    assert not is_right
    assert "There is no answer from 127.0.0.1 (ConnectionError)." in message
    assert "liftoff.opt_out_url is not configured" in message


@pytest.mark.parametrize("key", ["a\r\nX-Injected: 1", "a\u2026b"], ids=ascii)
def test_a_key_that_is_no_header_is_not_sent(connect: Connect, key: str) -> None:
    """It was pasted wrongly; neither a header of its own nor an error with a part of it comes of that."""
    with listen(answering()) as listener:
        told = connect({"password": key}, f"postback_url = '{listener.url}'").test_connection()
    assert told == (False, "The API key has white space or other odd characters in it.")
    assert listener.accepted == 0


def test_an_answer_without_an_end_holds_nobody(connect: Connect) -> None:
    """The status is all that the button asks for."""

    def answer_without_end(line: Line) -> None:
        line.read()
        line.answer(b"HTTP/1.1 401 No\r\nContent-Length: 1000000000\r\n\r\n.")
        line.wait()

    with listen(answer_without_end) as listener:
        hook = connect({"password": "a-key"}, f"postback_url = '{listener.url}'")
        assert hook.test_connection() == (False, "The API key is refused (401).")


def test_a_broken_configuration_is_said(connect: Connect) -> None:
    """The button is pressed where the configuration may not lie."""
    is_right, message = connect(RIGHT, "no_such_key = 1").test_connection()

    assert not is_right
    assert "no_such_key" in message


def test_tasks_take_the_connection_and_then_the_environment(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a connection leaves open the environment may have."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", "of-the-environment")
    monkeypatch.setenv("PUSHLIFT_USER_ID_KEY", "a-user-id-key")
    connect(RIGHT)

    secrets = load_task_secrets()

    assert reveal(secrets.liftoff_api_key) == TEST_API_KEY
    assert reveal(secrets.hash_key) == "a-hash-key"
    assert reveal(secrets.user_id_key) == "a-user-id-key"


def test_without_a_connection_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is a choice."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", "of-the-environment")

    secrets = load_task_secrets()

    assert reveal(secrets.liftoff_api_key) == "of-the-environment"


def test_another_connection_can_be_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two installations may share an Airflow."""
    connect({"password": "of-another"}, name="liftoff_two")
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_CONNECTION", "liftoff_two")

    secrets = load_task_secrets()

    assert reveal(secrets.liftoff_api_key) == "of-another"


def test_a_named_connection_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Falling back would send with other credentials than were meant."""
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_CONNECTION", "nowhere")

    with pytest.raises(ConfigurationError, match="'nowhere', which Airflow does not have"):
        load_task_secrets()


def test_airflow_masks_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the environment, too, whatever logs them."""
    secrets = {
        "PUSHLIFT_LIFTOFF_API_KEY": "mask-me-1",
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": "mask-me-2",
        "PUSHLIFT_HASH_KEY": "mask-me-3",
        "PUSHLIFT_USER_ID_KEY": "mask-me-4",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)

    load_task_secrets()

    assert "mask-me" not in str(_secrets_masker().redact(" ".join(secrets.values())))


def test_the_hook_is_airflows_own_kind() -> None:
    """Its connection comes from wherever Airflow keeps connections."""
    assert issubclass(LiftoffHook, BaseHook)
    assert LiftoffHook.conn_type == "liftoff"
