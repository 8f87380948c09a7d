"""Airflow's hook of the connection type "Liftoff": what a task reads, and the form's test button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from airflow.sdk import BaseHook

from etl.airflow.configuration import load_task_settings
from etl.airflow.provider import CONNECTION_TYPE
from etl.airflow.task_secrets import DEFAULT_CONNECTION, make_secrets, mask, read_fields
from etl.errors import PushliftError
from etl.liftoff.probing import Probed, probe_api_key, probe_opt_out
from etl.settings import Liftoff, Secrets

EMPTY: Final = "Nothing to test: give an API key, or an opt-out user and password."


class LiftoffHook(BaseHook):
    """Reads the secrets of a connection; addresses are those of pushlift's configuration."""

    conn_name_attr = "liftoff_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = CONNECTION_TYPE
    hook_name = "Liftoff"

    def __init__(self, liftoff_conn_id: str = DEFAULT_CONNECTION) -> None:
        """Take the connection's id."""
        super().__init__()
        self.liftoff_conn_id = liftoff_conn_id

    def get_conn(self) -> Secrets:
        """Read the connection's secrets, and what it leaves open from the environment; masked in the logs."""
        secrets = make_secrets(self._read_fields())
        mask(secrets)
        return secrets

    def test_connection(self) -> tuple[bool, str]:
        """Ask Liftoff whether what is filled in is right; moves no personal data, and quotes no secret."""
        try:
            found = list(probe(self._read_fields(), load_task_settings().liftoff))
        except PushliftError as error:
            return False, error.message
        if not found:
            return False, EMPTY
        return all(each.is_right for each in found), " ".join(each.message for each in found)

    def _read_fields(self) -> dict[str, str]:
        return read_fields(self.get_connection(self.liftoff_conn_id))


def probe(fields: Mapping[str, str], liftoff: Liftoff) -> Iterator[Probed]:
    """Ask each interface whose credentials are filled in."""
    user, password = fields.get("liftoff_opt_out_user"), fields.get("liftoff_opt_out_password")
    if api_key := fields.get("liftoff_api_key"):
        yield probe_api_key(liftoff.postback_url, api_key, liftoff.proxy)
    if user and password and liftoff.opt_out_url:
        yield probe_opt_out(liftoff.opt_out_url, user, password, liftoff.proxy)
    elif user and password:
        yield Probed(
            is_right=False,
            message="The opt-out credentials were not tested: liftoff.opt_out_url is not configured.",
        )
    elif user or password:
        yield Probed(
            is_right=False, message="Of the opt-out credentials, one is empty: give both, or neither."
        )
