"""relay's page in a real browser: open it with a pairing link, sign in, wait until relay can use it."""

from __future__ import annotations

import asyncio
import json

from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from .relay import Relay

READY_SECONDS = 20
POLL_SECONDS = 0.02


async def open_page(context: BrowserContext, relay: Relay, *, bridge_port: int | None = None) -> Page:
    """Open the page with a fresh pairing link; `bridge_port` sends its socket elsewhere."""
    page = await context.new_page()
    if bridge_port is not None:
        await page.route("**/page.json", lambda route: _redirect_bridge(route, relay, bridge_port))
    await page.goto(await relay.link())
    return page


async def sign_in(page: Page) -> None:
    """Sign in through the popup, as a person does."""
    await page.get_by_role("button", name="Continue without an account").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def ready(relay: Relay, sessions: int = 1) -> None:
    """Wait until relay has as many sessions that can answer."""
    async with asyncio.timeout(READY_SECONDS):
        while not await _usable(relay, sessions):
            await asyncio.sleep(POLL_SECONDS)


async def _usable(relay: Relay, sessions: int) -> bool:
    health = (await relay.health()).json()
    return bool(health["sessions"]["ready"] == sessions)


async def _redirect_bridge(route: Route, relay: Relay, port: int) -> None:
    answer = await route.fetch()
    config = await answer.json()
    config["bridge_url"] = config["bridge_url"].replace(f":{relay.bridge_port}", f":{port}")
    await route.fulfill(response=answer, body=json.dumps(config))


async def renderers(browser: Browser) -> list[int]:
    """The process ids of all renderers of `browser`."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return [process["id"] for process in found["processInfo"] if process["type"] == "renderer"]
