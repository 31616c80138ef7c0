"""The carrier between a page's port and a WebSocket server that stands in for relay's bridge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.server import Server, ServerConnection, serve

from relay.bridge.headless import carrier as module
from relay.bridge.headless.carrier import Carrier, Flooded
from relay.bridge.headless.rewriting import Papers

HELLO = json.dumps({"type": "hello", "protocols": [1], "token": "carried"})
WELCOME = {"type": "welcome", "session": "given", "token": "rbr-x", "settings": {}}


class Bridge:
    """relay's end: the sockets that came."""

    def __init__(self) -> None:
        self.sockets: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.server: Server | None = None

    async def handle(self, socket: ServerConnection) -> None:
        await self.sockets.put(socket)
        await socket.wait_closed()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}/"


class Port:
    """The page's end, with its carrier at work."""

    def __init__(self, url: str) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.papers = Papers("1", "chat", "chat.example", "rbr-secret")
        self.carrier = Carrier(url, self.papers, {"session": None}, self.deliver)
        self.batches: list[int] = []

    async def deliver(self, messages: list[dict[str, Any]]) -> None:
        self.batches.append(len(messages))
        for message in messages:
            await self.heard.put(message)

    def say(self, **message: Any) -> None:
        self.carrier.receive(message)

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            return await self.heard.get()


@pytest_asyncio.fixture
async def bridge() -> AsyncIterator[Bridge]:
    bridge = Bridge()
    async with serve(bridge.handle, "127.0.0.1", 0, close_timeout=1) as bridge.server:
        yield bridge


@asynccontextmanager
async def carrying(url: str) -> AsyncIterator[Port]:
    port = Port(url)
    task = asyncio.create_task(port.carrier.run())
    try:
        assert await port.hear() == {"type": "setup", "setup": {"session": None}}
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def opened(bridge: Bridge, port: Port, number: int = 1) -> ServerConnection:
    port.say(type="open", socket=number)
    assert await port.hear() == {"type": "opened", "socket": number}
    return await bridge.sockets.get()


async def test_frames_both_ways_with_the_carriers_papers(bridge: Bridge):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        port.say(type="frame", socket=1, data=HELLO)
        port.say(type="frame", socket=1, data='{"type":"state"}')

        hello = json.loads(await socket.recv())
        assert (hello["token"], hello["site"], hello["client"]["carried"]) == ("rbr-secret", "chat.example", True)
        assert await socket.recv() == '{"type":"state"}'
        assert socket.request is not None
        assert "Origin" not in socket.request.headers

        await socket.send(json.dumps(WELCOME))
        await socket.send(b'{"type":"ping","t":1}')
        first, second = await port.hear(), await port.hear()
        assert json.loads(first["data"]) == {"type": "welcome", "session": "given"}
        assert second == {"type": "frame", "socket": 1, "data": '{"type":"ping","t":1}'}
        assert port.papers.session == "given"

    assert (socket.close_code, socket.close_reason) == (4001, "the page is gone")


async def test_relays_end_is_told_with_its_code(bridge: Bridge):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        await socket.close(4401, "credential refused")
        closed = {"type": "closed", "socket": 1, "code": 4401, "reason": "credential refused"}
        assert await port.hear() == closed
        port.say(type="frame", socket=1, data="lost")
        port.say(type="close", socket=1)
        await opened(bridge, port, 2)


async def test_relay_that_cannot_be_reached_is_a_broken_socket(bridge: Bridge):
    url = bridge.url
    assert bridge.server is not None
    bridge.server.close()
    await bridge.server.wait_closed()
    async with carrying(url) as port:
        port.say(type="open", socket=1)
        assert await port.hear() == {"type": "closed", "socket": 1, "code": 1006, "reason": ""}


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ({"code": 4400, "reason": "malformed"}, 4400, "malformed"),
        ({"code": 1000, "reason": ""}, 1000, ""),
        ({"code": 1006, "reason": 7}, 1000, ""),
        ({"code": "x"}, 1000, ""),
    ],
)
async def test_page_closes_its_socket(bridge: Bridge, message: dict[str, Any], code: int, reason: str):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        port.say(type="close", socket=1, **message)
        await socket.wait_closed()
        assert (socket.close_code, socket.close_reason) == (code, reason)
        socket = await opened(bridge, port, 2)  # and nothing was said of the one before


