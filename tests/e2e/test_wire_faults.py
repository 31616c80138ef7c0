"""The socket between page and relay breaks or freezes: an answer that has begun goes on as if nothing had happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from puter_emulator import PuterEmulator, pieces
from stack.client import said
from stack.page import open_page, ready, sign_in
from stack.proxy import FaultyWire
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def wire(relay: Relay) -> AsyncIterator[FaultyWire]:
    """The wire to the bridge of `relay`."""
    async with FaultyWire(relay.bridge_port).serve() as wire:
        yield wire


@pytest_asyncio.fixture(loop_scope="session")
async def wired_page(relay: Relay, wire: FaultyWire, browser: Browser) -> AsyncIterator[Page]:
    """The signed-in page of `relay` at the far end of `wire`; its CSP, which allows no other port, is off."""
    context = await browser.new_context(bypass_csp=True)
    page = await open_page(context, relay, bridge_port=wire.port)
    await sign_in(page)
    await ready(relay)
    yield page
    await context.close()


@pytest.mark.usefixtures("wired_page")
async def test_cut_mid_stream_loses_nothing(relay: Relay, wire: FaultyWire) -> None:
    async with relay.client.stream("slow", "parts=200 interval=0.01") as answer:
        events = []
        async for event in answer.events():
            events.append(event)
            if len(events) in {20, 60}:
                wire.cut()

    assert wire.connections >= 3
    assert said(events).text == pieces(200)
    assert said(events).finish_reason == "stop"


@pytest.mark.usefixtures("wired_page")
async def test_cut_at_full_speed_loses_nothing(relay: Relay, wire: FaultyWire) -> None:
    async def cuts() -> None:
        for _ in range(3):
            await wire.passed(200_000)
            wire.cut()

    cutting = asyncio.create_task(cuts())
    async with relay.client.stream("huge", "parts=4000 size=500") as answer:
        seen = said([event async for event in answer.events()])
    await cutting

    assert (seen.text == pieces(4000, 500), seen.finish_reason, seen.error) == (True, "stop", None)


@pytest.mark.usefixtures("wired_page")
async def test_wire_that_freezes_for_a_moment_loses_nothing(
    relay: Relay, wire: FaultyWire, puter: PuterEmulator
) -> None:
    async with relay.client.stream("held", "parts=2") as answer:
        events = aiter(answer.events())
        begun = [await anext(events), await anext(events)]
        wire.stall()
        (await puter.next_call("held")).release()
        wire.flow()
        seen = said([*begun, *[event async for event in events]])

    assert seen.text == pieces(4)


@pytest.mark.usefixtures("wired_page")
async def test_cut_while_the_model_is_silent_loses_nothing(
    relay: Relay, wire: FaultyWire, puter: PuterEmulator
) -> None:
    asking = asyncio.create_task(relay.client.chat("held", "parts=2"))
    call = await puter.next_call("held")
    wire.cut()
    await wire.connected(2)
    call.release()

    assert (await asking).json()["choices"][0]["message"]["content"] == pieces(4)


async def test_wire_that_stays_frozen_is_given_up_and_replaced(
    puter: PuterEmulator, browser: Browser, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "data", puter, RELAY_BRIDGE__HEARTBEAT_SECONDS="0.5")
    await relay.start()
    context = await browser.new_context(bypass_csp=True)
    async with FaultyWire(relay.bridge_port).serve() as wire:
        page = await open_page(context, relay, bridge_port=wire.port)
        await sign_in(page)
        await ready(relay)

        asking = asyncio.create_task(relay.client.chat("held", "parts=2"))
        call = await puter.next_call("held")
        wire.freeze()
        async with asyncio.timeout(10):
            await wire.connected(2)
        call.release()
        answer = await asking
    await context.close()

    assert answer.json()["choices"][0]["message"]["content"] == pieces(4)
    assert await relay.stop() == 0
