"""An HTTP/1.1 server small enough to break its own answers: it can cut, stall and notice that the client left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import h11

CHUNK = 65_536
Handler = Callable[["Exchange"], Awaitable[None]]


@dataclass(frozen=True)
class HttpRequest:
    """A whole request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request and the answer to it, as it is being written."""

    def __init__(self, request: HttpRequest, connection: h11.Connection, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self._connection = connection
        self._writer = writer

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send a whole answer."""
        await self.start(status, {**headers, "Content-Length": str(len(body))})
        await self.send(body)
        await self.finish()

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of an answer; without a length the body is chunked."""
        await self._write(h11.Response(status_code=status, headers=list(headers.items())))

    async def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        await self._write(h11.Data(data=data))

    async def finish(self) -> None:
        """End the body properly."""
        await self._write(h11.EndOfMessage())

    def cut(self) -> None:
        """Close the connection without the end of the body."""
        self._writer.close()

    async def _write(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._connection.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()


@asynccontextmanager
async def serve(handler: Handler, port: int = 0) -> AsyncIterator[int]:
    """Serve `handler` on loopback; the value is the port. A client that leaves cancels its handler."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _converse(handler, reader, writer)
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the browser went, or the emulator stops
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    while (request := await _request(connection, reader)) is not None:
        await _answer(handler(Exchange(request, connection, writer)), connection, reader)
        if writer.is_closing() or connection.our_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _answer(work: Awaitable[None], connection: h11.Connection, reader: asyncio.StreamReader) -> None:
    """Do `work`, but stop it as soon as the client has gone."""
    answering = asyncio.ensure_future(work)
    listening = asyncio.ensure_future(reader.read(CHUNK))
    try:
        await asyncio.wait({answering, listening}, return_when=asyncio.FIRST_COMPLETED)
        if listening.done() and not answering.done():
            if listening.exception() is None and (early := listening.result()):
                connection.receive_data(early)
            else:
                answering.cancel()
        await answering
    finally:
        for task in (answering, listening):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> HttpRequest | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(CHUNK))
            case h11.Request():
                head = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                assert head is not None
                return _plain(head, bytes(body))
            case _:
                return None


def _plain(head: h11.Request, body: bytes) -> HttpRequest:
    target = urlsplit(head.target.decode())
    query = {name: values[-1] for name, values in parse_qs(target.query).items()}
    headers = {name.decode().lower(): value.decode() for name, value in head.headers}
    return HttpRequest(head.method.decode(), target.path, query, headers, body)
