"""A bridge server on loopback, and pages that speak to it over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from support.bridge import HELLO, Clock
from support.credentials import FakeStore, Stored
from support.links import FakeLog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from relay.bridge.frames import ClientSettings
from relay.bridge.pairing import Doorkeeper
from relay.bridge.protocol import Clocks, Window
from relay.bridge.registry import SessionRegistry, Terms
from relay.bridge.server import BridgeRules, BridgeServer
from relay.bridge.session import Session

PAGE_ORIGIN = "http://localhost:3000"
SITE_ORIGIN = "https://chat.example"
TERMS = Terms(window=Window(parts=8, bytes=4096, hard_bytes=65_536), clocks=Clocks())


class FakePage:
    """A page at the other end of a real socket."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws

    async def say(self, type_: str, **fields: Any) -> None:
        await self.ws.send(json.dumps({"type": type_} | fields))

    async def hear(self) -> Any:
        return json.loads(await self.ws.recv())

    async def hello(self, **fields: Any) -> Any:
        """Greet, and return what relay answers."""
        await self.ws.send(json.dumps(HELLO | fields))
        return await self.hear()

    async def ready(self, **fields: Any) -> None:
        await self.say("state", **({"state": "ready", "models": [{"id": "demo"}]} | fields))

    async def parts(self, call: str, seq: int, *pieces: str) -> None:
        parts = [{"type": "text", "text": piece} for piece in pieces]
        await self.say("parts", call=call, attempt=1, seq=seq, parts=parts)

    async def done(self, call: str, seq: int) -> None:
        await self.say("done", call=call, attempt=1, seq=seq, finish_reason="stop")

    async def closed(self) -> tuple[int | None, list[Any]]:
        """Wait for the end; return its code and what was said until then."""
        said = []
        try:
            while True:
                said.append(await self.hear())
        except ConnectionClosed:
            return self.ws.close_code, said

    def break_socket(self) -> None:
        """End without a close frame (code 1006)."""
        self.ws.transport.abort()


class Harbour:
    """A running bridge server with everything it needs."""

    def __init__(self, sock: socket.socket, terms: Terms, rules: dict[str, Any]) -> None:
        self.port: int = sock.getsockname()[1]
        self.clock = Clock(1000.0)
        self.store = FakeStore(
            codes={"code": PAGE_ORIGIN},
            tokens={"t0ken": Stored("b-1", PAGE_ORIGIN), "t-2": Stored("b-2", SITE_ORIGIN), "t-3": Stored("b-3", None)},
        )
        self.log = FakeLog()
        self.registry = SessionRegistry(terms, self.log, self.clock)
        doorkeeper = Doorkeeper(self.store, frozenset({PAGE_ORIGIN}))
        hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        self.server = BridgeServer(
            BridgeRules(**({"hosts": lambda host: host.lower() in hosts} | rules)),
            doorkeeper,
            self.registry,
            lambda paired: ClientSettings(
                base_url="http://localhost:3000/v1", model="demo", key="k" if paired else None
            ),
            self.clock,
        )

    @asynccontextmanager
    async def page(self, origin: str | None = PAGE_ORIGIN, **options: Any) -> AsyncIterator[FakePage]:
        """A page that has opened its socket."""
        defaults = {"compression": None, "ping_interval": None, "proxy": None, "close_timeout": 1, "max_size": None}
        url = f"ws://127.0.0.1:{self.port}/"
        async with connect(url, origin=origin, **(defaults | options)) as ws:  # type: ignore[arg-type]
            yield FakePage(ws)

    @asynccontextmanager
    async def ready_page(self, **fields: Any) -> AsyncIterator[tuple[FakePage, Session]]:
        """A page that can answer, and its session."""
        async with self.page() as page:
            welcome = await page.hello(**fields)
            await page.ready()
            session = self.session(welcome["session"])
            await until(lambda: session.ready and session.online)
            yield page, session

    def session(self, id_: str) -> Session:
        return next(session for session in self.registry if session.id == id_)

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.clock.now += seconds
        self.server.tick(self.clock.now)

    async def handshake(self, *headers: str) -> str:
        """Send an opening handshake with exactly these headers besides its own; return the status line."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        own = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        writer.write("\r\n".join(("GET / HTTP/1.1", *headers, *own, key, "", "")).encode())
        status = (await reader.readline()).decode().strip()
        writer.transport.abort()
        return status


@asynccontextmanager
async def harbour(terms: Terms = TERMS, **rules: Any) -> AsyncIterator[Harbour]:
    """Run a bridge server for the life of the block."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        built = Harbour(sock, terms, rules)
        async with built.server.serve([sock]):
            yield built


async def until(condition: Callable[[], object]) -> None:
    """Let everything run until `condition` holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)
