"""Tell people, by notifiers of Airflow's own that the environment names.

`PUSHLIFT_NOTIFIERS` is a JSON array of `{"notifier": "an.import.path.OfANotifier", "arguments": {…}}`. The
arguments are templates as the notifier has them; `{{ message }}` is what happened. A message holds figures,
app ids and names of rules, never a value of a row.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from etl.errors import ConfigurationError, PushliftError

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

VARIABLE: Final = "PUSHLIFT_NOTIFIERS"
EXAMPLE: Final = (
    '[{"notifier": "airflow.providers.slack.notifications.slack.SlackNotifier",'
    ' "arguments": {"text": "{{ message }}", "channel": "data"}}]'
)


def tell_audit_failed(context: Mapping[str, Any]) -> None:
    """Tell what a failed audit held back, or that it came to no verdict: a task's `on_failure_callback`."""
    error = context.get("exception")
    if isinstance(error, PushliftError):
        tell(context, error.message)
    else:
        # Another library's text may quote a row.
        tell(context, f"The audit came to no verdict ({type(error).__name__}); its log says why.")


def tell_sweep_failed(context: Mapping[str, Any]) -> None:
    """Tell why a sweep failed, refused credentials among others: a task's `on_failure_callback`."""
    error = context.get("exception")
    if isinstance(error, PushliftError):
        tell(context, error.message)
    else:
        # As above.
        tell(context, f"The sweep of opt-outs failed ({type(error).__name__}); its log says why.")


def tell(context: Mapping[str, Any], message: str) -> None:
    """Send a message through every notifier; the first error is raised when all of them were tried."""
    errors = []
    for notifier in build_notifiers(os.environ.get(VARIABLE, "")):
        try:
            notifier({**context, "message": message})
        except Exception as error:  # noqa: BLE001 - whatever a notifier raises, the next one is tried
            errors.append(error)
    if errors:
        raise errors[0]


def build_notifiers(text: str) -> Sequence[BaseNotifier]:
    """Make the notifiers that a JSON text describes; raises ConfigurationError, which quotes no argument."""
    if not text.strip():
        return []
    try:
        described = json.loads(text)
        return [_build(each) for each in described]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ConfigurationError(f"{VARIABLE} is no JSON array such as {EXAMPLE}.") from error


def _build(described: Mapping[str, Any]) -> BaseNotifier:
    module, _, name = described["notifier"].rpartition(".")
    try:
        kind = getattr(__import__(module, fromlist=[name]), name)
        notifier: BaseNotifier = kind(**described.get("arguments", {}))
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"{VARIABLE}: {described['notifier']} cannot be made ({type(error).__name__}); install its"
            " provider, and give it the arguments that it takes."
        ) from None
    return notifier
