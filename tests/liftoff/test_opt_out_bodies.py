"""A body is what Liftoff documents, and holds nothing that would fail the others in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.opt_out_bodies import LiftoffType, OptOut, encode_body, make_batches
from etl.liftoff.sandbox.opt_out_rules import judge_opt_out

NOW = datetime(2026, 11, 28, 12, 0, 0, 999_000, tzinfo=UTC)
IDFA = "8C1F0D2A-37B4-4E69-9A5D-E02B7F6413C8"
GAID = "b7e4a390-1c5d-4f28-8e6b-39d0a7f1c524"
STORES = ("1234567890", "com.acme.app")


def test_a_body_has_the_documented_keys() -> None:
    """`ts` in whole seconds, the type always, the test as a boolean, no digest, and no apps for all apps."""
    body = json.loads(encode_body([OptOut("1", IDFA, "idfa")], NOW, is_test=False))
    assert body == {"ts": 1795867200, "device-ids": [IDFA], "device-id-type": "idfa", "test": False}


def test_some_apps_are_named_by_their_stores() -> None:
    """Only these are opted out."""
    body = json.loads(encode_body([OptOut("1", GAID, "gaid", STORES)], NOW, is_test=True))
    assert (body["app-store-ids"], body["test"], body["device-id-type"]) == (list(STORES), True, "gaid")


@pytest.mark.parametrize(
    "batch",
    [
        [],
        [OptOut("1", IDFA, "idfa"), OptOut("2", GAID, "gaid")],
        [OptOut("1", IDFA, "idfa"), OptOut("2", IDFA, "idfa", STORES)],
    ],
    ids=["empty", "two types", "two scopes"],
)
def test_a_body_is_of_one_group(batch: list[OptOut]) -> None:
    """One type a request, and the same apps; the error quotes no id."""
    with pytest.raises(ValueError, match=r"^A body holds ids of one type"):
        encode_body(batch, NOW, is_test=True)


@pytest.mark.parametrize(
    ("device_id", "id_type"),
    [
        (IDFA.lower(), "idfa"),
        (GAID.upper(), "gaid"),
        (IDFA[:-1], "idfa"),
        ("00000000-0000-0000-0000-000000000000", "gaid"),
        (f" {GAID}", "gaid"),
        ("null", "gaid"),
        ("", "idfa"),
    ],
)
def test_what_liftoff_would_refuse_is_unsound(device_id: str, id_type: LiftoffType) -> None:
    """Casing, form, and zeros, of which it says that nothing is processed."""
    assert not OptOut("1", device_id, id_type).is_sound


def test_no_repr_shows_an_id() -> None:
    """A log of opt-outs names requests."""
    assert IDFA not in repr(OptOut("request-1", IDFA, "idfa"))


UUIDS = st.uuids(version=4).map(str)
OPT_OUTS = st.lists(
    st.one_of(
        st.builds(OptOut, st.text(), UUIDS, st.just("gaid"), st.sampled_from([(), STORES, STORES[:1]])),
        st.builds(OptOut, st.text(), UUIDS.map(str.upper), st.just("idfa"), st.sampled_from([(), STORES])),
    ),
    max_size=40,
)


@given(OPT_OUTS, st.integers(1, 10))
def test_batches_hold_each_opt_out_once(opt_outs: list[OptOut], size: int) -> None:
    """Of one group, no larger than asked, in their order."""
    batches = list(make_batches(opt_outs, size))
    assert all(0 < len(batch) <= size and len({each.group for each in batch}) == 1 for batch in batches)
    for group in {each.group for each in opt_outs}:
        gathered = [each for batch in batches for each in batch if each.group == group]
        assert gathered == [each for each in opt_outs if each.group == group]


@given(OPT_OUTS, st.booleans())
def test_liftoffs_own_rules_accept_every_body(opt_outs: list[OptOut], is_test: bool) -> None:  # noqa: FBT001 - a parameter
    """As the sandbox has them from the document."""
    sound = [each for each in opt_outs if each.is_sound]
    for batch in make_batches(sound, 7):
        judged = judge_opt_out(encode_body(batch, NOW, is_test=is_test), "application/json")
        assert (judged.broken, judged.status, judged.is_test) == ((), 200, is_test)


@given(st.text(), st.sampled_from(["idfa", "gaid"]))
def test_what_is_sound_is_accepted(text: str, id_type: LiftoffType) -> None:
    """Our rules let nothing through that Liftoff's refuse, and the reverse."""
    opt_out = OptOut("1", text, id_type)
    judged = judge_opt_out(encode_body([opt_out], NOW, is_test=True), "application/json")
    assert opt_out.is_sound == (judged.status == 200)
