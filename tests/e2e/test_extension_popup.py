"""What a person sees and does in the extension's popup, and what a hostile page can do to it.

The extension is loaded from a copy whose manifest grants it the tests' hosts: see stack/extension.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright, expect
from stack.chat_site import long_answer
from stack.extension import SITE, Extended, extended
from stack.page import POLL_SECONDS, ready
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """() => {
  const forged = ["open", "frame", "close", "view", "setup", "taught", "connect", "report", "pair"];
  for (const type of forged) {
    const data = JSON.stringify({ type: "hello", token: "x", protocols: [1], site: "bank.example" });
    window.postMessage({ relay: "agent", type, socket: 1, data, source: "relay", from: "content" }, "*");
    window.postMessage({ relay: "worker", type, code: "AAAAA-AAAAA", address: "evil.example" }, "*");
    document.dispatchEvent(new CustomEvent(type, { detail: { relay: true } }));
  }
  const seen = [typeof chrome === "object" && typeof chrome.runtime];
  window.addEventListener("message", ({ data }) => seen.push(JSON.stringify(data)), true);
  for (const method of ["connect", "sendMessage"]) {
    try { chrome.runtime[method]({ type: "report" }); } catch (error) { seen.push(error.name); }
  }
  window.heard = seen;
}"""

WITHHOLD = """(extensionId) =>
  chrome.developerPrivate.updateExtensionConfiguration({ extensionId, hostAccess: "ON_CLICK" })"""
"""What the browser's settings do when the person takes back the permission for all sites."""


@pytest_asyncio.fixture(loop_scope="session")
async def browser(playwright: Playwright, tmp_path: Path) -> AsyncIterator[Extended]:
    """A browser with the extension, not paired."""
    async with extended(playwright, tmp_path / "browser") as browser:
        yield browser


async def opened(browser: Extended, url: str = SITE) -> Page:
    page = await browser.context.new_page()
    await page.goto(url)
    return page


async def text(relay: Relay, prompt: str) -> str:
    reply = await relay.client.chat("site", prompt)
    assert reply.status == 200, reply.body
    answer: str = reply.json()["choices"][0]["message"]["content"]
    return answer


