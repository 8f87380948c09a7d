"""Ask Liftoff whether credentials are right, and tell it nobody's data.

Opt-outs: an id of zeros with `test` is accepted and not processed, 202 (Liftoff: GDPR Opt-Out API v3); wrong
credentials are 401. Postbacks: a request without a single parameter, which cannot be an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Probed:
    """Whether credentials are right, as far as the answer says, in a sentence."""

    is_right: bool
    message: str


def is_sound_key(api_key: str) -> bool:
    """Tell whether a key can stand in a header: printable ASCII without a space."""
    return api_key.isascii() and api_key.isprintable() and " " not in api_key


class Bearer(AuthBase):
    """Sends an API key; as `auth`, so that no `.netrc` takes its place."""

    def __init__(self, api_key: str) -> None:
        """Keep the key."""
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def probe_api_key(url: str, api_key: str, proxy: str | None = None) -> Probed:
    """Ask the interface of postbacks with a key and nothing else; `url` may be a template."""
    if not is_sound_key(api_key):
        return Probed(is_right=False, message="The API key has white space or other odd characters in it.")
    scheme, host, path, _, _ = urlsplit(url)
    answer = _ask("GET", urlunsplit((scheme, host, path, "", "")), Bearer(api_key), proxy=proxy)
    if isinstance(answer, Probed):
        return answer
    if answer in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Probed(is_right=False, message=f"The API key is refused ({answer}).")
    return _explain_elsewhere(answer) or Probed(
        is_right=True, message=f"The API key is not refused (a request without parameters: {answer})."
    )


def probe_opt_out(url: str, user: str, password: str, proxy: str | None = None) -> Probed:
    """Ask the interface of opt-outs with credentials and nobody's id."""
    body = {"device-ids": [NOBODY], "test": True}
    answer = _ask("POST", url, HTTPBasicAuth(user.encode(), password.encode()), body, proxy=proxy)
    if isinstance(answer, Probed):
        return answer
    if answer == HTTPStatus.ACCEPTED:
        return Probed(is_right=True, message="The opt-out credentials are right.")
    if answer in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Probed(is_right=False, message=f"The opt-out credentials are refused ({answer}).")
    return _explain_elsewhere(answer) or Probed(
        is_right=False,
        message=f"The opt-out address answers {answer} where 202 is due; see liftoff.opt_out_url.",
    )


def _explain_elsewhere(status: int) -> Probed | None:
    """Explain an answer that says nothing of credentials."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Probed(is_right=False, message=f"The address answers {status}: it redirects elsewhere.")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return Probed(is_right=False, message=f"The address answers {status}: nothing is served there.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Probed(is_right=False, message=f"The address answers {status}; try again later.")
    return None


def _ask(method: str, url: str, auth: AuthBase, body: object = None, *, proxy: str | None) -> int | Probed:
    """Send one request and give its status, or say that it got no answer."""
    with requests.Session() as session:
        # Neither a .netrc nor a proxy of the environment's: what is configured counts.
        session.trust_env = False
        try:
            answer = session.request(
                method,
                url,
                json=body,
                auth=auth,
                allow_redirects=False,
                # The status is all that is asked for; what follows it may be without an end.
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                proxies={"http": proxy, "https": proxy} if proxy else None,
            )
        except requests.RequestException as error:
            # Its text may quote the address of a proxy, with a password.
            return Probed(
                is_right=False, message=f"There is no answer from {urlsplit(url).hostname} ({_name(error)})."
            )
        return answer.status_code


def _name(error: Exception) -> str:
    return type(error).__name__
