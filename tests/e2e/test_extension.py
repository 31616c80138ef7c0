"""The extension in a real browser, on an https site whose policy allows no connection at all.

It is loaded from a copy whose manifest grants it the tests' hosts: see stack/extension.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright, expect
from puter_emulator import PuterEmulator
from stack.chat_site import long_answer
from stack.client import ApiClient, said
from stack.extension import SITE, Extended, extended
from stack.page import POLL_SECONDS, ready
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PARTS = 40_000
STOPS = 3
STOP_EVERY = 100_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(puter_services: PuterEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Relay]:
    """A relay for all tests here."""
    relay = Relay(tmp_path_factory.mktemp("relay") / "data", puter_services)
    await relay.start()
    yield relay
    assert await relay.stop() == 0, relay.said


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(
    house: Relay, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Extended]:
    """A browser with the extension, paired."""
    async with extended(playwright, tmp_path_factory.mktemp("browser")) as browser:
        await browser.pair(house)
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def tab(shared: Extended, house: Relay) -> AsyncIterator[Page]:
    """A connected tab of the site, the only one."""
    page = await opened(shared)
    await shared.connect(page)
    await ready(house)
    yield page
    await forget(shared)
    await ready(house, 0)
    if not page.is_closed():
        await page.close()


async def opened(browser: Extended, url: str = SITE) -> Page:
    page = await browser.context.new_page()
    await page.goto(url)
    return page


async def forget(browser: Extended) -> None:
    popup = await browser.popup()
    await expect(popup.locator("li").first).to_be_visible()
    while await popup.locator("li").count():
        rows = await popup.locator("li").count()
        await popup.get_by_role("button", name="Disconnect").first.click()
        await expect(popup.locator("li")).to_have_count(rows - 1)
    await popup.close()


async def text(relay: Relay, prompt: str) -> str:
    reply = await relay.client.chat("site", prompt)
    assert reply.status == 200, reply.body
    answer: str = reply.json()["choices"][0]["message"]["content"]
    return answer


async def sessions(relay: Relay) -> list[dict[str, Any]]:
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
    found: list[dict[str, Any]] = (await owner.get("/api/sessions")).json()["sessions"]
    return [one for one in found if one["state"] != "offline"]


async def test_connected_tab_answers_word_for_word(house: Relay, tab: Page):
    assert await text(house, "long 2000") == long_answer(2000)
    (found,) = await sessions(house)
    told = {name: found[name] for name in ("kind", "adapter", "site", "state")}
    assert told == {"kind": "extension", "adapter": "relay-chat", "site": "chat.example", "state": "ready"}


async def test_caller_who_leaves_stops_the_site(house: Relay, tab: Page):
    async with house.client.stream("site", "held") as stream:
        async for event in stream.events():
            if event["choices"] and event["choices"][0]["delta"].get("content"):
                break

    async with asyncio.timeout(5):
        while await tab.evaluate("aborted") != 1:
            await asyncio.sleep(POLL_SECONDS)


async def test_worker_stopped_in_the_middle_loses_nothing(house: Relay, shared: Extended, tab: Page):
    seen: list[Any] = []
    stops = 0
    async with house.client.stream("site", f"long {PARTS}") as stream:
        async for event in stream.events():
            seen.append(event)
            if len(said(seen).text) > (stops + 1) * STOP_EVERY and stops < STOPS:
                stops += 1
                await shared.stop_worker()
    answer = said(seen)

    assert stops == STOPS
    assert answer.text == long_answer(PARTS)
    assert answer.done


@pytest.mark.parametrize("leave", ["reload", "close"])
async def test_page_that_goes_ends_its_call_at_once(house: Relay, shared: Extended, tab: Page, leave: str):
    async with house.client.stream("site", "held") as stream:
        events = stream.events()
        first = [await anext(events), await anext(events)]
        gone = time.monotonic()
        await (tab.reload() if leave == "reload" else tab.close())
        answer = said([*first, *[event async for event in events]])
        took = time.monotonic() - gone

    assert answer.error is not None
    assert answer.error["code"] == "bridge_disconnected"
    assert took < 1
    again = tab if leave == "reload" else await opened(shared)  # the next tab of the site takes the empty seat
    await ready(house)
    assert await text(house, "back") == "back"
    if again is not tab:
        await again.close()


async def test_two_tabs_of_a_site_are_two_sessions(house: Relay, shared: Extended, tab: Page):
    other = await opened(shared)
    await shared.connect(other)
    await ready(house, 2)

    assert len({found["id"] for found in await sessions(house)}) == 2
    assert await asyncio.gather(text(house, "one"), text(house, "two")) == ["one", "two"]
    await other.close()
    await ready(house, 1)


async def test_tab_that_nobody_connected_stays_out(house: Relay, shared: Extended, tab: Page):
    other = await opened(shared)
    await other.reload()

    assert await text(house, "only one") == "only one"
    assert len(await sessions(house)) == 1
    await other.close()


async def test_two_browsers_are_paired_each_on_its_own(house: Relay, tab: Page, playwright: Playwright, tmp_path: Path):
    async with extended(playwright, tmp_path) as second:
        await second.pair(house)
        page = await opened(second)
        await second.connect(page)
        await ready(house, 2)
        assert await asyncio.gather(text(house, "one"), text(house, "two")) == ["one", "two"]
    await ready(house, 1)
    assert await text(house, "the first goes on") == "the first goes on"