async def test_pairing_says_what_went_wrong(browser: Extended, relay: Relay):
    popup = await browser.popup()
    problem, code = popup.locator("#problem"), popup.get_by_label("Code")
    address, pair = popup.get_by_label("Address of relay"), popup.get_by_role("button", name="Pair", exact=True)
    await expect(address).to_have_value("http://localhost:3000")

    await code.fill("AAAAA-AAAAA")
    await address.fill("https://relay.example")
    await pair.click()
    await expect(problem).to_have_text("An address looks like http://localhost:3000.")
    await address.fill("192.168.1.2:3000")
    await pair.click()
    await expect(problem).to_have_text("relay must run on this computer: localhost, 127.0.0.1 or [::1].")
    await address.fill("localhost:1")
    await pair.click()
    await expect(problem).to_have_text("No relay answers at localhost:1. Start it: relay serve")
    await address.fill(f"ws://localhost:{relay.bridge_port}")
    await pair.click()
    await expect(problem).to_have_text("relay runs, but lets nobody in now. Make a new code: relay pair")
    await relay.code()
    await pair.click()
    await expect(problem).to_contain_text("The code was used already, is too old or was mistyped.")
    await code.fill(await relay.link())  # who pastes the whole link means the code in it
    await pair.click()
    await expect(problem).to_be_hidden()
    await expect(popup.locator("#relay")).to_have_text(f"localhost:{relay.bridge_port}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_bridge_is_found_by_relays_own_address(browser: Extended, relay: Relay, host: str):
    assert relay.bridge_port != relay.port + 1  # where it would be looked for otherwise
    popup = await browser.popup()
    await popup.get_by_label("Code").fill(await relay.code())
    await popup.get_by_label("Address of relay").fill(f"http://{host}:{relay.port}")
    await popup.get_by_role("button", name="Pair", exact=True).click()
    await expect(popup.locator("#pair")).to_be_hidden()
    pairing = await popup.evaluate("chrome.storage.local.get('pairing').then(({pairing}) => pairing)")
    assert pairing["bridge"] == f"ws://localhost:{relay.bridge_port}/"


async def test_tab_is_paused_resumed_and_disconnected(browser: Extended, relay: Relay):
    await browser.pair(relay)
    tab = await opened(browser)
    await browser.connect(tab)
    await ready(relay)
    popup = await browser.popup()
    row = popup.locator("li")
    assert await text(relay, "long 100") == long_answer(100)
    await expect(row).to_contain_text("chat.example")
    await expect(row.get_by_role("status")).to_have_text("Ready")
    await expect(row).to_contain_text("1 call · ")

    await row.get_by_role("button", name="Pause").click()
    await expect(row.get_by_role("status")).to_have_text("Paused")
    await ready(relay, 0)
    await tab.reload()  # stays paused
    await browser.stop_worker()
    await expect(row.get_by_role("status")).to_have_text("Paused")
    await row.get_by_role("button", name="Resume").click()
    await ready(relay)
    await expect(row.get_by_role("status")).to_have_text("Ready")

    await row.get_by_role("button", name="Disconnect").click()
    await ready(relay, 0)
    await expect(row).to_have_count(0)
    await tab.reload()
    scripts = await popup.evaluate("chrome.scripting.getRegisteredContentScripts()")
    assert scripts == []


async def test_popup_says_when_relay_is_not_there_and_the_tab_comes_back(browser: Extended, relay: Relay):
    await browser.pair(relay)
    tab = await opened(browser)
    await browser.connect(tab)
    await ready(relay)
    popup = await browser.popup()
    state = popup.locator("li").get_by_role("status")

    await relay.stop()
    await expect(state).to_have_text("relay is not running")
    await browser.stop_worker()
    await relay.start()
    await ready(relay)
    await expect(state).to_have_text("Ready")
    assert await text(relay, "back") == "back"


async def test_worker_that_a_page_began_knows_how_that_page_is(browser: Extended, relay: Relay):
    await browser.pair(relay)
    tab = await opened(browser)
    await browser.connect(tab)
    await ready(relay)
    await browser.stop_worker()  # with no popup open, it is the page that begins the next one
    await ready(relay, 0)
    await ready(relay)

    popup = await browser.popup()
    row = popup.locator("li")
    await expect(row.get_by_role("status")).to_have_text("Ready")
    await row.get_by_role("button", name="Pause").click()
    await ready(relay, 0)


async def test_revoked_browser_is_told_to_pair_again(browser: Extended, relay: Relay):
    await browser.pair(relay)
    tab = await opened(browser)
    await browser.connect(tab)
    await ready(relay)
    popup = await browser.popup()
    listed = await relay.command("key", "list", "--json")
    (mine,) = [each for each in listed["bridges"] if (each["origin"] or "").startswith("chrome-extension://")]
    await relay.command("key", "revoke", mine["id"], "--json")

    await expect(popup.locator("li").get_by_role("status")).to_have_text("relay no longer knows this browser")
    await expect(popup.get_by_role("heading", name="Pair with relay")).to_be_visible()
    await popup.close()
    await browser.pair(relay)
    await ready(relay)
    assert await text(relay, "again") == "again"


async def test_permission_for_all_sites_that_is_taken_back_ends_the_session(
    playwright: Playwright, relay: Relay, tmp_path: Path
):
    async with extended(playwright, tmp_path / "broad", hosts=("https://*/*",)) as browser:
        await browser.pair(relay)
        tab = await opened(browser)
        await browser.connect(tab)
        await ready(relay)
        settings = await opened(browser, "chrome://extensions/")
        await settings.evaluate(WITHHOLD, browser.id)
        await ready(relay, 0)

        popup = await browser.popup()
        await expect(popup.locator("#relay")).to_have_text(f"localhost:{relay.bridge_port}")
        await expect(popup.locator("li")).to_have_count(0)
        assert await popup.evaluate("chrome.scripting.getRegisteredContentScripts()") == []


async def test_hostile_page_learns_and_changes_nothing(browser: Extended, relay: Relay):
    await browser.pair(relay)
    tab, hostile = await opened(browser), await opened(browser, "https://other.example/")
    await browser.connect(tab)
    await ready(relay)
    for page in (tab, hostile):
        await page.evaluate(HOSTILE)
    assert await text(relay, "long 1000") == long_answer(1000)

    async with asyncio.timeout(5):
        while len(await tab.evaluate("heard")) < 1:
            await asyncio.sleep(POLL_SECONDS)
    own = await browser.popup()
    token = await own.evaluate("chrome.storage.local.get('pairing').then(({pairing}) => pairing.token)")
    for page in (tab, hostile):
        heard = await page.evaluate("JSON.stringify([heard, Object.keys(window), document.documentElement.outerHTML])")
        assert token not in heard
        assert "rbr-" not in heard
    popup = await browser.popup(hostile)
    await expect(popup.locator("li")).to_have_count(1)
    await expect(popup.locator("li")).to_contain_text("chat.example")
    health = (await relay.health()).json()
    assert health["sessions"]["ready"] == 1
