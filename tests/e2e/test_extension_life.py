"""The life of the extension's worker, in a browser where no debugger keeps it alive.

Nothing is ever attached to the worker: see stack/plain_browser.py. The extension is loaded from a copy whose manifest
grants it the tests' hosts, because the browser's own question cannot be answered without a screen.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Playwright
from stack.chat_site import chat_site, long_answer
from stack.extension import id_of, unpacked
from stack.page import POLL_SECONDS, ready
from stack.plain_browser import PlainBrowser, plain_browser
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

IDLE_SECONDS = 45
"""More than the half minute after which a browser stops a worker that has nothing to do."""
LONG_IDLE_SECONDS = 200
ASLEEP_SECONDS = 100
"""Longer than relay waits for a heartbeat and a lost page together."""
ALARM_SECONDS = 30
WRITTEN_SECONDS = 3
"""After this a browser has its settings and the extension's storage on its disk."""
PAIR = """chrome.runtime.sendMessage({type: "pair", address: %s, code: %s}).then((answer) => {
  window.paired = answer;
})"""
CONNECT = """chrome.tabs.query({url: %s}).then(async ([tab]) => {
  window.connected = await chrome.runtime.sendMessage({type: "connect", tab: tab.id});
})"""


@asynccontextmanager
async def connected(playwright: Playwright, relay: Relay, folder: Path) -> AsyncIterator[tuple[PlainBrowser, str]]:
    """A browser with the site in a connected tab that is hidden, and nothing of the extension's own open."""
    async with chat_site() as url, started(playwright, folder, url) as browser:
        await set_up(browser, relay, folder, url)
        yield browser, url


def started(playwright: Playwright, folder: Path, url: str) -> AbstractAsyncContextManager[PlainBrowser]:
    extension = folder / "extension"
    if not extension.exists():
        unpacked(extension, ("http://127.0.0.1/*",))
    return plain_browser(playwright, folder / "profile", url, f"--load-extension={extension}")


async def set_up(browser: PlainBrowser, relay: Relay, folder: Path, url: str) -> None:
    popup = f"chrome-extension://{id_of(folder / 'extension')}/popup/popup.html"
    await browser.open_tab(popup)
    code = await relay.code()
    await said(browser, popup, "paired", PAIR % (json.dumps(f"ws://localhost:{relay.bridge_port}"), json.dumps(code)))
    await said(browser, popup, "connected", CONNECT % json.dumps(f"{url}*"))
    await browser.open_tab("about:blank")
    await browser.close_tab(popup)
    await ready(relay)


async def said(browser: PlainBrowser, page: str, name: str, expression: str) -> None:
    async with asyncio.timeout(20):
        while await browser.evaluate(page, "typeof chrome?.tabs") != "object":
            await asyncio.sleep(POLL_SECONDS)
        await browser.evaluate(page, expression)
        while (answer := await browser.evaluate(page, f"JSON.stringify(window.{name} ?? null)")) == "null":
            await asyncio.sleep(POLL_SECONDS)
    assert answer == "{}"


async def text(relay: Relay, prompt: str) -> str:
    reply = await relay.client.chat("site", prompt)
    assert reply.status == 200, reply.body
    answer: str = reply.json()["choices"][0]["message"]["content"]
    return answer


async def test_hidden_tab_answers_after_a_time_of_quiet(playwright: Playwright, relay: Relay, tmp_path: Path):
    async with connected(playwright, relay, tmp_path) as (browser, url):
        assert await browser.evaluate(url, "document.visibilityState") == "hidden"
        await asyncio.sleep(IDLE_SECONDS)
        assert await text(relay, "long 5000") == long_answer(5000)


async def test_browser_that_was_killed_goes_on_when_the_site_is_opened(
    playwright: Playwright, relay: Relay, tmp_path: Path
):
    async with chat_site() as url:
        async with started(playwright, tmp_path, url) as browser:
            await set_up(browser, relay, tmp_path, url)
            await asyncio.sleep(WRITTEN_SECONDS)
        await ready(relay, 0)
        async with started(playwright, tmp_path, url):
            await ready(relay)
            assert await text(relay, "back") == "back"


@contextmanager
def asleep(browser: PlainBrowser, relay: Relay | None) -> Iterator[None]:
    """Let no process of the browser, nor of relay on the same machine, run for the block."""
    os.killpg(browser.pid, signal.SIGSTOP)
    if relay is not None:
        os.kill(relay.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if relay is not None:
            os.kill(relay.pid, signal.SIGCONT)
        os.killpg(browser.pid, signal.SIGCONT)


@pytest.mark.heavy
@pytest.mark.parametrize("relay_sleeps", [True, False], ids=["both", "browser"])
async def test_machine_that_sleeps_and_wakes(playwright: Playwright, relay: Relay, tmp_path: Path, relay_sleeps: bool):
    async with connected(playwright, relay, tmp_path) as (browser, _):
        with asleep(browser, relay if relay_sleeps else None):
            await asyncio.sleep(ASLEEP_SECONDS)
        async with asyncio.timeout(2 * ALARM_SECONDS):
            while not await awake(relay):
                await asyncio.sleep(1)
        assert await text(relay, "long 5000") == long_answer(5000)


async def awake(relay: Relay) -> bool:
    """Whether the site answers: what slept with an open socket is found out by using it."""
    reply = await relay.client.chat("site", "Hi")
    return reply.status == 200


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_minutes_of_quiet_and_a_relay_that_was_away(playwright: Playwright, relay: Relay, tmp_path: Path):
    async with connected(playwright, relay, tmp_path) as (_, _url):
        await asyncio.sleep(LONG_IDLE_SECONDS)
        assert await text(relay, "long 5000") == long_answer(5000)
        await relay.stop()
        await asyncio.sleep(2 * IDLE_SECONDS)  # the worker has nothing to hold on to
        await relay.start()
        await asyncio.sleep(2 * ALARM_SECONDS)
        await ready(relay)
        assert await text(relay, "back") == "back"
