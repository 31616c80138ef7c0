"""The owner in a browser: signing in to relay, and to a chat through the screen of an account."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from stack.headless import accounts, spawn
from stack.office_site import OfficeSite, office_site
from stack.relay import Relay
from stack.watch import Watch

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("watch"), pytest.mark.asyncio(loop_scope="session")]

NAME, PASSWORD, ENTER, AGREE, WINDOW = (60, 55), (60, 105), (100, 160), (55, 235), (100, 400)
BADGE = (100, 60)
"""Where the parts of the chat's page are."""
PHONE = ViewportSize(width=390, height=844)
FITS = "document.getElementById('screen').width === document.getElementById('stage').clientWidth"
NOT_YET = "status of 409"
"""What a browser's console says of a screen that is asked for before it is there."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[OfficeSite]:
    async with office_site() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def admin_page(relay: Relay, context: BrowserContext) -> Page:
    """The admin page, signed in."""
    page = await context.new_page()
    await page.goto(await admin_link(relay))
    await expect(page.locator("#summary-title")).to_have_text("No sessions yet")
    return page


async def admin_link(relay: Relay) -> str:
    link: str = (await relay.command("admin", "--json"))["url"]
    return link


@asynccontextmanager
async def remote_login(relay: Relay, site: OfficeSite) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run ``relay login --remote`` for the block; the value is the process and the link it prints."""
    process = await spawn(relay, "login", "--remote", "--name", "work", "--site", site.url)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            said = ""
            while (found := re.search(r"http\S+/admin/#\S+", said)) is None:
                line = await process.stdout.readline()
                assert line, said + relay.said
                said += line.decode()
        yield process, found[0]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def is_shown(page: Page, site: OfficeSite) -> None:
    """Wait until `page` shows the account's browser."""
    await expect(page.locator("#address")).to_have_text(site.url, timeout=20_000)
    await expect(page.locator("#over")).to_be_hidden(timeout=20_000)


@pytest_asyncio.fixture(loop_scope="session")
async def screen(relay: Relay, site: OfficeSite, context: BrowserContext, watch: Watch) -> AsyncIterator[Page]:
    """A page that shows the account's browser, for a person to sign in."""
    watch.expect(NOT_YET)
    async with remote_login(relay, site) as (_, link):
        page = await context.new_page()
        await page.goto(link)
        await is_shown(page, site)
        yield page


async def press(picture: Locator, place: tuple[int, int], *, tap: bool = False) -> None:
    """Click on a place of the account's page, wherever the picture shows it."""
    box = await picture.bounding_box()
    size = await picture.evaluate("canvas => [canvas.width, canvas.height]")
    assert box is not None
    where = {"x": place[0] * box["width"] / size[0], "y": place[1] * box["height"] / size[1]}
    await (picture.tap(position=where) if tap else picture.click(position=where))  # type: ignore[arg-type]


async def has_seen(site: OfficeSite, what: str) -> None:
    async with asyncio.timeout(10):
        while what not in site.seen:
            await asyncio.sleep(0.02)


async def test_link_works_once_and_its_code_is_nowhere(relay: Relay, context: BrowserContext, watch: Watch) -> None:
    watch.expect("status of 401")
    link = await admin_link(relay)
    page = await context.new_page()
    await page.goto(link)
    await expect(page.locator("#sessions-view")).to_be_visible()
    assert page.url == link.partition("#")[0]

    other = await context.browser.new_page()  # type: ignore[union-attr]
    await other.goto(link)
    await expect(other.locator("#code-problem")).to_contain_text("relay admin")
    await expect(other.locator("#sessions-view")).to_be_hidden()
    await other.context.close()

    assert link.partition("code=")[2] not in relay.said


async def test_another_tab_is_signed_in_too_until_the_owner_signs_out(
    admin_page: Page, context: BrowserContext
) -> None:
    other = await context.new_page()
    await other.goto(admin_page.url)
    await expect(other.locator("#summary-title")).to_have_text("No sessions yet")

    await admin_page.get_by_role("button", name="Sign out").click()
    await expect(admin_page.locator("#signed-out-title")).to_be_visible()
    await expect(other.locator("#signed-out-title")).to_be_visible()


