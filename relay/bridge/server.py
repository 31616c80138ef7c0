"""The bridge's WebSocket server: Host and Origin first, then a credential within its time, then a link.

Served by the websockets library on its own port in the event loop of the HTTP server.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import MultipleValuesError
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from relay.bridge import frames
from relay.bridge.frames import Bye, ClientSettings, Hello, RelayLimits, Welcome
from relay.bridge.link import LiveLink
from relay.bridge.pairing import Admission, Doorkeeper
from relay.bridge.registry import SessionRegistry
from relay.errors import InvalidCredential, StoreError

log = structlog.get_logger(__name__)

CLOSE_MALFORMED = 4400
CLOSE_REFUSED = 4401
CLOSE_LATE = 4408
CLOSE_VERSION = 4409
CLOSE_TOO_MANY = 4429
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013
CLOSE_FAILED = 1011

HELLO_BYTES = 65_536
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class BridgeRules:
    """Bounds of the bridge; times in seconds, sizes in bytes."""

    hosts: Callable[[str], bool]
    hello_seconds: float = 10.0
    heartbeat_seconds: float = 10.0
    grace_seconds: float = 30.0
    frame_bytes: int = 8 * 2**20
    unacked_bytes: int = 4 * 2**20
    links_per_credential: int = 32
    unauthenticated_links: int = 64
    probe_seconds: float = 2.0


class BridgeServer:
    """Accept pages and join them to their sessions.

    `settings_for` makes what a page shows its person to paste into a client; it is told whether the page has just been
    paired.
    """

    def __init__(
        self,
        rules: BridgeRules,
        doorkeeper: Doorkeeper,
        registry: SessionRegistry,
        settings_for: Callable[[bool], ClientSettings],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._doorkeeper = doorkeeper
        self._registry = registry
        self._settings_for = settings_for
        self._clock = clock
        self._links: dict[LiveLink, str] = {}
        self._connections = 0
        self._closing = False

    @asynccontextmanager
    async def serve(self, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Serve on `sockets` for the life of the block; then say goodbye to every page (close code 1012)."""
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(self._listener(sock)) for sock in sockets]
            try:
                yield
            finally:
                self.say_goodbye()
                for server in servers:
                    server.close(code=CLOSE_RESTART, reason="relay is stopping")

    def say_goodbye(self) -> None:
        """Tell every page that relay stops, and take no new ones."""
        self._closing = True
        for link in list(self._links):
            link.post(Bye(reason="restart", message="relay is stopping; it may be back in a moment.", retry_after=1.0))
            link.finish(CLOSE_RESTART, "relay is stopping")

    async def drop_revoked(self) -> None:
        """Close the links of credentials that do not count any more, and end their sessions."""
        self._registry.drop_credentials(await self._doorkeeper.live_ids())

    def tick(self, now: float) -> None:
        """Let clocks run out; ask every page for a sign of life when it is due, and drop those that gave none."""
        self._registry.tick(now)
        for link in list(self._links):
            link.beat(now)

    def _listener(self, sock: socket.socket) -> AbstractAsyncContextManager[Server]:
        return serve(
            self._handle,
            sock=sock,
            process_request=self._check_handshake,
            create_connection=self._connection_type(),
            compression=None,
            ping_interval=None,
            max_size=HELLO_BYTES,
            close_timeout=1,
            open_timeout=self._rules.hello_seconds,
            server_header=None,
            backlog=BACKLOG,
            logger=_quiet_logger(),
        )

    def _connection_type(self) -> type[ServerConnection]:
        """Connections that count themselves from the first byte on, and drop a flood before it has said anything."""
        bridge = self

        class CountedConnection(ServerConnection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                bridge._connections += 1
                super().connection_made(transport)
                if bridge._strangers > 2 * bridge._rules.unauthenticated_links:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                bridge._connections -= 1
                super().connection_lost(exc)

        return CountedConnection

    @property
    def _strangers(self) -> int:
        """Connections that have not shown a good credential (yet)."""
        return self._connections - len(self._links)

    async def _check_handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse who must not even begin, before the handshake is accepted."""
        try:
            host, origin = request.headers.get("Host"), request.headers.get("Origin")
        except MultipleValuesError:
            return connection.respond(HTTPStatus.BAD_REQUEST, "Host and Origin may appear once.\n")
        if host is None or not self._rules.hosts(host):
            return connection.respond(HTTPStatus.FORBIDDEN, "This host name is not relay's.\n")
        if origin is not None and not await self._doorkeeper.knows_origin(origin):
            return connection.respond(HTTPStatus.FORBIDDEN, "This origin is not on relay's list.\n")
        if self._closing or self._strangers > self._rules.unauthenticated_links:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; try again later.\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        try:
            await self._greet(connection)
        except ConnectionClosed:
            pass
        except Exception:  # the outermost loop of one connection: it may fail, the server may not
            log.exception("bridge.connection_failed")
            await connection.close(CLOSE_FAILED)

    async def _greet(self, connection: ServerConnection) -> None:
        request = connection.request
        origin = request.headers.get("Origin") if request else None
        try:
            hello = await self._receive_hello(connection)
            if hello is None:
                return
            admission = await self._doorkeeper.admit(hello, origin)
        except InvalidCredential:
            log.warning("bridge.refused", origin=origin)
            await connection.close(CLOSE_REFUSED, "credential refused")
            return
        except StoreError:
            await connection.close(CLOSE_TRY_LATER, "try again later")
            return
        await self._welcome(connection, hello, admission)

    async def _receive_hello(self, connection: ServerConnection) -> Hello | None:
        try:
            async with asyncio.timeout(self._rules.hello_seconds):
                first = await connection.recv()
        except TimeoutError:
            await connection.close(CLOSE_LATE, "no hello in time")
            return None
        try:
            hello = frames.decode(first) if isinstance(first, str) else None
        except frames.MalformedFrame:
            hello = None
        if not isinstance(hello, Hello):
            await connection.close(CLOSE_MALFORMED, "the first frame must be hello")
            return None
        return hello

    async def _welcome(self, connection: ServerConnection, hello: Hello, admission: Admission) -> None:
        versions = set(hello.protocols) & set(frames.PROTOCOL_VERSIONS)
        if not versions:
            known = ", ".join(map(str, frames.PROTOCOL_VERSIONS))
            bye = Bye(reason="protocol_unsupported", message=f"This relay speaks bridge protocol {known}: update it.")
            await connection.send(frames.encode(bye))
            await connection.close(CLOSE_VERSION, "protocol version not supported")
            return
        if list(self._links.values()).count(admission.credential) >= self._rules.links_per_credential:
            await connection.close(CLOSE_TOO_MANY, "too many sockets of one credential")
            return
        connection.protocol.max_message_size = self._rules.frame_bytes
        link = LiveLink(
            connection,
            self._rules.heartbeat_seconds,
            self._rules.probe_seconds,
            self._clock,
            carried=hello.client.carried,
        )
        self._links[link] = admission.credential
        try:
            session, wanted, resumed = await self._registry.attach(link, hello, admission.credential)
            link.post_first(
                Welcome(
                    protocol=max(versions),
                    session=session.id,
                    resumed=resumed,
                    heartbeat_ms=round(self._rules.heartbeat_seconds * 1000),
                    grace_ms=round(self._rules.grace_seconds * 1000),
                    limits=RelayLimits(frame_bytes=self._rules.frame_bytes, unacked_bytes=self._rules.unacked_bytes),
                    resume=wanted,
                    token=admission.token,
                    settings=self._settings_for(admission.token is not None),
                )
            )
            log.info("bridge.attached", session=session.id[:8], adapter=hello.adapter, site=hello.site, resumed=resumed)
            try:
                await link.run(session, self._registry)
            finally:
                if link.page_done:
                    self._registry.dismiss(session, link)
                else:
                    self._registry.detach(session, link, page_gone=link.page_gone)
                log.info("bridge.detached", session=session.id[:8], close_code=connection.close_code)
        finally:
            del self._links[link]


def _quiet_logger() -> logging.Logger:
    """The library logs handshakes with their headers at debug level; they hold nothing for our logs."""
    logger = logging.getLogger("relay.bridge.websockets")
    logger.setLevel(logging.CRITICAL)
    return logger
