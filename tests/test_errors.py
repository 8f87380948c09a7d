import pickle
import re

import pytest

import etl.errors
from etl.errors import ConservationError, LockHeld, PushliftError, UnsafeStore


def list_errors(root: type[PushliftError] = PushliftError) -> list[type[PushliftError]]:
    """Return the class and all that derive from it."""
    return [root, *(error for child in root.__subclasses__() for error in list_errors(child))]


def test_the_drawn_tree_is_the_tree() -> None:
    """The module's drawing names exactly the errors that exist."""
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+) {2,}", etl.errors.__doc__ or "", re.MULTILINE)

    assert sorted(drawn) == sorted(
        error.__name__ for error in list_errors() if error.__module__ == "etl.errors"
    )


def test_exit_code_2_means_that_a_person_must_change_something() -> None:
    """No error that a person must mend is retried."""
    assert UnsafeStore("x").exit_code == 2
    assert ConservationError("x").exit_code == 1
    assert not any(error.is_retryable for error in list_errors() if error.exit_code == 2)


@pytest.mark.parametrize("error", list_errors())
def test_an_error_survives_the_way_back_from_a_worker(error: type[PushliftError]) -> None:
    """Worker processes hand errors back pickled."""
    raised = error("the fact; the way out")
    returned = pickle.loads(pickle.dumps(raised))

    assert type(returned) is error
    assert returned.message == raised.message


def test_only_waiting_makes_an_error_retryable() -> None:
    """A lock that is held now can be free later."""
    assert LockHeld("x").is_retryable
