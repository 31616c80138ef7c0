"""Clients that leave, and clients that read too slowly."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext
from puter_emulator import PuterEmulator, pieces
from stack.client import ApiClient
from stack.fixtures import signed_in
from stack.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_client_that_leaves_mid_stream_stops_the_site(puter: PuterEmulator, api: ApiClient, reset: bool) -> None:
    async with api.stream("held", "parts=2") as answer:
        call = await puter.next_call("held")
        await anext(aiter(answer.events()))
        answer.leave(reset=reset)

        async with asyncio.timeout(1):
            await call.ended.wait()

    assert call.outcome == "aborted"


async def test_client_that_leaves_while_waiting_stops_the_site(puter: PuterEmulator, api: ApiClient) -> None:
    waiting = asyncio.create_task(api.chat("silent"))
    call = await puter.next_call("silent")

    waiting.cancel()
    async with asyncio.timeout(1):
        await call.ended.wait()

    assert call.outcome == "aborted"


async def test_left_calls_free_their_places(puter: PuterEmulator, api: ApiClient) -> None:
    for number in range(8):
        waiting = asyncio.create_task(api.chat("silent"))
        call = await puter.next_call("silent", number)
        waiting.cancel()
        await call.ended.wait()

    reply = await api.chat("echo", "still here")
    assert reply.json()["choices"][0]["message"]["content"] == "still here"


async def test_slow_reader_gets_every_byte_and_blocks_nobody(
    puter: PuterEmulator, context: BrowserContext, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "data", puter, RELAY_BRIDGE__BUFFER_BYTES="524288", RELAY_BRIDGE__UNACKED_BYTES="262144")
    await relay.start()
    await signed_in(relay, context)
    before = await relay.resident_bytes()
    async with relay.client.stream("huge", "parts=16000 size=1000") as answer:
        for number in range(20):
            reply = await relay.client.chat("echo", str(number))
            assert reply.json()["choices"][0]["message"]["content"] == str(number)
        held = await relay.resident_bytes() - before
        body = b"".join([data async for data in answer.body(read_size=1024)])

    assert held < 12_000_000, "32 MB are waiting, and not in relay"
    assert _content(body) == pieces(16_000, 1000)
    assert await relay.stop() == 0


def _content(body: bytes) -> str:
    events = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for event in events for choice in json.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
