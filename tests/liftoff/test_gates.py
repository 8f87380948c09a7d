import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from etl.liftoff.gates import GATES, SENTENCES, judge_attempt
from etl.liftoff.policy import Mode, UserId
from tests.liftoff.event_rows import (
    ANDROID,
    EVENT_MS,
    EVENT_TIME,
    IPHONE,
    NOW,
    NOW_MS,
    POLICY,
    Row,
    judge_row,
    judge_rows,
    map_row,
)

NOBODY: Row = {"appsflyer_id": None, "advertising_id": None}


def test_a_sound_event_may_leave() -> None:
    """No gate refuses what is in order, on either platform, when planned and when attempted."""
    assert judge_rows(ANDROID, IPHONE) == [None, None]
    assert [judge_attempt(map_row(row), POLICY, NOW_MS) for row in (ANDROID, IPHONE)] == [None, None]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"app_id": "com.acme.other"}, "unmapped_app"),
        ({"event_name": "af_login"}, "unmapped_event"),
        ({"topic": "reinstall"}, "unmapped_event"),
        ({"is_test_message": True}, "test_message"),
        ({"media_source": "Facebook Ads"}, "restricted_media_source"),
        ({"quality_flags": ["zero_id:idfa", "weak_identity"]}, "weak_identity"),
        ({"quality_flags": ["possible_twin"]}, "possible_twin"),
        ({"quality_flags": ["money_rounded"]}, None),
        ({"event_time": None}, "timestamp_absent"),
        ({"event_time": datetime(1999, 1, 1, tzinfo=UTC), "install_time": None}, "timestamp_malformed"),
        ({"event_time": datetime(1969, 1, 1, tzinfo=UTC), "install_time": None}, "timestamp_malformed"),
        ({"event_time": NOW + timedelta(milliseconds=1)}, "timestamp_future"),
        ({"event_time": NOW}, None),
        ({"install_time": EVENT_TIME + timedelta(seconds=1)}, "timestamp_before_install"),
        ({"install_time": EVENT_TIME + timedelta(milliseconds=100)}, None),
        ({"install_time": None}, None),
        ({"event_time": NOW - timedelta(days=90), "install_time": None}, None),
        ({"event_time": NOW - timedelta(days=90, milliseconds=1), "install_time": None}, "timestamp_too_old"),
        ({"ip": None}, "missing_client_ip"),
        ({"ip": "10.0.0.1"}, "missing_client_ip"),
        ({"language": "Klingon"}, "missing_language"),
        ({"device_type": None}, "missing_device_model"),
        ({"platform": "roku"}, "missing_platform"),
        (NOBODY, "no_identifier"),
        ({"appsflyer_id": None}, None),
        ({"advertising_id": None}, None),
    ],
)
def test_each_gate_refuses_what_it_is_for(fields: Row, code: str | None) -> None:
    """Each has its code, and lets through what is just within."""
    assert judge_row({**ANDROID, **fields}) == code


def test_doubtful_identities_pass_where_they_are_accepted() -> None:
    """Whoever accepts that some events may be told twice, may say so."""
    policy = replace(POLICY, accept_doubtful_identity=True)
    assert judge_row({**ANDROID, "quality_flags": ["weak_identity", "possible_twin"]}, policy) is None


def test_a_withheld_id_is_no_identifier() -> None:
    """Who withholds the only id that there is, is nobody."""
    assert judge_row({**ANDROID, "appsflyer_id": None, "is_lat": True}) == "no_identifier"


def test_a_user_id_that_may_not_be_told_is_no_identifier() -> None:
    """An e-mail address does not let an event leave."""
    policy = replace(POLICY, user_id=UserId.CUSTOMER_USER_ID)
    row = {**ANDROID, "advertising_id": None, "customer_user_id": "ann@example.com"}
    assert judge_row(row, policy) == "no_identifier"


