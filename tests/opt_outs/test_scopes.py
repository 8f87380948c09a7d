"""A wish for some apps is for exactly these, under both names."""

from __future__ import annotations

import pytest

from etl.errors import ConfigurationError
from etl.opt_outs.codes import Refused
from etl.opt_outs.records import Scope
from etl.opt_outs.scopes import make_scoper
from tests.opt_outs.lists import APPS, GAID, judge, refusals


def test_no_apps_are_all_apps() -> None:
    """Only a wish that names none is for all."""
    assert make_scoper(APPS)(()).is_everywhere


@pytest.mark.parametrize("app", ["id1234567890", "1234567890"])
def test_an_app_has_two_names(app: str) -> None:
    """AppsFlyer's, and its store's, which Liftoff knows."""
    assert make_scoper(APPS)((app,)) == Scope(("id1234567890",), ("1234567890",))


def test_the_order_of_apps_is_no_difference() -> None:
    """The same apps are the same scope."""
    scope = make_scoper(APPS)(("com.acme.app", "id1234567890"))
    assert scope == make_scoper(APPS)(("1234567890", "com.acme.app", "com.acme.app"))
    assert scope == Scope(("com.acme.app", "id1234567890"), ("1234567890", "com.acme.app"))


def test_a_stores_id_is_all_apps_that_have_it() -> None:
    """AppsFlyer counts builds for other stores as apps of their own."""
    find_scope = make_scoper({"com.acme.app-a": "com.acme.app", "com.acme.app-b": "com.acme.app"})
    assert find_scope(("com.acme.app",)) == Scope(("com.acme.app-a", "com.acme.app-b"), ("com.acme.app",))


@pytest.mark.parametrize("apps", [("com.other",), ("id1234567890", "com.other"), ("id77",), ("com.bare",)])
def test_an_unmapped_app_is_refused(apps: tuple[str, ...]) -> None:
    """One of several as well: a wish that is honoured in part is not honoured."""
    with pytest.raises(Refused, match=r"^app_unmapped$"):
        make_scoper({**APPS, "com.bare": None})(apps)


@pytest.mark.parametrize("store_id", ["id1234567890", "Acme", "a b"])
def test_a_store_id_that_liftoff_would_refuse_is_a_mistake_of_the_configuration(store_id: str) -> None:
    """It would make every body with this app fail."""
    with pytest.raises(ConfigurationError, match=r"apps\.'id1'\.app_store_id"):
        make_scoper({"id1": store_id})


@pytest.mark.parametrize(
    ("cell", "app_ids"),
    [
        ("", ()),
        ("*", ()),
        ("all", ()),
        ("null", ()),
        ("id1234567890", ("id1234567890",)),
        ('"id1234567890, com.acme.app"', ("com.acme.app", "id1234567890")),
        ("id1234567890;com.acme.app", ("com.acme.app", "id1234567890")),
        ("id1234567890|com.acme.app", ("com.acme.app", "id1234567890")),
        ("id1234567890 com.acme.app", ("com.acme.app", "id1234567890")),
    ],
)
def test_a_cell_may_name_several_apps(cell: str, app_ids: tuple[str, ...]) -> None:
    """With whatever stands between them."""
    (found,) = judge(f"gaid,apps\n{GAID},{cell}\n").accepted
    assert found.scope.app_ids == app_ids


@pytest.mark.parametrize(
    "apps", ['","', "[]", '[""]', "true", '{"a": 1}', '["id1234567890", null]', '"all,x"']
)
def test_what_is_no_list_of_apps_is_not_one_of_all(apps: str) -> None:
    """A mistake must not widen a wish."""
    assert refusals(judge(f'[{{"gaid": "{GAID}", "apps": {apps}}}]')) == [(1, "apps_malformed")]
