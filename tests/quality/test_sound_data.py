"""Sound data raises no flag: the sample's exports of all shapes, and the vendor's test message."""

import json
from pathlib import Path

import pytest

from etl.sample import Shape, generate_landing
from tests.survival.landing import Landing

# What settling says of rows that name nobody as well as others, or whose milliseconds are gone.
OF_SETTLING = {"weak_identity", "possible_twin"}
# From "AppsFlyer: Push API V2.0", the fields of its test message that a rule looks at.
VENDORS_TEST = {
    "idfv": "123456789",
    "customer_user_id": "Customer User ID",
    "amazon_aid": "9173fe74-0578-4658-a461-ebb0b4fce6d6",
    "advertising_id": "9173fe74-0578-4658-a461-ebb0b4fce6d6",
    "android_id": "3e06b4caebc19356",
    "appsflyer_id": "e126a3b3-3406-4196-a964-563c9ae44ff8",
    "ip": "20.168.174.166",
    "platform": "android",
    "app_id": "com.pds.pushapi2.v2.transparent.com",
    "event_name": "install",
    "event_time": "2019-12-31 00:07:14.961",
    "event_time_selected_timezone": "2019-12-31 00:07:14.961+0000",
    "install_time": "2019-12-31 00:07:14.961",
    "install_time_selected_timezone": "2019-12-31 00:07:14.961+0000",
    "attributed_touch_time": "2019-12-31 00:06:32.891",
    "attributed_touch_time_selected_timezone": "2019-12-31 00:06:32.891+0000",
    "selected_timezone": "UTC",
    "selected_currency": "EUR",
    "af_cost_value": "10",
    "af_cost_currency": "EUR",
    "country_code": "US",
    "media_source": "pdsagency_int",
    "campaign": "pushapi_v2",
    "af_attribution_lookback": "25d",
    "af_reengagement_window": "2d",
    "is_retargeting": False,
    "is_primary_attribution": None,
    "api_version": "2.0",
}


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_samples_rows_are_sound(tmp_path: Path, shape: Shape, seed: int) -> None:
    """No row of any endpoint, version and spelling breaks a rule, opted-out people's and pairs included."""
    landing = Landing(tmp_path)
    generate_landing(tmp_path / "landing", 3_000, seed=seed, shape=shape, processes=1)
    landing.run()
    events = landing.read().events
    flags = {flag for row in events for flag in row["quality_flags"] or ()}
    assert len(events) > 2_000
    assert flags <= OF_SETTLING


def test_the_vendors_test_message_raises_no_flag(landing: Landing) -> None:
    """A sound endpoint is not told that AppsFlyer's own placeholders are malformed."""
    landing.land({"test.json": json.dumps(VENDORS_TEST).encode() + b"\n"})
    landing.run()
    (row,) = landing.read().events
    assert (row["is_test_message"], row["quality_flags"]) == (True, None)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An empty landing folder."""
    return Landing(tmp_path)
