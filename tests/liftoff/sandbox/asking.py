"""What is sent to the sandbox: a sound postback, a sound opt-out, and changes of them."""

from collections.abc import Mapping
from typing import Any, Final

import requests

from etl.liftoff.sandbox.credentials import TEST_API_KEY, TEST_PASSWORD, TEST_USER
from etl.liftoff.sandbox.process import SandboxProcess

IDFA: Final = "79C2332A-D699-4EE8-B5AE-DF5C3C6E9A3E"
GAID: Final = "2f8a9d1c-1111-4222-8333-abcdefabcdef"
ZEROS: Final = "00000000-0000-0000-0000-000000000000"
POSTBACK: Final[Mapping[str, str]] = {
    "liftoff_app_id": "0123456789abcdef",
    "client_ip": "2001:db8::17",
    "event_name": "purchase",
    "event_timestamp": "1764000000123",
    "language": "en",
    "device_model": "iPhone12,5",
    "platform": "ios",
    "user_id": "c9f1d2f0a3b84f4f",
    "idfv": "5AB21F0C-9F0E-4E8D-A1B2-0123456789AB",
    "device_id": IDFA,
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 11_4 like Mac OS X)",
    "app_version": "4.2.0",
    "bundle_id": "com.acme.ios",
    "os_version": "17.1",
    "revenue": "-12.50",
    "currency_code": "USD",
    "is_first_event": "true",
    "install_timestamp": "1763000000000",
}
ANDROID: Final[Mapping[str, str | None]] = {"platform": "android", "device_id": GAID, "idfv": None}
BEARER: Final = {"Authorization": f"Bearer {TEST_API_KEY}"}
OPT_OUT: Final[Mapping[str, object]] = {
    "ts": 1628721059,
    "device-ids": [IDFA],
    "device-id-type": "idfa",
    "test": True,
}


def change(parameters: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Change parameters; None leaves one out."""
    return {name: value for name, value in {**parameters, **changes}.items() if value is not None}


def send(sandbox: SandboxProcess, **changes: object) -> requests.Response:
    """Send a sound postback with changes."""
    return send_query(sandbox, change(POSTBACK, **changes))


def send_query(sandbox: SandboxProcess, query: Any, *, timeout: float = 30) -> requests.Response:  # noqa: ANN401 - as requests has it
    """Send a query as it is, on a connection of its own."""
    return requests.get(sandbox.postback_url, params=query, headers=BEARER, timeout=timeout)


def post(sandbox: SandboxProcess, body: object) -> requests.Response:
    """Send an opt-out."""
    return requests.post(sandbox.opt_out_url, json=body, auth=(TEST_USER, TEST_PASSWORD), timeout=30)


def rules_of(answer: requests.Response) -> set[tuple[str, str]]:
    """Give what an answer says is broken."""
    return {(each["parameter"], each["rule"]) for each in answer.json().get("errors", ())}
