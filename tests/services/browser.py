"""A real browser for tests: the machine's own Chromium or Chrome, never a download.

Where there is none the test cannot run: in CI that fails it, elsewhere it is skipped and says so.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

NUMBERS: Final = count(1)
NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# It runs as whoever runs the tests, root in a container included, on pages of our own; and calls nobody.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Hidden from tests by the root conftest, so read before that.
CHOSEN: Final = os.environ.get("PUSHLIFT_BROWSER")
MISSING: Final = (
    "No browser was found, so the pages were NOT tested in one: run scripts/browser.sh, or name a Chromium"
    " or Chrome in PUSHLIFT_BROWSER."
)


def find_browser() -> str | None:
    """Find the browser that PUSHLIFT_BROWSER names, else one in the path."""
    if CHOSEN:
        return CHOSEN
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass(slots=True)
class Seen:
    """A page as a browser shows it, and what it said and asked for beside its own file."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def resize(self, width: int) -> None:
        """Make the window as wide."""
        self.page.set_viewport_size({"width": width, "height": 800})

    def ask(self, script: str) -> Any:  # noqa: ANN401 - what a script of the browser's returns
        """Run a script in the page."""
        return self.page.evaluate(script)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Opens pages in a browser, each in a tab of its own."""

    browser: Browser
    folder: Path
    windows: dict[str, BrowserContext] = field(default_factory=dict)

    def open(self, html: str, *, width: int = 1280, scheme: str = "light") -> Seen:
        """Show a page from a file, as a person would open it, and let it ask for nothing."""
        file = self.folder / f"{next(NUMBERS)}.html"
        file.write_text(html, encoding="utf-8")
        if scheme not in self.windows:
            # A window takes longer to open than a tab, and a file keeps nothing that another could find.
            self.windows[scheme] = self.browser.new_context(
                color_scheme="dark" if scheme == "dark" else "light"
            )
        seen = Seen(self.windows[scheme].new_page())
        seen.resize(width)
        seen.page.on("console", lambda message: seen.console.append(message.text))
        seen.page.on("pageerror", lambda error: seen.console.append(str(error)))

        def answer(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                seen.requests.append(route.request.url)
                route.abort()

        seen.page.route("**/*", answer)
        seen.page.goto(file.as_uri())
        return seen


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a real browser, headless, for the length of the test run."""
    program = find_browser()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def viewer(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Viewer:
    """Open pages in the browser."""
    return Viewer(browser, tmp_path_factory.mktemp("pages"))
