"""Headless mode on a site of somebody else's, whose policy allows no connection at all: relay itself is the carrier."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Playwright
from puter_emulator import PuterEmulator
from stack.chat_site import chat_site, long_answer
from stack.client import ApiClient, said
from stack.headless import POLL_SECONDS, accounts, group
from stack.page import ready
from stack.plain_browser import PlainBrowser, plain_browser
from stack.programs import ROOT
from stack.relay import Relay

from relay.bridge.headless.accounts import Account, Accounts
from relay.bridge.headless.windows import MOST

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PARTS = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(puter_services: PuterEmulator, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Relay]:
    """A relay that runs a browser on the site."""
    relay = Relay(tmp_path_factory.mktemp("relay") / "data", puter_services)
    await relay.start()
    async with chat_site() as url:
        owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
        made = await owner.post("/api/accounts", {"site": url, "name": "chat"})
        assert made.status == 200, made.body
        await ready(relay)
        yield relay
        assert await relay.stop() == 0, relay.said


async def text(relay: Relay, prompt: str) -> str:
    reply = await relay.client.chat("site", prompt)
    assert reply.status == 200, reply.body
    answer: str = reply.json()["choices"][0]["message"]["content"]
    return answer


async def session(relay: Relay) -> dict[str, Any]:
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text())
    found: dict[str, Any] = (await owner.get("/api/sessions")).json()["sessions"][0]
    return found


async def test_long_answer_arrives_byte_for_byte(house: Relay):
    assert await text(house, f"long {PARTS}") == long_answer(PARTS)


async def test_several_long_streams_at_once(house: Relay):
    async def one() -> str:
        async with house.client.stream("site", f"long {PARTS}") as stream:
            return said([event async for event in stream.events()]).text

    assert await asyncio.gather(*(one() for _ in range(3))) == [long_answer(PARTS)] * 3


async def test_caller_who_leaves_stops_the_site(house: Relay):
    before = int(await text(house, "aborted"))

    async with house.client.stream("site", "held") as stream:
        async for event in stream.events():
            if event["choices"] and event["choices"][0]["delta"].get("content"):
                break

    async with asyncio.timeout(10):
        while int(await text(house, "aborted")) != before + 1:
            await asyncio.sleep(POLL_SECONDS)


async def test_who_the_page_is_comes_from_relay(house: Relay):
    found = await session(house)
    told = {name: found[name] for name in ("kind", "name", "adapter", "site", "state")}
    assert told == {"kind": "headless", "name": "chat", "adapter": "relay-chat", "site": "127.0.0.1", "state": "ready"}


async def test_killed_renderer_ends_the_call_and_keeps_the_session(house: Relay):
    account, before = (await accounts(house))[0], await session(house)

    async with house.client.stream("site", "held") as stream:
        events = stream.events()
        first = await anext(events)
        for renderer in group(account["pid"], "renderer"):
            os.kill(renderer, signal.SIGKILL)
        rest = [first, *[event async for event in events]]
    answer = said(rest)

    assert answer.error is not None
    assert answer.error["code"] == "bridge_disconnected"
    await ready(house)
    assert await text(house, "back") == "back"
    assert (await session(house))["id"] == before["id"]
    assert (await accounts(house))[0]["pid"] == account["pid"]


async def test_site_that_opens_windows_without_bound_keeps_few_of_them(house: Relay):
    await text(house, "windows 40")

    async with asyncio.timeout(10):
        while int(await text(house, "windows 0")) > MOST:
            await asyncio.sleep(POLL_SECONDS)
    assert int(await text(house, "windows 0")) == MOST - 1  # and the chat itself
    assert house.said.count("headless.too_many_windows") == 1


async def test_credential_of_the_carrier_is_private(house: Relay):
    file = house.data_dir / "headless" / "chat" / "credential"

    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text().startswith("rbr-")
    assert file.read_text() not in house.said


@pytest_asyncio.fixture(loop_scope="session")
async def attaching(puter_services: PuterEmulator, tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay that is still to be told what to attach to."""
    relay = Relay(tmp_path / "data", puter_services)
    yield relay
    if relay.process is not None and relay.process.returncode is None:
        await relay.kill()


async def test_attached_browser_stays_its_persons_own(attaching: Relay, playwright: Playwright, tmp_path: Path):
    relay, data = attaching, attaching.data_dir
    async with chat_site() as url, plain_browser(playwright, tmp_path / "profile", url) as browser:
        port = (tmp_path / "profile" / "DevToolsActivePort").read_text().splitlines()[0]
        relay.settings["RELAY_HEADLESS__ATTACH"] = f"http://127.0.0.1:{port}"
        description = (ROOT / "extension" / "sites" / "relay-chat.json").read_bytes()
        Accounts(data / "headless").save(Account(name="chat", adapter="relay-chat", start=url), description)
        data.chmod(0o700)
        while await browser.evaluate(url, "typeof relayChat") != "object":
            await asyncio.sleep(POLL_SECONDS)
        await browser.evaluate(url, "globalThis.mine = 'typed by me'")

        await relay.start()
        await ready(relay)
        assert await text(relay, "long 1000") == long_answer(1000)
        assert await browser.evaluate(url, "mine") == "typed by me"
        assert await relay.stop() == 0, relay.said

        assert await browser.evaluate(url, "mine") == "typed by me"
        assert "whoever reaches that port controls the whole browser" in relay.said
        await relay.start()  # and it can be attached to again
        await ready(relay)
        assert await text(relay, "again") == "again"
        assert await relay.stop() == 0, relay.said


AGENT = "window[Symbol.for('relay.agent')]"


async def test_attached_tab_is_left_alone_on_other_sites(attaching: Relay, playwright: Playwright, tmp_path: Path):
    relay, data = attaching, attaching.data_dir
    async with chat_site() as url, plain_browser(playwright, tmp_path / "profile", url) as browser:
        port = (tmp_path / "profile" / "DevToolsActivePort").read_text().splitlines()[0]
        relay.settings["RELAY_HEADLESS__ATTACH"] = f"http://127.0.0.1:{port}"
        description = (ROOT / "extension" / "sites" / "relay-chat.json").read_bytes()
        Accounts(data / "headless").save(Account(name="chat", adapter="relay-chat", start=url), description)
        data.chmod(0o700)
        await relay.start()
        await ready(relay)
        assert await browser.evaluate(url, AGENT) is True

        elsewhere = url.replace("127.0.0.1", "localhost")
        await browser.evaluate(url, f"void location.assign('{elsewhere}')")
        await ready(relay, 0)
        await loaded(browser, elsewhere)
        assert await browser.evaluate(elsewhere, f"typeof {AGENT}") == "undefined"

        await browser.evaluate(elsewhere, f"void location.assign('{url}')")
        await ready(relay)
        assert await browser.evaluate(url, AGENT) is True
        assert await text(relay, "back") == "back"
        assert await relay.stop() == 0, relay.said


async def loaded(browser: PlainBrowser, url: str) -> None:
    """Wait until the page's own script has run at `url`."""
    async with asyncio.timeout(10):
        while await browser.evaluate(url, "typeof relayChat") != "object":
            await asyncio.sleep(POLL_SECONDS)
