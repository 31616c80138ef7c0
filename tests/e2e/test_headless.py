"""Headless mode with relay's own page: real browsers that relay runs, crashes of every kind, and what is left."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from puter_emulator import PuterEmulator
from stack.headless import POLL_SECONDS, accounts, children, gone, group, login
from stack.page import ready
from stack.relay import Relay

from relay.bridge.headless.processes import identify

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

HEADLESS = {"RELAY_HEADLESS__ENABLED": "true"}


@pytest_asyncio.fixture(loop_scope="session")
async def house(puter: PuterEmulator, tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay with one account, signed in before relay started; it must stop cleanly."""
    relay = Relay(tmp_path / "data", puter, **HEADLESS)
    await login(relay, puter.issue_token())
    await relay.start()
    try:
        await ready(relay)
        yield relay
    finally:
        code = await relay.stop()
    assert code == 0, relay.said


async def browser_pid(relay: Relay, number: int = 0) -> int:
    pid: int = (await accounts(relay))[number]["pid"]
    return pid


async def answers(relay: Relay) -> bool:
    reply = await relay.client.chat("echo", "Still there?")
    return reply.status == 200 and reply.json()["choices"][0]["message"]["content"] == "Still there?"


async def restarted(relay: Relay, restarts: int = 1) -> None:
    """Wait until an account has been restarted that often and its page can answer again."""
    async with asyncio.timeout(30):
        while (account := (await accounts(relay))[0])["restarts"] < restarts or not _is_ready(account):
            await asyncio.sleep(POLL_SECONDS)


def _is_ready(account: dict[str, object]) -> bool:
    session = account["session"]
    return isinstance(session, dict) and session["state"] == "ready"


async def test_login_outlives_relay_and_browser(house: Relay):
    assert await answers(house)
    first = await browser_pid(house)

    assert await house.stop() == 0, house.said
    assert group(first) == []
    await house.start()
    await ready(house)

    assert await answers(house)
    account = (await accounts(house))[0]
    assert {name: account[name] for name in ("name", "site", "state", "headed", "restarts")} == {
        "name": "puter",
        "site": "puter",
        "state": "running",
        "headed": False,
        "restarts": 0,
    }
    home = house.data_dir / "headless" / "puter"
    assert [path.stat().st_mode & 0o077 for path in (home, home / "profile", home / "state.json")] == [0, 0, 0]


async def test_killed_renderer_costs_a_moment(house: Relay):
    browser = await browser_pid(house)

    for renderer in group(browser, "renderer"):
        os.kill(renderer, signal.SIGKILL)
    await restarted(house)

    assert await answers(house)
    assert await browser_pid(house) == browser
    assert "The page crashed." in house.said


async def test_killed_browser_is_started_again(house: Relay):
    first = await browser_pid(house)

    os.kill(first, signal.SIGKILL)
    await restarted(house)

    assert await answers(house)
    assert await browser_pid(house) != first
    await gone(first)


async def test_hanging_browser_is_replaced(house: Relay):
    first = await browser_pid(house)

    os.kill(first, signal.SIGSTOP)
    await restarted(house)

    assert await answers(house)
    await gone(first)


async def test_relay_stops_in_time_though_the_browser_hangs(house: Relay):
    browser = await browser_pid(house)
    os.kill(browser, signal.SIGSTOP)

    began = time.monotonic()
    assert await house.stop() == 0, house.said

    assert time.monotonic() - began < 6
    await gone(browser)


async def test_browser_left_by_a_killed_relay_is_ended_at_the_next_start(house: Relay):
    orphan = await browser_pid(house)
    os.kill(orphan, signal.SIGSTOP)  # or it would end by itself
    for process in (house.pid, *children(house.pid)):  # Playwright's driver would end it
        os.kill(process, signal.SIGKILL)
    while identify(house.pid) is not None:  # its output may not end yet: the browser can hold it
        await asyncio.sleep(POLL_SECONDS)
    assert group(orphan) != []

    await house.start()
    await ready(house)

    assert await answers(house)
    await gone(orphan)


async def test_two_accounts_at_once(puter: PuterEmulator, house: Relay):
    await login(house, puter.issue_token(), "--name", "second")
    await ready(house, 2)

    found = await accounts(house)
    assert [(account["name"], account["state"]) for account in found] == [("puter", "running"), ("second", "running")]
    assert len({account["pid"] for account in found}) == 2
    assert await house.command("headless", "remove", "second", "--json") == {"removed": "second"}
    await gone(found[1]["pid"])
    assert not (house.data_dir / "headless" / "second").exists()
    assert [account["name"] for account in await accounts(house)] == ["puter"]
