"""The page in a real browser, from a real sandbox."""

import pytest
from playwright.sync_api import Browser

from etl.liftoff.sandbox.process import SandboxProcess
from tests.liftoff.sandbox.asking import IDFA, OPT_OUT, POSTBACK, post, send

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize("is_empty", [True, False], ids=["empty", "filled"])
@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_it_shows_what_arrived_and_nobody(
    sandbox: SandboxProcess, browser: Browser, width: int, *, is_empty: bool, has_script: bool
) -> None:
    """It answers, fits, asks for nothing but itself, and shows markup as text and of ids their length."""
    if not is_empty:
        send(sandbox)
        send(sandbox, event_name="<b>bold</b>", language="English")
        post(sandbox, OPT_OUT)
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=has_script)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(f"{sandbox.address}/?refresh=0")

    assert answer is not None
    assert answer.status == 200
    assert asked == [f"{sandbox.address}/?refresh=0"]
    assert page.evaluate(OVERFLOW) <= 0
    assert page.locator("main b, script").count() == 0
    content = page.content()
    hidden = [IDFA, *(POSTBACK[name] for name in ("client_ip", "idfv", "user_agent", "user_id"))]
    assert not [value for value in hidden if value in content]
    assert ("masked:36" in content) is not is_empty
    context.close()
