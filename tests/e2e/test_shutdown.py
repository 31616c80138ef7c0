"""relay stops, is killed, and comes back."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page
from puter_emulator import PuterEmulator, pieces
from stack.client import said
from stack.fixtures import signed_in
from stack.page import ready
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.usefixtures("signed_in_page")
async def test_running_answer_may_end_before_relay_does(relay: Relay, puter: PuterEmulator) -> None:
    async with relay.client.stream("held", "parts=2") as answer:
        events = aiter(answer.events())
        begun = [await anext(events), await anext(events)]
        assert relay.process is not None
        relay.process.send_signal(signal.SIGTERM)
        (await puter.next_call("held")).release()
        seen = said([*begun, *[event async for event in events]])

    assert (seen.text, seen.finish_reason, seen.done) == (pieces(4), "stop", True)
    assert await relay.ended() == 0


async def test_answer_that_does_not_end_is_ended_with_an_error(
    puter: PuterEmulator, context: BrowserContext, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "data", puter, RELAY_SERVER__DRAIN_SECONDS="1")
    await relay.start()
    await signed_in(relay, context)

    async with relay.client.stream("held", "parts=2") as answer:
        events = aiter(answer.events())
        begun = [await anext(events), await anext(events)]
        stopping = asyncio.create_task(relay.stop())
        seen = said([*begun, *[event async for event in events]])

    async with asyncio.timeout(3):
        assert await stopping == 0
    assert seen.error is not None
    assert (seen.error["code"], seen.finish_reason) == ("shutting_down", None)


async def test_page_finds_a_killed_relay_again(relay: Relay, signed_in_page: Page) -> None:
    await relay.kill()
    await relay.start()
    await ready(relay)

    reply = await relay.client.chat("echo", "back")
    assert reply.json()["choices"][0]["message"]["content"] == "back"
    assert signed_in_page.url == f"{relay.origin}/"


@pytest.mark.usefixtures("signed_in_page")
async def test_page_finds_a_restarted_relay_again(relay: Relay) -> None:
    assert await relay.stop() == 0
    await relay.start()
    await ready(relay)

    reply = await relay.client.chat("echo", "back")
    assert reply.json()["choices"][0]["message"]["content"] == "back"


async def test_second_relay_on_the_same_data_says_so(relay: Relay, puter: PuterEmulator) -> None:
    second = Relay(relay.data_dir, puter)
    with pytest.raises(AssertionError):
        await second.start()

    assert await second.ended() == 1
    assert f"relay already runs on this data directory (pid {relay.pid}, {relay.origin})" in second.said


@pytest.mark.usefixtures("signed_in_page")
async def test_nothing_printed_holds_a_prompt_or_a_secret(relay: Relay) -> None:
    await relay.client.chat("echo", "canary-prompt")
    await relay.client.chat("no-funds", "canary-prompt")
    await relay.stop()

    assert "canary-prompt" not in relay.said
    assert relay.key not in relay.said
    assert "Traceback" not in relay.said
    assert "Warning" not in relay.said
