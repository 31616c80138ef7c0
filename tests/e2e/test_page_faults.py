"""Pages that reload, crash, hang and hide."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, expect
from puter_emulator import PuterEmulator, pieces
from stack.client import DONE, Stream, said
from stack.fixtures import Desk, signed_in
from stack.page import ready, renderers
from stack.plain_browser import plain_browser
from stack.programs import BROWSER_FLAGS, chromium
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def own_desk(relay: Relay, own_browser: Browser) -> AsyncIterator[Desk]:
    """A relay and a page in a browser that the test may break."""
    context = await own_browser.new_context()
    yield Desk(relay, await signed_in(relay, context))


async def first_text(answer: Stream) -> None:
    """Read until the answer has begun."""
    async for event in answer.events():
        if event != DONE and said([event]).text:
            return


async def test_reload_ends_the_stream_at_once_and_the_page_comes_back(puter: PuterEmulator, own_desk: Desk) -> None:
    async with own_desk.client.stream("held") as answer:
        await first_text(answer)
        reloading = asyncio.create_task(own_desk.page.reload())
        async with asyncio.timeout(1.5):
            rest = said([event async for event in answer.events()])
    await reloading
    async with asyncio.timeout(5):
        await ready(own_desk.relay)
        reply = await own_desk.client.chat("echo", "back")

    assert rest.error is not None
    assert rest.finish_reason is None
    assert reply.status == 200, reply.json()
    assert reply.json()["choices"][0]["message"]["content"] == "back"


async def test_crash_ends_the_stream_at_once_and_a_new_page_takes_over(own_desk: Desk, own_browser: Browser) -> None:
    async with own_desk.client.stream("held") as answer:
        await first_text(answer)
        for pid in await renderers(own_browser):
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(1):
            rest = said([event async for event in answer.events()])
    context = own_desk.page.context
    page = await context.new_page()
    await page.goto(own_desk.relay.origin)
    await ready(own_desk.relay)
    reply = await own_desk.client.chat("echo", "back")

    assert rest.error is not None
    assert reply.status == 200, reply.json()
    assert reply.json()["choices"][0]["message"]["content"] == "back"


async def test_closed_tab_ends_the_stream_at_once(own_desk: Desk) -> None:
    async with own_desk.client.stream("held") as answer:
        await first_text(answer)
        await own_desk.page.close()
        async with asyncio.timeout(1):
            rest = said([event async for event in answer.events()])

    assert rest.error is not None


async def test_call_without_a_page_says_what_to_do(relay: Relay) -> None:
    reply = await relay.client.chat("echo")

    assert (reply.status, reply.json()["error"]["code"]) == (401, "session_not_available")


async def test_second_tab_takes_over_when_the_first_is_closed(own_desk: Desk) -> None:
    second = await own_desk.page.context.new_page()
    await second.goto(own_desk.relay.origin)
    await expect(second.get_by_role("button", name="Use this tab instead")).to_be_visible()
    await own_desk.page.close()
    await expect(second.get_by_role("button", name="Use this tab instead")).to_be_hidden()
    await ready(own_desk.relay)

    reply = await own_desk.client.chat("echo", "the other one")
    assert reply.json()["choices"][0]["message"]["content"] == "the other one"


async def test_second_tab_takes_over_when_asked_to(own_desk: Desk) -> None:
    second = await own_desk.page.context.new_page()
    await second.goto(own_desk.relay.origin)
    await second.get_by_role("button", name="Use this tab instead").click()
    await expect(own_desk.page.get_by_role("button", name="Use this tab instead")).to_be_visible()
    await ready(own_desk.relay)

    reply = await own_desk.client.chat("echo", "the other one")
    assert reply.json()["choices"][0]["message"]["content"] == "the other one"


async def test_hidden_tab_answers_as_fast(
    puter: PuterEmulator, relay: Relay, playwright: Playwright, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    driven = await playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium(), args=BROWSER_FLAGS
    )
    await signed_in(relay, driven)
    await driven.close()
    async with plain_browser(playwright, profile, relay.origin) as browser:
        await ready(relay)
        await browser.open_tab("about:blank")
        visibility = await browser.evaluate(relay.origin, "document.visibilityState")

        async with relay.client.stream("slow", "parts=100 interval=0.01") as answer:
            begin = time.monotonic()
            seen = said([event async for event in answer.events()])

    assert visibility == "hidden"
    assert (seen.text, seen.finish_reason) == (pieces(100), "stop")
    assert time.monotonic() - begin < 5


async def test_hanging_page_is_noticed_and_comes_back(
    puter: PuterEmulator, own_browser: Browser, tmp_path: Path
) -> None:
    clocks = {"RELAY_BRIDGE__HEARTBEAT_SECONDS": "0.5", "RELAY_BRIDGE__GRACE_SECONDS": "1"}
    relay = Relay(tmp_path / "data", puter, **clocks)
    await relay.start()
    await signed_in(relay, await own_browser.new_context())
    async with relay.client.stream("held") as answer:
        await first_text(answer)
        pids = await renderers(own_browser)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(10):
                rest = said([event async for event in answer.events()])
            while_hanging = await relay.client.chat("echo")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
    await ready(relay)
    reply = await relay.client.chat("echo", "back")

    assert rest.error is not None
    assert while_hanging.status in {401, 503}
    assert reply.status == 200, reply.json()
    assert reply.json()["choices"][0]["message"]["content"] == "back"
    assert await relay.stop() == 0


async def test_long_answer_while_the_page_is_busy_is_complete(own_desk: Desk) -> None:
    async with own_desk.client.stream("slow", "parts=40 interval=0.01") as answer:
        await first_text(answer)
        await own_desk.page.evaluate("() => { const end = performance.now() + 500; while (performance.now() < end); }")
        rest = said([event async for event in answer.events()])

    assert pieces(40).endswith(rest.text)
    assert rest.finish_reason == "stop"
