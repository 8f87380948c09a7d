"""The quick look-up of ids finds exactly what folding each value and comparing it would."""

import hashlib
import re
from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from etl.lake.wanted import Wanted, WantedId
from etl.subjects import fold_identifier, is_placeholder

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("abAB-", min_size=1, max_size=12),
    st.sampled_from(
        ["a1b2c3d4-0011-4222-8333-aabbccddeeff", "1756684800000-1234567890123456789", "x", "ß-1"]
    ),
)
SPELLINGS = (str.upper, str.lower, str.title, lambda text: f"\u00a0{text} ", lambda text: f"\t{text}\x1f")


def list_forms_of(text: str) -> Iterator[str]:
    """List the forms of an id, by what documents them: the id, and digests of it in three casings."""
    trimmed, folded = text.strip(), text.strip().casefold()
    yield folded
    if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", folded):
        yield folded.replace("-", "")
    for spelling in {trimmed, folded}:
        for cased in {spelling, spelling.lower(), spelling.upper()}:
            yield hashlib.sha1(cased.encode()).hexdigest()  # noqa: S324 - as partners do
            yield hashlib.md5(cased.encode()).hexdigest()  # noqa: S324 - the same


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS | st.none(), max_size=20), st.integers(0, 7), st.data())
def test_as_folding_does(ids: list[str], others: list[str | None], offset: int, data: st.DataObject) -> None:
    """Whatever the casing, the space around, the length and the script; in slices and with nulls, too."""
    ids = [each for each in ids if not is_placeholder(each)]
    spelled = [data.draw(st.sampled_from(SPELLINGS))(each) for each in ids]
    values = data.draw(st.permutations([*spelled, *others]))[offset:]
    column = pa.array([None] * offset + values, pa.string()).slice(offset)

    lookup = Wanted(WantedId(each) for each in ids).for_app(None)

    wanted = {form for each in spelled for form in list_forms_of(each)}
    expected = [
        place for place, text in enumerate(values) if text is not None and fold_identifier(text) in wanted
    ]
    assert sorted(lookup.find(column).tolist()) == expected


DEVICE = "A1B2C3D4-0011-4222-8333-AABBCCDDEEFF"


@given(st.lists(st.sampled_from(["a", "b"]), max_size=2), st.sampled_from(["a", "b", "c", None]))
def test_each_form_leads_to_its_id_in_its_apps_alone(apps: list[str], app_id: str | None) -> None:
    """An id for some apps is found in these, and where the app is not known."""
    lookup = Wanted([WantedId(DEVICE, frozenset(apps)), WantedId("someone")]).for_app(app_id)

    found = {lookup.find_owner(form) for form in list_forms_of(DEVICE)}

    is_asked = not apps or app_id is None or app_id in apps
    assert found == ({DEVICE.lower()} if is_asked else {None})


def test_what_is_added_is_found_beside_what_was() -> None:
    """An id that was wanted for one app, and then for all, is found in all; others stay as they were."""
    wanted = Wanted([WantedId("one", frozenset({"a"})), WantedId("other", frozenset({"a"}))])

    wanted.add([WantedId("one"), WantedId("third", frozenset({"b"}))])

    found = {
        app: [wanted.for_app(app).find_owner(each) for each in ("one", "other", "third")] for app in "abc"
    }
    assert found == {
        "a": ["one", "other", None],
        "b": ["one", None, "third"],
        "c": ["one", None, None],
    }
    assert len(wanted) == 3


def test_a_digest_that_is_an_id_itself_is_that_id() -> None:
    """An id that somebody is known by goes before the digest of another one."""
    digest = hashlib.md5(DEVICE.encode()).hexdigest()  # noqa: S324 - as partners do

    lookup = Wanted([WantedId(DEVICE), WantedId(digest)]).for_app(None)

    assert lookup.find_owner(digest) == digest
