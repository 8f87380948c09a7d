import pytest

from etl.errors import ConfigurationError
from etl.jobs.policies import build_policy
from etl.liftoff.policy import ConsentPolicy, Mode, Refusal, UserId
from etl.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "liftoff": {
            "postback_url": "https://analytics.liftoff.io/v2/events",
            "user_id": "appsflyer_id",
            "consent": {"att": "refuse"},
            "restricted_media_sources": ["facebook"],
            "max_age_days": 30,
            "pair_settling_hours": 6,
            "accept_doubtful_identity": True,
        },
        "apps": {
            "com.acme.shop": {
                "liftoff_app_id": "4f2a",
                "events": {"af_purchase": "purchase"},
                "bundle_id": "com.acme",
            },
            "id1": {"liftoff_app_id": "77", "user_id": "hashed", "restricted_media_sources": []},
            "id2": {"app_store_id": "2"},
        },
    }
)


def test_a_policy_is_what_the_configuration_says() -> None:
    """Everything that is agreed for an app is in it."""
    policy = build_policy(SETTINGS, "com.acme.shop", "test")
    assert (policy.app_id, policy.liftoff_app_id, policy.mode) == ("com.acme.shop", "4f2a", Mode.TEST)
    assert (policy.events, policy.bundle_id) == ({"af_purchase": "purchase"}, "com.acme")
    assert policy.template == "https://analytics.liftoff.io/v2/events"
    assert policy.consent == ConsentPolicy(att=Refusal.REFUSE)
    assert (policy.user_id, policy.restricted_media_sources) == (UserId.APPSFLYER_ID, ("facebook",))
    assert (policy.max_age_days, policy.pair_settling_hours, policy.accept_doubtful_identity) == (30, 6, True)


def test_an_apps_own_table_comes_first() -> None:
    """An empty list of its own is a list: nothing is restricted."""
    policy = build_policy(SETTINGS, "id1", "production")
    assert (policy.user_id, policy.restricted_media_sources) == (UserId.HASHED, ())


@pytest.mark.parametrize("app_id", ["id2", "id3"])
def test_an_app_that_liftoff_does_not_know_cannot_be_sent(app_id: str) -> None:
    """The message names the key to set, and the apps that have it."""
    with pytest.raises(
        ConfigurationError, match=rf'apps\."{app_id}"\.liftoff_app_id .*: com\.acme\.shop, id1\.'
    ):
        build_policy(SETTINGS, app_id, "production")
