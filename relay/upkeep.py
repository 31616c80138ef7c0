"""What runs beside the requests: clocks, heartbeats, watching the database, writing down what can wait."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from relay.bridge.server import BridgeServer
from relay.bridge.session import Session
from relay.errors import StoreError
from relay.gateway.keyring import Keyring
from relay.gateway.responses.shelf import Shelf
from relay.store import SessionRecord, Store
from relay.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.25
WATCH_SECONDS: Final = 0.5
FLUSH_SECONDS: Final = 10.0
COLLECT_SECONDS: Final = 5.0
PURGE_SECONDS: Final = 60.0


class StoredSessions:
    """Sessions remembered in the database, so that a page keeps its session over a restart of relay.

    A database that is not there costs the memory, never the session.
    """

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics

    async def remember(self, session: Session) -> None:
        """Keep who `session` is."""
        identity, now = session.identity, time.time()
        record = SessionRecord(
            id=session.id,
            credential_id=identity.credential,
            kind=identity.client.kind,
            adapter=identity.adapter,
            site=identity.site,
            account=None if session.account is None else session.account.id,
            first_seen_at=now,
            last_seen_at=now,
        )
        try:
            await self._store.sessions.remember(record)
        except StoreError as exc:
            self._metrics.write_dropped()
            log.warning("sessions.remember_dropped", error=exc.code)

    async def belongs(self, session_id: str, credential: str) -> bool:
        """Whether `session_id` was given to `credential` before."""
        try:
            record = await self._store.sessions.get(session_id)
        except StoreError:
            return False
        return record is not None and record.credential_id == credential


class Upkeep:
    """The periodic work of one relay."""

    def __init__(self, store: Store, keyring: Keyring, bridge: BridgeServer, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf
        self._keyring = keyring
        self._bridge = bridge
        self._outdated = False
        self._readable = self._writable = True

    @property
    def problem(self) -> str | None:
        """What does not work at the moment, in one word, ``None`` if all does."""
        return None if self._readable and self._writable else "store"

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(TICK_SECONDS, self.tick))
            group.create_task(_every(WATCH_SECONDS, self.watch))
            group.create_task(_every(FLUSH_SECONDS, self.flush))
            group.create_task(_every(COLLECT_SECONDS, self.collect))
            group.create_task(_every(PURGE_SECONDS, self._shelf.purge))

    async def tick(self) -> None:
        """Let the clocks of calls and links run out."""
        self._bridge.tick(time.monotonic())

    async def watch(self) -> None:
        """Notice what other processes did to the database, such as ``relay key revoke``."""
        try:
            self._outdated = await self._store.changed() or self._outdated
            if self._outdated:
                await self._keyring.refresh()
                await self._bridge.drop_revoked()
                self._outdated = False
        except StoreError as exc:
            if self._readable:
                log.warning("store.unavailable", error=exc.code)
            self._readable = False
        else:
            if not self._readable:
                log.info("store.available")
            self._readable = True

    async def collect(self) -> None:
        """Free what broken connections leave in reference cycles: few objects, but with all that they had buffered.

        Python counts objects, not bytes, so its own full pass may be hours away. This one is short, because what was
        imported is frozen (https://docs.python.org/3/library/gc.html#gc.freeze).
        """
        gc.collect()

    async def flush(self) -> None:
        """Write down what was waiting for its turn."""
        self._writable = await self._keyring.flush()


async def _every(seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await duty()
        except Exception:  # the outermost loop of one duty: a bug in it must not end relay
            log.exception("upkeep.failed")
