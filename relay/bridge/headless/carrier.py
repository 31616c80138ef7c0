"""The carrier of one page: moves frames between the program in the page and relay's bridge.

The page's end is a port, as ``extension/content/port_socket.js`` describes it; the other end is a WebSocket to relay,
opened here because a page's own policy may forbid it, and with a credential the page never sees.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from relay.bridge.headless.rewriting import NotSayable, Papers

log = structlog.get_logger(__name__)

Message = dict[str, Any]
Deliver = Callable[[list[Message]], Awaitable[None]]
"""Hands messages to the page, in order; returns when it has them."""

CLOSE_PAGE_GONE: Final = 4001
CLOSE_MALFORMED: Final = 4400
BROKEN: Final = 1006
ABOUT_SOCKETS: Final = frozenset({"open", "frame", "close"})
FIELDS: Final = ("type", "socket", "data", "code", "reason")
QUEUED_MESSAGES: Final = 4096
QUEUED_CHARACTERS: Final = 64 * 2**20
BATCH: Final = 256
FRAME_BYTES: Final = 256 * 2**20
OPEN_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0


class Flooded(Exception):
    """The page says more than relay takes: it does not keep to its credit."""


class Carrier:
    """Serves one port of a page until ``run`` is cancelled; then relay is told that the page is gone."""

    def __init__(self, bridge_url: str, papers: Papers, setup: Mapping[str, Any], deliver: Deliver) -> None:
        self._url = bridge_url
        self._papers = papers
        self._setup = setup
        self._deliver = deliver
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(QUEUED_MESSAGES)
        self._waiting = 0
        self._outbox: asyncio.Queue[Message] = asyncio.Queue(BATCH)
        self._socket: ClientConnection | None = None
        self._number: int | None = None
        self._greeted = False

    def receive(self, message: Message) -> None:
        """Take a message of the page; what is not about a socket is dropped.

        Raises:
            Flooded: too many wait already, or too much.
        """
        if message.get("type") not in ABOUT_SOCKETS:
            return
        kept = {name: value for name in FIELDS if isinstance(value := message.get(name), str | int)}
        size = _size(kept)
        if self._waiting + size > QUEUED_CHARACTERS or self._inbox.full():
            raise Flooded
        self._waiting += size
        self._inbox.put_nowait(kept)

    async def stop(self) -> None:
        """Tell the program in the page to end for good; return when it has been told."""
        await self._deliver([{"type": "stop"}])

    async def run(self) -> None:
        """Carry until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand_over())
            await self._outbox.put({"type": "setup", "setup": dict(self._setup)})
            link: asyncio.Task[None] | None = None
            while True:
                message = await self._inbox.get()
                self._waiting -= _size(message)
                match message:
                    case {"type": "open", "socket": int(number)}:
                        await self._end(link)
                        self._number, self._greeted = number, False
                        link = group.create_task(self._link(number))
                    case {"type": "frame", "socket": int(number), "data": str(data)} if number == self._number:
                        await self._send(data)
                    case {"type": "close", "socket": int(number)} if number == self._number:
                        await self._close(message)
                    case _:
                        pass  # about a socket that is gone, or not as a page says it

    async def _hand_over(self) -> None:
        while True:
            batch = [await self._outbox.get()]
            while len(batch) < BATCH and not self._outbox.empty():
                batch.append(self._outbox.get_nowait())
            await self._deliver(batch)

    async def _link(self, number: int) -> None:
        """One socket from its opening to its end."""
        try:
            socket = self._socket = await connect(
                self._url,
                compression=None,
                proxy=None,
                ping_interval=None,
                max_size=FRAME_BYTES,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
            )
            await self._outbox.put({"type": "opened", "socket": number})
            await self._read(socket, number)
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI):
            pass  # relay cannot be reached now: the page tries again
        except asyncio.CancelledError:
            leaving, self._socket = self._socket, None
            if leaving is not None:
                await _close_soon(leaving, CLOSE_PAGE_GONE, "the page is gone")
            raise
        ended, self._socket = self._socket, None
        await self._tell_end(number, ended)

    async def _tell_end(self, number: int, socket: ClientConnection | None) -> None:
        """Tell the page, unless it has closed the socket itself."""
        if number == self._number:
            code = (socket and socket.close_code) or BROKEN
            reason = (socket and socket.close_reason) or ""
            await self._outbox.put({"type": "closed", "socket": number, "code": code, "reason": reason})

    async def _read(self, socket: ClientConnection, number: int) -> None:
        first = True
        try:
            async for data in socket:
                text = data if isinstance(data, str) else data.decode(errors="replace")
                shown = self._papers.welcome(text) if first else text
                await self._outbox.put({"type": "frame", "socket": number, "data": shown})
                first = False
        except ConnectionClosed:
            pass  # the code says how

    async def _send(self, data: str) -> None:
        socket = self._socket
        if socket is None:
            return
        try:
            checked = self._papers.said(data) if self._greeted else self._papers.hello(data)
        except NotSayable as exc:
            await _close_soon(socket, CLOSE_MALFORMED, str(exc))
            return
        self._greeted = True
        with contextlib.suppress(ConnectionClosed):  # its reader says so
            await socket.send(checked)

    async def _close(self, message: Message) -> None:
        self._number = None
        if self._socket is not None:
            code, reason = message.get("code"), message.get("reason")
            if not isinstance(code, int) or not 3000 <= code <= 4999:
                code = 1000
            await _close_soon(self._socket, code, reason[:100] if isinstance(reason, str) else "")

    async def _end(self, link: asyncio.Task[None] | None) -> None:
        if link is not None:
            link.cancel()
            await asyncio.wait({link})


def _size(message: Message) -> int:
    """How many characters a message holds."""
    return sum(len(value) for value in message.values() if isinstance(value, str))


async def _close_soon(socket: ClientConnection, code: int, reason: str) -> None:
    with contextlib.suppress(OSError):
        await socket.close(code, reason)
