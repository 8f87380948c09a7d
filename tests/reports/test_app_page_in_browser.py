"""An app's page, and the index, in a real browser: what a person sees, and what they must never do."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import pytest
from playwright.sync_api import Page

from etl.reports.app_figures import AppFigures
from etl.reports.app_index import IndexLine, render_index
from etl.reports.app_page import render_app_page
from tests.reports.made_up import HOSTILE, NOW, name_apps, period_of
from tests.reports.made_up_apps import APP, SCRIPT, make_app
from tests.services.browser import Seen, Viewer

PHONE: Final = 390
OVERFLOW: Final = "document.documentElement.scrollWidth - window.innerWidth"
OUTSIDE: Final = """[...document.querySelectorAll('main *, header *, footer *')].filter(
    each => !each.closest('.scroll, h3') && each.getBoundingClientRect().right > window.innerWidth + 1
).map(each => each.outerHTML.slice(0, 100))"""
# Of each text that is seen, its colour and the colours behind it, as the browser paints them.
PAINTED: Final = """[...document.querySelectorAll('body *')].filter(each =>
    [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
    && each.checkVisibility() && !each.closest('.hidden, .skip, desc, title')
).map(each => {
    const grounds = [];
    for (let at = each; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
    const style = getComputedStyle(each);
    return [each.textContent.trim().slice(0, 40), each.closest('svg') ? style.fill : style.color, grounds];
})"""
TEXT: Final = 4.5

EMPTY: Final = AppFigures(APP, period_of(30), NOW)
CASES: Final = {
    "nothing": render_app_page(EMPTY),
    "a day": render_app_page(make_app(days=1)),
    "a month": render_app_page(make_app()),
    "400 days": render_app_page(make_app(days=400)),
    **{f"hostile {number}": render_app_page(make_app(each, 3, each)) for number, each in enumerate(HOSTILE)},
    "index": render_index(
        [IndexLine(make_app(each, 3), f"{each}.html") for each in [*name_apps(3), *HOSTILE]]
    ),
}


@pytest.fixture(scope="module", params=CASES)
def seen(request: pytest.FixtureRequest, viewer: Viewer) -> Seen:
    """Open the page of each case, which every test only looks at."""
    return viewer.open(CASES[request.param])


@pytest.fixture(scope="module")
def month(viewer: Viewer) -> Page:
    """Open an app's month, at which a test only looks."""
    return viewer.open(CASES["a month"]).page


def test_it_asks_for_nothing_and_complains_of_nothing(seen: Seen) -> None:
    """The page makes no request at all, and the browser's console stays empty."""
    assert seen.requests == []
    assert seen.console == []


@pytest.mark.parametrize("width", [PHONE, 320, 768, 1280])
def test_it_fits_the_width(seen: Seen, width: int) -> None:
    """Nothing but a table within its own region needs scrolling sideways, with every figure shown or not."""
    seen.resize(width)
    details = "document.querySelectorAll('details').forEach(each => each.open = {})"

    assert seen.ask(OVERFLOW) <= 0
    assert seen.ask(OUTSIDE) == []
    seen.ask(details.format("true"))
    assert seen.ask(OVERFLOW) <= 0
    seen.ask(details.format("false"))


def test_no_two_elements_share_an_id_and_links_lead_somewhere(seen: Seen) -> None:
    """The page's own navigation finds each section, even when it is empty."""
    ids = seen.ask("[...document.querySelectorAll('[id]')].map(each => each.id)")
    targets = seen.ask(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(each => each.getAttribute('href'))"
    )

    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets} <= set(ids)


def test_headings_are_in_order(seen: Seen) -> None:
    """One first heading, and none that skips a level."""
    found = "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => Number(each.tagName[1]))"
    levels = seen.ask(found)

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_it_has_its_landmarks(seen: Seen) -> None:
    """A header, one main part with named sections, and a footer."""
    assert seen.ask("document.querySelectorAll('main').length") == 1
    assert seen.ask("document.querySelectorAll('body > header, body > footer').length") == 2
    named = """[...document.querySelectorAll('section')].filter(each =>
        !document.getElementById(each.getAttribute('aria-labelledby'))?.textContent.trim()).length"""
    assert seen.ask(named) == 0


def test_tables_have_headers(seen: Seen) -> None:
    """Each row and each column says what it is."""
    bare = """[...document.querySelectorAll('table')].filter(each =>
        !each.querySelector('thead th[scope=col]') ||
        [...each.querySelectorAll('tbody tr, tfoot tr')].some(
            row => !row.querySelector('th[scope=row]'))).length"""

    assert seen.ask(bare) == 0


def test_every_plot_has_a_name_a_description_and_a_table(seen: Seen) -> None:
    """Whoever cannot see a plot is told what it shows, and finds its figures in the same section."""
    said = """each => each.map(one => one.getAttribute('aria-labelledby').split(/\\s+/)
        .map(id => document.getElementById(id)?.textContent))"""

    for title, text in seen.page.get_by_role("img").evaluate_all(said):
        assert title
        assert text
    alone = """[...document.querySelectorAll('svg')].filter(
        each => !each.closest('section').querySelector('table')).length"""
    assert seen.ask(alone) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("case", ["a month", "index", "nothing"])
def test_every_text_can_be_read(viewer: Viewer, case: str, scheme: str) -> None:
    """As the browser paints it, on whatever it stands, plots included: WCAG 2.2, 1.4.3."""
    opened = viewer.open(CASES[case], scheme=scheme)
    opened.ask("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert opened.ask(PAINTED)
    assert find_faint(opened) == set()


def test_paper_is_light(viewer: Viewer) -> None:
    """A print from a dark screen is dark on white, without the navigation, and no text of it is faint."""
    opened = viewer.open(CASES["a month"], scheme="dark")
    opened.page.emulate_media(media="print")

    assert opened.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not opened.page.locator("nav").is_visible()
    assert find_faint(opened) == set()
    assert opened.page.pdf().startswith(b"%PDF")


def test_the_keyboard_reaches_every_table(viewer: Viewer) -> None:
    """A region that scrolls takes the focus and has a name; the first stop skips the navigation."""
    opened = viewer.open(CASES["a month"], width=PHONE)
    regions = "[...document.querySelectorAll('.scroll')].map(each => [each.tabIndex, each.ariaLabel])"

    assert all(stop == 0 and name for stop, name in opened.ask(regions))
    opened.page.keyboard.press("Tab")
    assert opened.ask("document.activeElement.textContent") == "Skip to the content"


def test_names_are_text(viewer: Viewer) -> None:
    """What is called like markup is shown as it is, be it an app, an event or a zone; nothing of it runs."""
    opened = viewer.open(render_app_page(make_app(SCRIPT, name=SCRIPT)))

    assert opened.page.title() == f"{SCRIPT}, {period_of(30).first} to {period_of(30).last}"
    assert opened.ask("document.querySelectorAll('script, img:not([role]), iframe').length") == 0
    assert SCRIPT in opened.page.locator("#volume tbody th").all_inner_texts()
    assert opened.page.locator("h1").inner_text() == SCRIPT


def test_an_id_in_a_name_is_not_shown(month: Page) -> None:
    """The name that looks generated is told as "other", with its count."""
    assert "918273645" not in month.content()
    assert month.locator("#volume tbody tr", has_text="other").inner_text().split() == [
        "other",
        "700",
        "2.4",
        "%",
        "1",
    ]


def test_what_is_over_the_deadline_is_said_first(month: Page) -> None:
    """And the table marks each day by how near it is."""
    assert "1 opt-out request is past the deadline" in month.locator(".banner").inner_text()
    chips = month.locator("#opt-outs tbody .chip").evaluate_all("each => each.map(one => one.className)")
    assert chips == ["chip failed", "chip advisory", "chip passed"]


def test_the_funnel_and_its_table_say_the_same(month: Page) -> None:
    """From landing to Liftoff: 30,400 published, with 13 refused and 150 held 30,563 landed."""
    table = month.get_by_role("region", name="How many came how far").locator("tbody tr")
    told = str(month.locator("#funnel-text").text_content())

    rows = [re.split(r"\s*\t\s*", row) for row in table.all_inner_texts()]
    assert rows == [
        ["Landed", "30,563", "records"],
        ["Published", "30,400", "records"],
        ["Each thing once", "29,300", "occurrences"],
        ["Planned for Liftoff", "994", "occurrences"],
        ["Sent", "936", "occurrences"],
        ["Accepted", "900", "occurrences"],
    ]
    assert all(f"{name} {count} {unit}" in told for name, count, unit in rows)


def test_currencies_are_never_added(month: Page) -> None:
    """Thirty days of 199.90 after refunds each, in euro, in dollar, and in none, each in a row of its own."""
    rows = month.get_by_role("region", name="Revenue by currency").locator("tbody tr")

    found = {row.split("\t")[0].strip(): row.split("\t")[5].strip() for row in rows.all_inner_texts()}
    assert found == {"EUR": "5,997.00", "USD": "5,997.00", "no currency": "5,997.00"}


def test_days_and_times_name_their_zones(month: Page) -> None:
    """The app's zone for days of events, UTC for all else."""
    when = month.locator(".when").inner_text()

    assert "zone (America/New_York), all else in UTC" in when
    assert "made 2026-11-24 13:40 UTC" in when


def test_the_index_leads_to_the_pages(viewer: Viewer) -> None:
    """Those that need attention first; the links are relative, so that the folder can be moved."""
    lines = [
        IndexLine(AppFigures("com.calm", period_of(3), NOW), "com.calm.html"),
        IndexLine(make_app(), "a b.html"),
    ]
    page = viewer.open(render_index(lines)).page

    links = page.locator("tbody a").evaluate_all("each => each.map(one => one.getAttribute('href'))")
    assert links == ["a%20b.html", "com.calm.html"]


def find_faint(seen: Seen) -> set[str]:
    """Find the texts that have too little contrast."""
    painted = seen.ask(PAINTED)
    return {text for text, colour, grounds in painted if contrast(colour, flatten(grounds)) < TEXT}


def flatten(grounds: list[str]) -> tuple[float, float, float]:
    """Give the colour of what a text stands on: the first opaque ground, with what is laid over it."""
    colour = (255.0, 255.0, 255.0)
    for ground in reversed(grounds):
        *parts, alpha = read_colour(ground)
        colour = tuple(alpha * part + (1 - alpha) * old for part, old in zip(parts, colour, strict=True))  # type: ignore[assignment]  # three parts each
    return colour


def read_colour(text: str) -> tuple[float, float, float, float]:
    """Read a colour as the browser spells it."""
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", text))
    return red, green, blue, alpha[0] if alpha else 1.0


def luminance(colour: tuple[float, float, float]) -> float:
    """Give the relative luminance of a colour, as WCAG has it."""
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text: str, ground: tuple[float, float, float]) -> float:
    """Give the contrast of a text and its ground, from 1 to 21."""
    red, green, blue, _ = read_colour(text)
    darker, lighter = sorted((luminance((red, green, blue)), luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)
