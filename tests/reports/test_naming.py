import pytest

from etl.reports.figures import NamedEvents
from etl.reports.naming import LEAST_EVENTS, MOST_NAMES, OTHER, group_names, is_presentable, present_detail


@pytest.mark.parametrize("name", ["af_purchase", "level 12", "Käufe", "2nd_session", "re-engagement"])
def test_names_that_developers_choose_are_shown(name: str) -> None:
    """Words, with a short number at most."""
    assert is_presentable(name)


@pytest.mark.parametrize(
    "name",
    [
        "order_91827364",
        "someone@example.com",
        "1f0c9d3e-5b7a-4c62-9f0e-0a1b2c3d4e5f",
        "seen_7f3a9c21d4",
        "192.168.12.7",
        "",
        "a" * 61,
        "two\nlines",
    ],
)
def test_names_that_may_be_ids_are_not(name: str) -> None:
    """Numbers, hashes, addresses, and what is no name at all."""
    assert not is_presentable(name)


def test_what_few_share_is_told_as_other() -> None:
    """Frequent names stand for themselves, the rest is one figure; nothing is lost."""
    frequent = [NamedEvents("com.a", f"event {'abcdefghijk'[n]}", 1000 - n, 5) for n in range(MOST_NAMES + 2)]
    rare = [NamedEvents("com.a", "birthday of Ann", LEAST_EVENTS - 1, 1), NamedEvents("com.b", "x", 3, 2)]

    grouped = group_names([*frequent, *rare])

    assert [each.event_name for each in grouped if each.app_id == "com.a"][-1] == OTHER
    assert len([each for each in grouped if each.app_id == "com.a"]) == MOST_NAMES + 1
    assert [each for each in grouped if each.app_id == "com.b"] == [NamedEvents("com.b", OTHER, 3, 2)]
    assert sum(each.events for each in grouped) == sum(each.events for each in [*frequent, *rare])


def test_a_sentence_does_not_say_what_its_subject_may_not() -> None:
    """Where the subject is told as "other", so it is in the sentence; ids go wherever they stand."""
    assert present_detail("user_918273645 fell.", "user_918273645") == "other fell."
    assert "example.com" not in present_detail("Sent by ann@example.com.", "")
    assert present_detail("af_login fell.", "af_login") == "af_login fell."
