"""Measured holes of the pinned Hypercorn, closed: each has a test in tests/test_hardening.py that tells when it is not.

Facts were measured with Hypercorn 0.18.0 (https://github.com/pgjones/hypercorn/tree/0.18.0/src/hypercorn).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.metadata import version
from weakref import WeakKeyDictionary

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import Handshake, WSStream
from wsproto.events import Ping
from wsproto.frame_protocol import CloseReason

MEASURED_WITH = "0.18.0"

_original_send = TCPServer.protocol_send
_original_handshake = Handshake.__init__
_original_handle = WSStream.handle
_original_events = WSStream._handle_events  # noqa: SLF001  # there is no public place to mend it
_ended: WeakKeyDictionary[WSStream, asyncio.Event] = WeakKeyDictionary()
"""What wakes those that wait to ping."""


def apply(write_seconds: float) -> None:
    """Harden Hypercorn for this process.

    Args:
        write_seconds: how long a client may read nothing before its connection is cut.

    Raises:
        RuntimeError: another Hypercorn is installed; the facts must be measured again.
    """
    if version("hypercorn") != MEASURED_WITH:
        raise RuntimeError(
            f"relay's server hardening was measured with hypercorn {MEASURED_WITH}; install that version."
        )
    setattr(H11Protocol, "_check_protocol", _stay_with_http1)  # noqa: B010  (mypy cannot type a replaced method)
    setattr(TCPServer, "protocol_send", _bounded_send(write_seconds))  # noqa: B010
    setattr(Handshake, "__init__", _without_extensions)  # noqa: B010
    setattr(WSStream, "handle", _end_when_over)  # noqa: B010
    setattr(WSStream, "_send_pings", _ping_while_open)  # noqa: B010
    setattr(WSStream, "_handle_events", _end_when_too_large)  # noqa: B010


async def _stay_with_http1(_self: H11Protocol, _request: h11.Request) -> None:
    """Refuse cleartext HTTP/2: nothing needs it, and resets of many streams are not bounded there.

    A server may ignore an Upgrade (https://www.rfc-editor.org/rfc/rfc9110#section-7.8). The other door, the HTTP/2
    preface, ends as a request with an unknown method.
    """


def _without_extensions(self: Handshake, headers: list[tuple[bytes, bytes]], http_version: str) -> None:
    """Take no compression: what is small on the wire would be large before anybody has looked at its size."""
    _original_handshake(self, headers, http_version)
    self.extensions = None


async def _ping_while_open(self: WSStream) -> None:
    """Ping until the socket closes: Hypercorn waits for the time of the next one, and the connection's task with it.

    CPython 3.11 writes a traceback for each of these that is left when the server stops.
    """
    ended = _ended.setdefault(self, asyncio.Event())
    while not self.closed:
        await self._send_wsproto_event(Ping())
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), self.config.websocket_ping_interval)


async def _end_when_over(self: WSStream, event: StreamEvent) -> None:
    """End the connection of a handshake that Hypercorn itself refused: it would stay open, and the application wait."""
    before = self.closed
    await _original_handle(self, event)
    if self.closed and self in _ended:
        _ended[self].set()
    if self.closed and not before and not isinstance(event, StreamClosed):
        if self.app_put is not None:
            await self.app_put({"type": "websocket.disconnect", "code": CloseReason.ABNORMAL_CLOSURE.value})
        await self.send(StreamClosed(stream_id=self.stream_id))


async def _end_when_too_large(self: WSStream) -> None:
    """End the connection after a message that is too large: it would go on to be collected, with the socket open."""
    await _original_events(self)
    if self.buffer.length > self.buffer.max_length:
        self.buffer.clear()
        await self.send(StreamClosed(stream_id=self.stream_id))


def _bounded_send(write_seconds: float) -> Callable[[TCPServer, Event], Awaitable[None]]:
    """Return a sender with a deadline: a client that reads nothing would otherwise hold its answer for ever."""

    async def protocol_send(self: TCPServer, event: Event) -> None:
        if not isinstance(event, RawData):
            await _original_send(self, event)
            return
        async with self.send_lock:
            try:
                self.writer.write(event.data)
                if self.writer.is_closing():
                    await asyncio.sleep(0)  # a producer that never waits must still hear that its client is gone
                if self.writer.transport.get_write_buffer_size() == 0:
                    return
                async with asyncio.timeout(write_seconds):
                    await self.writer.drain()
            except TimeoutError:
                self.writer.transport.abort()
                await self.protocol.handle(Closed())
            except (ConnectionError, RuntimeError):
                await self.protocol.handle(Closed())

    return protocol_send
