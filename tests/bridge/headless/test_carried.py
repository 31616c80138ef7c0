from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from bridge.headless.driven import Context, Session
from bridge.headless.test_carrier import HELLO, WELCOME, Bridge
from websockets.asyncio.server import ServerConnection, serve

from relay.bridge.headless import carrier as carrier_module
from relay.bridge.headless.carried import Carried, CarriedPage

CONTEXT = {"id": 3, "name": "relay", "origin": "https://chat.example", "auxData": {"frameId": "main"}}


class Desk:
    """A carried page whose document the test speaks for."""

    def __init__(self, page: CarriedPage, session: Session, bridge: Bridge) -> None:
        self.page = page
        self.session = session
        self.bridge = bridge

    def load(self, origin: str = "https://chat.example", port: int = 1, context: int = 3) -> None:
        made = CONTEXT | {"origin": origin, "id": context}
        self.session.emit("Runtime.executionContextCreated", {"context": made})
        self.say({"type": "connect"}, port, context)

    def unload(self) -> None:
        self.session.emit("Runtime.executionContextsCleared", {})

    def say(self, message: dict[str, Any], port: int = 1, context: int = 3) -> None:
        payload = json.dumps({"port": port, "messages": [message]})
        called = {"executionContextId": context, "name": "relayPost", "payload": payload}
        self.session.emit("Runtime.bindingCalled", called)

    @property
    def handed(self) -> list[dict[str, Any]]:
        calls = [params["arguments"] for method, params in self.session.sent if method == "Runtime.callFunctionOn"]
        return [message for arguments in calls for message in arguments[1]["value"]]

    async def connected(self, socket: int = 1, **where: int) -> ServerConnection:
        self.say({"type": "open", "socket": socket}, **where)
        await until(lambda: {"type": "opened", "socket": socket} in self.handed)
        self.say({"type": "frame", "socket": socket, "data": HELLO}, **where)
        return await self.bridge.sockets.get()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    bridge = Bridge()
    async with serve(bridge.handle, "127.0.0.1", 0, close_timeout=1) as bridge.server:
        carried = Carried(
            bridge_url=bridge.url,
            version="1",
            description={"id": "chat"},
            serves=lambda origin: origin == "https://chat.example",
            token="rbr-secret",
            credential="bridge_1",
            agent="agent",
            program="program",
            origins=("^https://chat",),
        )
        context = Context()
        session = await context.new_cdp_session(context.pages[0])
        page = CarriedPage(context.pages[0], session, carried)  # type: ignore[arg-type]
        await page.enter()
        yield Desk(page, session, bridge)
        await page.close()


async def test_session_is_kept_over_a_reload(desk: Desk):
    assert desk.page.credential == "bridge_1"
    desk.load()
    socket = await desk.connected()
    assert json.loads(await socket.recv()).get("session") is None
    await socket.send(json.dumps(WELCOME))
    await until(lambda: len(desk.handed) == 3)
    client = {"kind": "headless", "version": "1", "carried": True}
    setup = {"client": client, "description": {"id": "chat"}, "session": None}
    assert desk.handed[0] == {"type": "setup", "setup": setup}

    desk.unload()
    await socket.wait_closed()
    assert socket.close_code == 4001

    desk.load(context=4)
    again = await desk.connected(2, context=4)
    assert json.loads(await again.recv())["session"] == "given"


async def test_page_of_another_site_gets_nothing(desk: Desk):
    desk.load("https://accounts.example")
    desk.say({"type": "open", "socket": 1})
    await asyncio.sleep(0.01)
    assert desk.handed == []
    assert desk.bridge.sockets.empty()


async def test_port_that_disconnects_and_messages_of_no_port(desk: Desk):
    desk.load()
    socket = await desk.connected()
    desk.say({"type": "close", "socket": 1}, port=9)
    desk.say({"type": "disconnect"})
    await socket.wait_closed()
    assert socket.close_code == 4001
    desk.say({"type": "view"})


async def test_description_that_is_no_good_is_known(desk: Desk):
    desk.load()
    assert desk.page.refusal is None
    desk.say({"type": "refused", "detail": "ways is missing" + "!" * 2000})
    assert desk.page.refusal == ("ways is missing" + "!" * 2000)[:1000]


async def test_flood_costs_the_page_its_carrier(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(carrier_module, "QUEUED_MESSAGES", 3)
    desk.load()
    socket = await desk.connected()
    for _ in range(10):
        desk.say({"type": "close", "socket": 9})
    await socket.wait_closed()
    assert socket.close_code == 4001


async def test_document_that_is_gone_while_it_is_handed_something(desk: Desk):
    desk.load()
    socket = await desk.connected()
    desk.session.gone = True
    await socket.send("{}")
    await socket.wait_closed()
    assert socket.close_code == 4001


async def test_leaving_stops_the_program_and_keeps_the_tab(desk: Desk):
    desk.load()
    socket = await desk.connected()
    await desk.page.leave()
    await socket.wait_closed()
    assert desk.handed[-1] == {"type": "stop"}
    assert desk.session.detached
    assert not desk.page.lost.done()


async def test_leaving_a_tab_that_is_gone(desk: Desk):
    desk.session.gone = True
    await desk.page.leave()
