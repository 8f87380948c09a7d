from dataclasses import replace

import pytest

from etl.liftoff.media_sources import is_restricted
from etl.liftoff.policy import RESTRICTED_MEDIA_SOURCES
from tests.liftoff.event_rows import ANDROID, POLICY, judge_row


@pytest.mark.parametrize(
    "source",
    [
        *("Facebook Ads", "facebook", "FACEBOOK", "facebookads", "Social_facebook", "Off-Facebook Installs"),
        *("Twitter", "twitter_int", "snapchat_int", "Snapchat", "pinterest_int", "restricted", "instagram"),
        *("Meta Ads", "meta_ads"),
    ],
)
def test_sources_whose_terms_forbid_sharing_are_known_by_any_spelling(source: str) -> None:
    """AppsFlyer names Facebook, Twitter, Snapchat and Pinterest, and spells each in several ways."""
    assert is_restricted(source, RESTRICTED_MEDIA_SOURCES)


@pytest.mark.parametrize(
    "source", ["organic", "googleadwords_int", "vungle_int", "metaverse_int", "liftoff_int", ""]
)
def test_others_may_be_shared(source: str) -> None:
    """A word within a word restricts nothing, and nor does an empty name."""
    assert not is_restricted(source, (*RESTRICTED_MEDIA_SOURCES, "", "_"))


@pytest.mark.parametrize("field", ["media_source", "af_prt"])
def test_source_and_agency_count(field: str) -> None:
    """An agency can stand where the source would."""
    assert judge_row({**ANDROID, field: "Facebook Ads"}) == "restricted_media_source"


def test_contributors_do_not_count() -> None:
    """The event is not attributed to them, and nothing of theirs is told."""
    assert judge_row({**ANDROID, "contributor_1_media_source": "Facebook Ads"}) is None


def test_organic_may_leave() -> None:
    """Liftoff prefers installs from all sources."""
    assert judge_row({**ANDROID, "media_source": None}) is None


def test_an_app_can_have_its_own_list() -> None:
    """What is configured takes the place of the default."""
    policy = replace(POLICY, restricted_media_sources=("Vungle",))
    assert judge_row({**ANDROID, "media_source": "Facebook Ads"}, policy) is None
    assert judge_row({**ANDROID, "media_source": "vungle_int"}, policy) == "restricted_media_source"
