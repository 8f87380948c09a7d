"""When a task is tried again: only where the same call may succeed later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from etl.errors import PushliftError

# A bug gives the same error on every try; a lost connection, a killed process or a full disk may not.
BUGS: Final = (AssertionError, AttributeError, ImportError, LookupError, NameError, TypeError, ValueError)


def retry_arguments() -> dict[str, Any]:
    """Give a task's arguments: three more tries, ever further apart, where `is_retryable` allows it."""
    return {
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": ExceptionRetryPolicy(list(_list_rules())),
    }


def _list_rules() -> Iterator[RetryRule]:
    for kind in _list_kinds(PushliftError):
        yield RetryRule(
            kind,
            RetryAction.RETRY if kind.is_retryable else RetryAction.FAIL,
            reason="it may pass" if kind.is_retryable else "the same call would fail again",
            match_subclasses=False,
        )
    yield RetryRule(list(BUGS), RetryAction.FAIL, reason="a bug fails every time")


def _list_kinds(kind: type[PushliftError]) -> Iterator[type[PushliftError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _list_kinds(each)
