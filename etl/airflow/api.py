"""Airflow's REST API on loopback, as much of it as a local Airflow needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from etl.airflow.homes import LOOPBACK

ANSWER_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `status` 0 where it did not answer at all."""

    status: int
    body: dict[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether it did what was asked."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class AirflowApi:
    """The API server at a port of this machine; a call needs the token, only the health does not."""

    port: int
    token: str = ""

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request and read its JSON."""
        connection = HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_SECONDS)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, json.loads(content) if content else {})
        except (OSError, HTTPException, json.JSONDecodeError):
            return Answer(0, {})
        finally:
            connection.close()


def log_in(port: int, username: str, password: str) -> AirflowApi:
    """Log in and return the API with its token; an empty token where that is refused."""
    login = {"username": username, "password": password}
    answer = AirflowApi(port).call("POST", "/auth/token", login)
    return AirflowApi(port, answer.body.get("access_token", ""))


def find_unhealthy(api: AirflowApi, components: frozenset[str]) -> set[str]:
    """Name the components that Airflow does not yet call healthy."""
    health = api.call("GET", "/api/v2/monitor/health").body
    return {name for name in components if (health.get(name) or {}).get("status") != "healthy"}