async def test_new_socket_takes_the_place_of_the_old_one(bridge: Bridge):
    async with carrying(bridge.url) as port:
        first = await opened(bridge, port, 1)
        second = await opened(bridge, port, 2)
        await first.wait_closed()
        port.say(type="frame", socket=1, data=HELLO)
        port.say(type="view", view={})
        port.say(type="frame", socket=2, data=HELLO)
        assert json.loads(await second.recv())["type"] == "hello"


async def test_another_first_frame_ends_the_socket(bridge: Bridge):
    async with carrying(bridge.url) as port:
        await opened(bridge, port)
        port.say(type="frame", socket=1, data='{"type":"state"}')
        closed = await port.hear()
        assert (closed["code"], closed["reason"]) == (4400, "the first frame must be hello")


async def test_frame_for_a_socket_that_is_just_closing_is_dropped(bridge: Bridge):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        socket.transport.abort()
        for _ in range(100):
            port.say(type="frame", socket=1, data=HELLO)
        assert (await port.hear())["code"] == 1006


async def test_many_frames_are_handed_over_together(bridge: Bridge):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        for number in range(1000):
            await socket.send(str(number))
        assert [(await port.hear())["data"] for _ in range(1000)] == [str(number) for number in range(1000)]
        assert len(port.batches) < 1000


async def test_page_that_says_too_many_things_is_noticed(bridge: Bridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "QUEUED_MESSAGES", 2)
    port = Port(bridge.url)
    port.say(type="open", socket=1)
    port.say(type="open", socket=2)
    port.say(type="view", view={})  # nobody waits for that
    with pytest.raises(Flooded):
        port.say(type="open", socket=3)


async def test_page_that_says_too_much_is_noticed(bridge: Bridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "QUEUED_CHARACTERS", 100)
    port = Port(bridge.url)
    port.say(type="frame", socket=1, data="x" * 60)
    with pytest.raises(Flooded):
        port.say(type="frame", socket=1, data="x" * 60)


async def test_what_has_gone_on_does_not_count_any_more(bridge: Bridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "QUEUED_CHARACTERS", 200)
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        port.say(type="frame", socket=1, data=HELLO)
        await socket.recv()
        for _ in range(5):
            port.say(type="frame", socket=1, data='{"type":"pong","t":1,"more":"%s"}' % ("x" * 100), junk="x" * 1000)
            assert "xxx" in await socket.recv(decode=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('{"type":"welcome"}', "a page may not say that"),
        ('{"type":["state"]}', "a page may not say that"),
        ("state", "a page may not say that"),
        (json.dumps({"type": "state", "more": "x" * 65_536}), "a frame is too long"),
    ],
)
async def test_what_a_page_may_not_say_ends_the_socket(bridge: Bridge, data: str, reason: str):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        port.say(type="frame", socket=1, data=HELLO)
        await socket.recv()
        port.say(type="frame", socket=1, data=data)
        assert await port.hear() == {"type": "closed", "socket": 1, "code": 4400, "reason": reason}


async def test_frames_may_be_as_long_as_relay_says(bridge: Bridge):
    async with carrying(bridge.url) as port:
        socket = await opened(bridge, port)
        port.say(type="frame", socket=1, data=HELLO)
        await socket.recv()
        await socket.send(json.dumps(WELCOME | {"limits": {"frame_bytes": 100_000}}))
        await port.hear()
        said = json.dumps({"type": "parts", "more": "x" * 70_000})
        port.say(type="frame", socket=1, data=said)
        assert await socket.recv() == said


async def test_stop_is_said_at_once(bridge: Bridge):
    port = Port(bridge.url)
    await port.carrier.stop()
    assert await port.hear() == {"type": "stop"}


async def test_page_that_goes_while_its_socket_is_opened():
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began.set()
        await reader.read()
        writer.close()

    began = asyncio.Event()
    async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
        async with carrying(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as port:
            port.say(type="open", socket=1)
            await began.wait()
        assert port.heard.empty()


async def test_bridge_that_is_something_else():
    async def rude(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with server, carrying(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as port:
        port.say(type="open", socket=1)
        assert (await port.hear())["code"] == 1006