async def test_session_ends_with_relay(relay: Relay, admin_page: Page, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION|status of 401")
    await relay.kill()
    await expect(admin_page.locator("#summary-title")).to_have_text("No connection to relay")
    await relay.start()
    await expect(admin_page.locator("#signed-out-title")).to_be_visible(timeout=15_000)


HOSTILE = """async (admin) => {
    const ask = (url, init) => fetch(url, init).then((answer) => answer.status, () => "refused");
    const opened = window.open(admin + "/admin/");
    await new Promise((resolve) => setTimeout(resolve, 500));
    let title;
    try { title = opened.document.title; } catch { title = "refused"; }
    return [
        title,
        localStorage.getItem("relay.admin.token"),
        await ask("/api/sessions", { credentials: "include" }),
        await ask(admin + "/api/sessions", { credentials: "include" }),
        await ask(admin + "/api/admin/sign-out", { method: "POST", credentials: "include", mode: "no-cors" }),
        await ask(admin + "/api/admin/sign-out", {
            method: "POST", credentials: "include", headers: { "x-relay-token": "radt-guess" },
        }),
    ];
}"""


async def test_script_in_relays_own_page_reaches_nothing(
    relay: Relay, admin_page: Page, context: BrowserContext, watch: Watch
) -> None:
    watch.expect("status of 401|Content Security Policy|violates the document")
    page = await context.new_page()
    await page.goto(relay.origin)
    found = await page.evaluate(HOSTILE, admin_page.url.partition("/admin")[0])
    assert found == ["refused", None, 401, "refused", "refused", "refused"]
    await expect(admin_page.locator("#sign-out")).to_be_visible()


async def test_server_on_another_port_gets_the_cookie_and_nothing_else(
    site: OfficeSite, admin_page: Page, context: BrowserContext, watch: Watch
) -> None:
    watch.expect("status of 403|CORS|ERR_FAILED")
    page = await context.new_page()
    await page.goto(site.url)
    found = await page.evaluate(HOSTILE, admin_page.url.partition("/admin")[0])
    assert found == ["refused", None, 200, "refused", 0, "refused"]  # 0: sent, and nobody learns the answer
    assert any(cookie.startswith("relay-admin") for cookie in site.cookies)
    await expect(admin_page.locator("#sign-out")).to_be_visible()
    await admin_page.reload()
    await expect(admin_page.locator("#summary-title")).to_have_text("No sessions yet")


async def test_person_signs_in_on_the_screen(
    relay: Relay, site: OfficeSite, context: BrowserContext, watch: Watch
) -> None:
    watch.expect(NOT_YET)
    async with remote_login(relay, site) as (login, link):
        page = await context.new_page()
        await page.goto(link)
        await is_shown(page, site)
        await expect(page.locator("#screen-site")).to_have_text(re.compile("127.0.0.1"))

        picture = page.locator("#screen")
        await press(picture, NAME)
        await page.keyboard.type("adx")
        await page.keyboard.press("Backspace")
        await page.keyboard.type("a")
        await press(picture, PASSWORD)
        await page.keyboard.insert_text("correct horse")
        await press(picture, ENTER)
        await has_seen(site, "/entered")

        await page.get_by_role("link", name="All sessions").click()
        card = page.get_by_role("listitem").filter(has_text="work")
        await expect(card).to_contain_text("Answer the consent question on its screen.")
        await expect(page.locator("#summary-title")).to_have_text("One session needs you")
        await card.get_by_role("link", name="Open its screen").click()
        await expect(page.locator("#over")).to_be_hidden()
        await press(picture, AGREE)
        await has_seen(site, "/agreed")

        assert await asyncio.wait_for(login.wait(), 20) == 0
    reply = await relay.client.chat("office", "Hello")
    assert reply.json()["choices"][0]["message"]["content"] == "Good morning"
    assert "correct horse" not in relay.said
    assert "adx" not in relay.said


async def test_phone_signs_in_by_touch(relay: Relay, site: OfficeSite, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = await context.new_page()
    async with remote_login(relay, site) as (login, link):
        await page.goto(link)
        await is_shown(page, site)
        picture = page.locator("#screen")
        await page.wait_for_function(FITS)
        await press(picture, NAME, tap=True)
        await type_as_phones_do(page, "adax")
        await page.locator("#keys").evaluate("keys => { keys.value = ''; keys.dispatchEvent(new InputEvent('input')) }")
        await press(picture, PASSWORD, tap=True)
        await type_as_phones_do(page, "correct horse")
        await press(picture, ENTER, tap=True)
        await has_seen(site, "/entered")
        await press(picture, AGREE, tap=True)
        await has_seen(site, "/agreed")
        await swipe(page, picture)
        await has_seen(site, "/scrolled")
        assert await page.evaluate(OVERFLOW) == 0
        assert await asyncio.wait_for(login.wait(), 20) == 0
    await context.close()


async def type_as_phones_do(page: Page, text: str) -> None:
    """Type with a keyboard that tells texts, not keys."""
    await page.get_by_role("button", name="Keyboard").tap()
    await expect(page.locator("#keys")).to_be_focused()  # a tap does not wait for the click that it makes
    await page.keyboard.insert_text(text)


async def swipe(page: Page, picture: Locator) -> None:
    """Drag a finger up over the picture."""
    cdp = await page.context.new_cdp_session(page)
    box = await picture.bounding_box()
    assert box is not None
    x, low, high = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, box["y"] + box["height"] * 0.3
    await cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": low}]})
    for step in range(10):
        y = low + (high - low) * step / 9
        await cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    await cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_second_viewer_takes_over_and_the_first_may_take_it_back(
    site: OfficeSite, context: BrowserContext, screen: Page
) -> None:
    other = await context.new_page()
    await other.goto(f"{screen.url.partition('#')[0]}#screen=work")
    await is_shown(other, site)

    await expect(screen.locator("#over-text")).to_have_text("This screen is shown elsewhere now.")
    await screen.get_by_role("button", name="Show it here").click()
    await expect(screen.locator("#over")).to_be_hidden()
    await expect(other.get_by_role("button", name="Show it here")).to_be_visible()
    await press(screen.locator("#screen"), NAME)
    await screen.keyboard.type("copied")
    await screen.keyboard.press("Control+a")
    await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=screen.url.partition("/admin")[0])
    await screen.get_by_role("button", name="Copy").click()
    await expect(screen.locator("#screen-said")).to_have_text("Copied.")
    assert await screen.evaluate("navigator.clipboard.readText()") == "copied"


async def test_browser_that_is_killed_comes_back(relay: Relay, site: OfficeSite, screen: Page) -> None:
    os.kill((await accounts(relay))[0]["pid"], signal.SIGKILL)
    await expect(screen.locator("#over-text")).to_contain_text("Trying again")
    await is_shown(screen, site)


async def test_window_that_the_site_opens_is_shown_and_left_again(site: OfficeSite, screen: Page) -> None:
    picture = screen.locator("#screen")
    await press(picture, WINDOW)
    await expect(screen.locator("#address")).to_have_text(f"{site.url}window")
    await expect(screen.locator("#over")).to_be_hidden()
    await press(picture, BADGE)
    await has_seen(site, "/badge")
    await is_shown(screen, site)


async def test_account_is_started_anew_and_removed(relay: Relay, screen: Page) -> None:
    first = (await accounts(relay))[0]["pid"]
    await screen.get_by_role("link", name="All sessions").click()
    card = screen.get_by_role("listitem").filter(has_text="work")
    await expect(card).to_contain_text("Sign in on its screen.")
    await card.get_by_role("button", name="Restart").click()
    await expect(card.get_by_role("button", name="Restart")).to_be_enabled()
    await expect(card).to_contain_text("Sign in on its screen.", timeout=20_000)
    assert (await accounts(relay))[0]["pid"] != first

    await card.get_by_role("button", name="Remove…").click()
    await screen.get_by_role("dialog").get_by_role("button", name="Keep").click()
    await expect(card).to_be_visible()
    await card.get_by_role("button", name="Remove…").click()
    await screen.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(card).to_have_count(0)
    assert await accounts(relay) == []
