from dataclasses import fields, replace
from typing import Any

import pytest

from etl.liftoff import policy as module
from etl.liftoff.policy import ConsentPolicy, Mode, Refusal, SendingPolicy, UserId, configuration_hash
from tests.liftoff.event_rows import POLICY

CHANGES: dict[str, Any] = {
    "app_id": "com.acme.other",
    "liftoff_app_id": "other",
    "mode": Mode.TEST,
    "template": "https://analytics.liftoff.io/v3/events",
    "events": {"af_purchase": "buy"},
    "bundle_id": "com.acme",
    "user_id": UserId.APPSFLYER_ID,
    "consent": ConsentPolicy(att=Refusal.REFUSE),
    "restricted_media_sources": ("facebook",),
    "max_age_days": 30,
    "pair_settling_hours": 1,
    "accept_doubtful_identity": True,
}


@pytest.mark.parametrize("name", [field.name for field in fields(SendingPolicy)])
def test_whatever_is_agreed_changes_the_hash(name: str) -> None:
    """A plan that was approved under another configuration is recognised, whichever part differs."""
    assert configuration_hash(replace(POLICY, **{name: CHANGES[name]})) != configuration_hash(POLICY)


def test_another_version_of_the_mapping_changes_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan made by an older pushlift is not sent as something else."""
    before = configuration_hash(POLICY)
    monkeypatch.setattr(module, "MAPPING_VERSION", module.MAPPING_VERSION + 1)
    assert configuration_hash(POLICY) != before


def test_the_order_of_writing_does_not() -> None:
    """Equal agreements have equal hashes."""
    one = replace(POLICY, events={"a": "x", "b": "y"}, restricted_media_sources=("p", "q"))
    two = replace(POLICY, events={"b": "y", "a": "x"}, restricted_media_sources=("q", "p", "p"))
    assert configuration_hash(one) == configuration_hash(two)


def test_a_hash_is_stable() -> None:
    """It is compared over months, whatever the process; change it together with the version."""
    assert configuration_hash(POLICY) == "ae16bd0d0e94a5bb300f0e22a76d90868a273db34e3b00d5fee1aefaca8523ec"
