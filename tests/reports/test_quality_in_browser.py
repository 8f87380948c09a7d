"""The quality page in a real browser: what a person sees, and what it must never do."""

from functools import cache
from itertools import pairwise

import pytest

from etl.reports.figures import QualityFigures
from etl.reports.quality import render_quality_page
from tests.reports.made_up import HOSTILE, NOW, make_figures, name_apps, period_of
from tests.services.browser import Seen, Viewer

PHONE = 375
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
# Whatever a phone's reader could not reach; a heading that is cut short has its text as its title.
OUTSIDE = """[...document.querySelectorAll('main *, header *, footer *')].filter(
    each => !each.closest('.scroll, h3') && each.getBoundingClientRect().right > window.innerWidth + 1
).map(each => each.outerHTML.slice(0, 100))"""

EMPTY = QualityFigures(period_of(28), NOW)
CASES = {
    "nothing": EMPTY,
    "one app, one day": make_figures(name_apps(1), 1),
    "three apps": make_figures(),
    "thirty apps, 400 days": make_figures(name_apps(30), 400),
    "hostile names": make_figures(HOSTILE),
}


@cache
def render_usual() -> str:
    """Render the page at which several tests look."""
    return render_quality_page(make_figures())


@pytest.fixture(scope="module", params=CASES)
def seen(request: pytest.FixtureRequest, viewer: Viewer) -> Seen:
    """Open the page of each case, which every test only looks at."""
    return viewer.open(render_quality_page(CASES[request.param]))


def test_it_asks_for_nothing_and_complains_of_nothing(seen: Seen) -> None:
    """The page makes no request at all, and the browser's console stays empty."""
    assert seen.requests == []
    assert seen.console == []


@pytest.mark.parametrize("width", [PHONE, 320, 768, 1280])
def test_it_fits_the_width(seen: Seen, width: int) -> None:
    """Nothing but a table within its own region needs scrolling sideways, on a phone or elsewhere."""
    seen.resize(width)

    assert seen.ask(OVERFLOW) <= 0
    assert seen.ask(OUTSIDE) == []


def test_it_fits_with_every_figure_shown(seen: Seen) -> None:
    """The tables behind the plots scroll in their regions, too."""
    seen.resize(PHONE)
    seen.ask("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert seen.ask(OVERFLOW) <= 0
    seen.ask("document.querySelectorAll('details').forEach(each => each.open = false)")


def test_no_two_elements_share_an_id(seen: Seen) -> None:
    """Links and names lead to one place."""
    ids = seen.ask("[...document.querySelectorAll('[id]')].map(each => each.id)")

    assert len(ids) == len(set(ids))


def test_links_lead_somewhere(seen: Seen) -> None:
    """Each section that the page's own navigation names is there, even when it is empty."""
    missing = """[...document.querySelectorAll('a[href^="#"]')]
        .map(each => each.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))"""

    assert seen.ask(missing) == []


def test_plots_have_names_and_descriptions(seen: Seen) -> None:
    """Whoever cannot see a plot is told what it shows."""
    said = """each => each.map(one => one.getAttribute('aria-labelledby').split(/\\s+/)
        .map(id => document.getElementById(id)?.textContent))"""

    for title, text in seen.page.get_by_role("img").evaluate_all(said):
        assert title
        assert text


def test_headings_are_in_order(seen: Seen) -> None:
    """One first heading, and none that skips a level."""
    found = "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => Number(each.tagName[1]))"
    levels = seen.ask(found)

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_tables_have_headers(seen: Seen) -> None:
    """Each row and each column says what it is."""
    bare = """[...document.querySelectorAll('table')].filter(each =>
        !each.querySelector('thead th[scope=col]') ||
        [...each.querySelectorAll('tbody tr')].some(row => !row.querySelector('th[scope=row]'))).length"""

    assert seen.ask(bare) == 0


def test_dark_and_light_differ(viewer: Viewer) -> None:
    """The page follows the reader's preference, plots included."""
    html = render_usual()
    colours = """[getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.card svg path[style*="fill: var"]')).fill,
        getComputedStyle(document.querySelector('.card svg text')).fill]"""

    light, dark = (viewer.open(html, scheme=scheme).ask(colours) for scheme in ("light", "dark"))

    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_paper_is_light_and_holds_every_app(viewer: Viewer) -> None:
    """A print from a dark screen is dark on white, without the navigation."""
    seen = viewer.open(render_usual(), scheme="dark")
    seen.page.emulate_media(media="print")

    assert seen.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not seen.page.locator("nav").is_visible()
    assert seen.page.pdf().startswith(b"%PDF")


def test_every_app_has_its_verdicts(viewer: Viewer) -> None:
    """A row an app, with the state of every day and how it stands now; the failed one comes first."""
    figures = make_figures(name_apps(30))
    rows = viewer.open(render_quality_page(figures)).page.locator("#verdicts tbody tr")

    assert sorted(rows.locator("th").all_text_contents()) == list(figures.apps)
    assert rows.first.locator("th").text_content() == figures.apps[0]
    assert rows.locator(".standing").all_inner_texts() == ["failed", *["passed"] * 29]
    last = rows.first.locator("td").last
    assert last.get_attribute("title") == "2026-11-24: a required check failed (2 of 38 failed)"
    assert "a required check failed" in str(last.text_content())


def test_a_held_batch_is_the_first_thing_said(viewer: Viewer) -> None:
    """The headline, and a line with app, rows and rules."""
    page = viewer.open(render_usual()).page

    assert "1 batch is held back" in str(page.locator(".banner").text_content())
    assert "1,200" in str(page.get_by_role("region", name="Open held batches").text_content())


def test_names_are_text(viewer: Viewer) -> None:
    """Markup, quotes and templates in a name are shown as they are, and nothing of them runs."""
    seen = viewer.open(render_quality_page(make_figures(HOSTILE)))

    assert seen.page.title() == "Data quality, 2026-11-11 to 2026-11-24"
    assert seen.ask("document.querySelectorAll('script, img:not([role]), iframe').length") == 0
    shown = seen.page.locator("#verdicts tbody th").all_text_contents()
    assert sorted(shown) == sorted(HOSTILE)


def test_the_keyboard_reaches_every_table(viewer: Viewer) -> None:
    """A region that scrolls takes the focus and has a name; the first stop skips the navigation."""
    seen = viewer.open(render_usual(), width=PHONE)
    regions = "[...document.querySelectorAll('.scroll')].map(each => [each.tabIndex, each.ariaLabel])"

    assert all(stop == 0 and name for stop, name in seen.ask(regions))
    seen.page.keyboard.press("Tab")
    assert seen.ask("document.activeElement.textContent") == "Skip to the content"


def test_a_plot_and_its_table_say_the_same(viewer: Viewer) -> None:
    """What pointing at a bar tells is what the table has."""
    card = viewer.open(render_quality_page(make_figures(name_apps(1)))).page.locator("#volume .card")
    told = card.locator("svg").first.locator(".hint title").all_text_contents()
    rows = card.get_by_role("region", name="Over time", include_hidden=True).locator("tbody tr")

    listed = [[cell.strip() for cell in row.split("\t")] for row in rows.evaluate_all(
        "each => each.map(row => [...row.children].map(cell => cell.textContent).join('\\t'))"
    )]  # fmt: skip
    assert told == [f"{day.removesuffix(' (so far)')}: {events} events" for day, events in listed]
