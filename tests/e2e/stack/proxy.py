"""A TCP proxy that spoils the wire on command: it cuts, stalls and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 16_384


class FaultyWire:
    """Forwards one local port to another; `port` is where to connect."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0
        self.forwarded = 0
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._reached = asyncio.Condition()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[FaultyWire]:
        """Forward for the life of the block."""
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._forward(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection without a word; new ones are taken again."""
        for writer in self._open:
            writer.transport.abort()

    def stall(self) -> None:
        """Pass nothing on any more, in both directions, until :meth:`flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again."""
        self._flowing.set()

    def freeze(self) -> None:
        """Pass nothing more on the connections of now, for ever; later ones work."""
        self._flowing.clear()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def passed(self, count: int) -> None:
        """Wait until the browser has sent `count` more bytes."""
        goal = self.forwarded + count
        async with self._reached:
            await self._reached.wait_for(lambda: self.forwarded >= goal)

    async def connected(self, count: int) -> None:
        """Wait for connection number `count`, from 1."""
        async with self._reached:
            await self._reached.wait_for(lambda: self.connections >= count)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        await self._count(connections=1)
        flowing = self._flowing
        try:
            # relay knows itself by the port it listens on
            handshake = await reader.readuntil(b"\r\n\r\n")
            far_writer.write(handshake.replace(f":{self.port}\r\n".encode(), f":{self._target}\r\n".encode(), 1))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, flowing, counted=True))
                tasks.create_task(self._pump(far_reader, writer, flowing))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= both
            for end in both:
                end.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flowing: asyncio.Event,
        *,
        counted: bool = False,
    ) -> None:
        while data := await reader.read(CHUNK):
            await flowing.wait()
            writer.write(data)
            await writer.drain()
            if counted:
                await self._count(forwarded=len(data))
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def _count(self, *, connections: int = 0, forwarded: int = 0) -> None:
        async with self._reached:
            self.connections += connections
            self.forwarded += forwarded
            self._reached.notify_all()
