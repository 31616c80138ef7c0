"""One live WebSocket of a session: a reader, a writer and a heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidState

from relay.bridge import frames
from relay.bridge.frames import Accepted, Done, Fail, Hello, Parts, Ping, Pong, RelayFrame, Spoiled, State
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session

DROP_SECONDS = 1.0
DEAD_AFTER_BEATS = 2.5
FRAMES_PER_TURN = 64

CLOSE_NORMAL = 1000
CLOSE_GOING_AWAY = 1001
CLOSE_PAGE_GONE = 4001
CLOSE_MALFORMED = 4400


class LiveLink:
    """The socket between relay and one page.

    The page must prove that its *code* is alive: protocol-level pings are answered by the browser's network process
    even while the page hangs, so the heartbeat is a JSON frame.
    """

    def __init__(
        self,
        connection: ServerConnection,
        heartbeat: float,
        probe_seconds: float,
        clock: Callable[[], float],
        *,
        carried: bool = False,
    ) -> None:
        self._connection = connection
        self._heartbeat = heartbeat
        self._probe_seconds = probe_seconds
        self._clock = clock
        self._carried = carried
        self._posted: list[RelayFrame] = []
        self._output = asyncio.Event()
        self._heard = self._pinged = clock()
        self._writing_since: float | None = None
        self._answered = asyncio.Event()
        self._over = False
        self._closing: tuple[int, str] | None = None

    @property
    def page_done(self) -> bool:
        """Whether the page said that it is done with this session (RFC 6455, 7.4.1)."""
        received = self._connection.protocol.close_rcvd
        return received is not None and received.code == CLOSE_NORMAL

    @property
    def page_gone(self) -> bool:
        """Whether the page was reloaded, closed or crashed, so that its calls are lost.

        The browser says so of a page that holds its socket. Of a carried page only the carrier can say it: that the
        carrier itself goes away, as a service worker does whenever it likes, means nothing to the page.
        """
        received = self._connection.protocol.close_rcvd
        if received is None:
            return False
        return received.code == CLOSE_PAGE_GONE or (received.code == CLOSE_GOING_AWAY and not self._carried)

    def wake(self) -> None:
        """The session has something to send."""
        self._output.set()

    def post(self, frame: RelayFrame) -> None:
        """Send `frame` as soon as possible."""
        self._posted.append(frame)
        self._output.set()

    def post_first(self, frame: RelayFrame) -> None:
        """Send `frame` before anything else that waits."""
        self._posted.insert(0, frame)
        self._output.set()

    def finish(self, code: int, reason: str) -> None:
        """Close the socket after what waits has been sent."""
        self._closing = (code, reason)
        self._output.set()

    def drop(self, code: int, reason: str) -> None:
        """Close the socket now; a page that does not answer cannot hold it open."""
        self._closing = (code, reason)
        with contextlib.suppress(InvalidState):  # it is closing already
            self._connection.protocol.send_close(code, reason)
            self._connection.send_data()
        self._connection.transport.close()
        asyncio.get_running_loop().call_later(DROP_SECONDS, self._connection.transport.abort)

    def beat(self, now: float) -> None:
        """Ping when it is due; drop a page that has been silent, or has not read, for too long."""
        alive = self._heard if self._writing_since is None else min(self._heard, self._writing_since)
        if now - alive > DEAD_AFTER_BEATS * self._heartbeat:
            self._connection.transport.abort()
        elif now - self._pinged >= self._heartbeat:
            self._pinged = now
            self.post(Ping(t=round(now * 1000)))

    async def probe(self) -> bool:
        """Whether the page answers soon."""
        self._answered.clear()
        self.post(Ping(t=round(self._clock() * 1000)))
        try:
            async with asyncio.timeout(self._probe_seconds):
                await self._answered.wait()
        except TimeoutError:
            return False
        return not self._over

    async def run(self, session: Session, registry: SessionRegistry) -> None:
        """Carry frames both ways until the socket closes."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(session))
            try:
                await self._read(session, registry)
            finally:
                self._over = True
                self._answered.set()  # who still waits for an answer need not wait any longer
                writer.cancel()

    async def _read(self, session: Session, registry: SessionRegistry) -> None:
        count = 0
        try:
            async for message in self._connection:
                self._heard = self._clock()
                if not isinstance(message, str) or not self._receive(message, session, registry):
                    await self._connection.close(CLOSE_MALFORMED, "malformed frame")
                    return
                count += 1
                if count % FRAMES_PER_TURN == 0:  # a flood from one page must not starve the others
                    await asyncio.sleep(0)
        except ConnectionClosed:
            pass

    def _receive(self, message: str, session: Session, registry: SessionRegistry) -> bool:
        """Apply one frame; ``False`` if it is not one."""
        try:
            frame = frames.decode(message)
        except frames.MalformedFrame:
            return False
        match frame:
            case Parts() | Accepted() | Done() | Fail() | Spoiled():
                session.receive(frame, len(message))
            case State():
                session.apply(frame)
                registry.changed()
            case Pong():
                self._answered.set()
            case Hello() | None:
                pass
        return True

    async def _write(self, session: Session) -> None:
        try:
            while True:
                await self._output.wait()
                self._output.clear()
                posted, self._posted = self._posted, []
                for frame in [*posted, *session.drain()]:
                    self._writing_since = self._clock()
                    await self._connection.send(frames.encode(frame))
                self._writing_since = None
                if self._closing is not None:
                    await self._connection.close(*self._closing)
        except ConnectionClosed:
            pass