def test_the_first_gate_gives_the_reason() -> None:
    """An event is counted once, under the gate that comes first."""
    assert (
        judge_row({**ANDROID, "media_source": "facebook", "ip": None, "is_test_message": True})
        == "test_message"
    )


def test_the_vendors_test_message_never_leaves() -> None:
    """It is an install with ids, told by `is_test_message` alone."""
    assert judge_row({**ANDROID, "topic": "install", "is_test_message": True}) == "test_message"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"liftoff_app_id": "other"}, "unmapped_app"),
        ({"event_name": "af_purchase"}, "unmapped_event"),
        ({"event_name": None}, "unmapped_event"),
        ({"event_timestamp": None}, "timestamp_absent"),
        ({"event_timestamp": ""}, "timestamp_absent"),
        ({"event_timestamp": EVENT_MS[:10]}, "timestamp_malformed"),
        ({"event_timestamp": f"{EVENT_MS}0"}, "timestamp_malformed"),
        ({"event_timestamp": f" {EVENT_MS[:12]}"}, "timestamp_malformed"),
        ({"event_timestamp": "\u0661" * 13}, "timestamp_malformed"),
        ({"event_timestamp": str(NOW_MS + 1)}, "timestamp_future"),
        ({"install_timestamp": str(int(EVENT_MS) + 1000)}, "timestamp_before_install"),
        ({"install_timestamp": None}, None),
        ({"client_ip": None}, "missing_client_ip"),
        ({"language": ""}, "missing_language"),
        ({"device_model": None}, "missing_device_model"),
        ({"platform": None}, "missing_platform"),
        ({"user_id": None, "device_id": None}, "no_identifier"),
        ({"test_mode": "1"}, "test_mode"),
        ({"test_mode": "0"}, "test_mode"),
    ],
)
def test_an_attempt_is_judged_again(change: dict[str, str | None], code: str | None) -> None:
    """Whatever happened since the plan, nothing leaves that Liftoff would misread."""
    changed = {name: value for name, value in (map_row(ANDROID) | change).items() if value is not None}
    assert judge_attempt(changed, POLICY, NOW_MS) == code


def test_a_plan_in_test_mode_sends_nothing_that_counts() -> None:
    """Nor the reverse: each mode refuses the other's postbacks."""
    test = replace(POLICY, mode=Mode.TEST)
    assert judge_attempt(map_row(ANDROID, test), test, NOW_MS) is None
    assert judge_attempt(map_row(ANDROID), test, NOW_MS) == "test_mode"
    assert judge_attempt(map_row(ANDROID, test), POLICY, NOW_MS) == "test_mode"


def test_an_event_can_grow_too_old_while_it_waits() -> None:
    """A plan that was paused for months does not send what nobody would want any more."""
    late = NOW_MS + 90 * 86_400_000
    assert judge_attempt(map_row(ANDROID), POLICY, late) == "timestamp_too_old"


def test_planning_and_attempt_agree() -> None:
    """What a plan lets through, an attempt at the same moment does not refuse, and the reverse."""
    changes: list[Row] = [
        {},
        {"event_time": None},
        {"event_time": NOW + timedelta(hours=1)},
        {"event_time": datetime(1990, 1, 1, tzinfo=UTC), "install_time": None},
        {"install_time": NOW},
        {"ip": "::1"},
        {"language": None},
        {"event_name": "x"},
        NOBODY,
    ]
    for change in changes:
        row = {**ANDROID, **change}
        assert judge_attempt(map_row(row), POLICY, NOW_MS) == judge_row(row)


def test_every_gate_has_a_code_and_a_sentence() -> None:
    """Codes are stable names, each once; sentences are for people."""
    assert len(SENTENCES) == len(GATES)
    assert all(re.fullmatch(r"[a-z_]+", gate.code) for gate in GATES)
    assert all(re.fullmatch(r"[A-Z].*\.", gate.sentence) for gate in GATES)
