import pytest

from etl.errors import ConfigurationError
from etl.ledger.database import Ledger, begin_read
from etl.ledger.suppressions import (
    EVERY_APP,
    check_hash_key,
    find_suppressed,
    lift,
    list_suppressed,
    suppress,
)


def find(ledger: Ledger, subjects: list[str], app_id: str = "a") -> set[str]:
    """Find who of these is suppressed."""
    with begin_read(ledger) as connection:
        return set(find_suppressed(connection, subjects, app_id))


def test_a_suppression_holds_for_its_app(ledger: Ledger) -> None:
    """Or for every app, where it says so."""
    suppress(ledger, ["1", "2"], "a", "do_not_share")
    suppress(ledger, ["3"], EVERY_APP, "erase")
    assert find(ledger, ["1", "2", "3", "4"]) == {"1", "2", "3"}
    assert find(ledger, ["1", "2", "3", "4"], "b") == {"3"}
    assert list_suppressed(ledger, "a") == {"1", "2", "3"}
    assert find(ledger, []) == set()


def test_suppressing_again_changes_nothing(ledger: Ledger) -> None:
    """But for one that was lifted, which holds again."""
    for _ in range(2):
        suppress(ledger, ["1"], "a", "do_not_share")
    assert lift(ledger, ["1", "2"], "a") == 1
    assert lift(ledger, ["1"], "a") == 0
    assert find(ledger, ["1"]) == set()
    suppress(ledger, ["1"], "a", "do_not_share")
    assert find(ledger, ["1"]) == {"1"}


def test_many_are_looked_up_at_once(ledger: Ledger) -> None:
    """More than a statement takes parameters."""
    everybody = [f"{number:032x}" for number in range(40_000)]
    suppress(ledger, everybody[::400], "a", "do_not_share")
    assert find(ledger, everybody) == set(everybody[::400])


def test_the_first_hash_key_is_the_only_one(ledger: Ledger) -> None:
    """With another, or none, nobody would be recognized: that is an error, which does not show the key."""
    check_hash_key(ledger, b"first-key")
    check_hash_key(ledger, b"first-key")
    for key in (b"second-key", b""):
        with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY") as caught:
            check_hash_key(ledger, key)
        assert "first-key" not in caught.value.message
        assert "second-key" not in caught.value.message
