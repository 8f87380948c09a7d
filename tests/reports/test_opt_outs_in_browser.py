"""The page of opt-outs in a real browser: what a privacy officer sees, and what it must never do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from etl.reports.opt_outs import OptOutFigures, ProofLine, RequestLine, judge_opt_outs, render_opt_out_page
from etl.reports.verdicts import State
from tests.services.browser import Seen, Viewer

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HEAD = "5f" * 32
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
PROOF = ProofLine(NOW - timedelta(hours=3), is_proven=True, objects=1_234, read_bytes=5_600_000, found=0)


def line(number: int, days_left: float, app_id: str | None = None, **changes: object) -> RequestLine:
    """Make an open request."""
    made = RequestLine(number, app_id, "erase", NOW, days_left, "due", "erased_except_landing", False)
    return replace(made, **changes)  # type: ignore[arg-type]  # names of its fields


EMPTY = OptOutFigures(
    made_at=NOW,
    alert_days=7,
    open_requests=0,
    near=0,
    overdue=0,
    lines=(),
    states=(("open", 0), ("done", 0)),
    erasures=(("due", 0),),
    proof=None,
    evidence_length=0,
    evidence_head="0" * 64,
)
FULL = replace(
    EMPTY,
    open_requests=4_000,
    near=2,
    overdue=1,
    lines=(
        line(12, -0.5, "id1234567890"),
        line(7, 3.25, is_waiting=True),
        line(9, 20, "com.example.a.rather.long.name.of.an.app.that.goes.on" * 3),
        line(10, 29, '<img src=x onerror="alert(1)">'),
    ),
    states=(("open", 4_000), ("done", 1_000_000)),
    proof=PROOF,
    evidence_length=98_765,
    evidence_head=HEAD,
)
CASES = {"nothing": EMPTY, "full": FULL, "broken": replace(FULL, evidence_fault="Link 3 is changed.")}


@pytest.fixture(scope="module", params=CASES)
def seen(request: pytest.FixtureRequest, viewer: Viewer) -> Seen:
    """Open the page of each case, which every test only looks at."""
    return viewer.open(render_opt_out_page(CASES[request.param]))


def test_it_asks_for_nothing_and_complains_of_nothing(seen: Seen) -> None:
    """The page makes no request at all, and the browser's console stays empty."""
    assert (seen.requests, seen.console) == ([], [])


@pytest.mark.parametrize("width", [375, 320, 1280])
def test_it_fits_the_width(seen: Seen, width: int) -> None:
    """Nothing but a table within its own region needs scrolling sideways."""
    seen.resize(width)

    assert seen.ask(OVERFLOW) <= 0


def test_headings_links_and_tables_are_in_order(seen: Seen) -> None:
    """Whoever cannot see the page finds their way."""
    levels = seen.ask("[...document.querySelectorAll('h1,h2,h3')].map(each => Number(each.tagName[1]))")
    missing = """[...document.querySelectorAll('a[href^="#"]')]
        .map(each => each.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))"""
    bare = """[...document.querySelectorAll('table')].filter(each =>
        !each.querySelector('thead th[scope=col]') ||
        [...each.querySelectorAll('tbody tr')].some(row => !row.querySelector('th[scope=row]'))).length"""

    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert (seen.ask(missing), seen.ask(bare)) == ([], 0)


def test_dark_and_light_differ(viewer: Viewer) -> None:
    """The page follows the reader's preference."""
    colour = "getComputedStyle(document.body).backgroundColor"
    light, dark = (
        viewer.open(render_opt_out_page(FULL), scheme=scheme).ask(colour) for scheme in ("light", "dark")
    )

    assert light != dark


def test_each_request_has_its_number_and_days(viewer: Viewer) -> None:
    """The most urgent one first; how many more there are; and names are text."""
    page = viewer.open(render_opt_out_page(FULL)).page
    rows = page.get_by_role("region", name="Open requests by deadline").locator("tbody tr")

    assert rows.locator("th").all_inner_texts() == ["12", "7", "9", "10"]
    assert rows.locator(".chip").all_inner_texts() == ["-0.5", "3.2", "20.0", "29.0"]
    assert "waits for a person" in rows.nth(1).inner_text()
    assert "every app" in rows.nth(1).inner_text()
    assert "onerror" in rows.nth(3).inner_text()
    assert "3,996 more have more days left" in page.locator("#content").inner_text()


def test_proof_and_evidence_are_told(viewer: Viewer) -> None:
    """When it was verified last, how many links there are, and the head."""
    page = viewer.open(render_opt_out_page(FULL)).page
    text = page.get_by_role("region", name="How proof and evidence stand").inner_text()

    assert "2026-11-24 06:30" in text
    assert "98,765 links" in text
    assert HEAD in text


@pytest.mark.parametrize(
    ("figures", "state", "words"),
    [
        (replace(FULL, evidence_fault="Link 3 is changed."), State.FAILED, "Link 3"),
        (FULL, State.FAILED, "1 request is past"),
        (replace(FULL, overdue=0, proof=replace(PROOF, is_proven=False)), State.FAILED, "did not prove"),
        (replace(FULL, overdue=0), State.ADVISORY, "2 requests come due within 7 days"),
        (EMPTY, State.NONE, "Nothing was verified"),
        (replace(EMPTY, proof=PROOF), State.PASSED, "gone"),
    ],
    ids=["broken", "overdue", "unproven", "near", "never", "sound"],
)
def test_the_worst_is_said_first(figures: OptOutFigures, state: State, words: str) -> None:
    """What a person must act on comes before what they should look at."""
    found, headline = judge_opt_outs(figures)

    assert (found, words in headline) == (state, True)
