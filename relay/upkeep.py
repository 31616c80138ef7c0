"""What runs beside the requests: clocks, heartbeats, watching the database, writing down what can wait."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog

from relay.bridge.server import BridgeServer
from relay.bridge.session import Session
from relay.errors import StoreError
from relay.gateway.keyring import Keyring
from relay.store import SessionRecord, Store
from relay.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.25
WATCH_SECONDS: Final = 0.5
FLUSH_SECONDS: Final = 10.0


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
    """The periodic work of one relay.

    Attributes:
        problem: what does not work at the moment, in one word, ``None`` if all does.
    """

    def __init__(self, store: Store, keyring: Keyring, bridge: BridgeServer, metrics: Metrics) -> None:
        self.problem: str | None = None
        self._store = store
        self._keyring = keyring
        self._bridge = bridge
        self._metrics = metrics
        self._outdated = False

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._watch())
            group.create_task(self._flush_often())

    async def flush(self) -> None:
        """Write down now what was waiting for its turn."""
        if not await self._keyring.flush():
            self._metrics.write_dropped()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._bridge.tick(time.monotonic())

    async def _watch(self) -> None:
        """Notice what other processes did to the database, such as ``relay key revoke``."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                self._outdated = await self._store.changed() or self._outdated
                if self._outdated:
                    await self._keyring.refresh()
                    await self._bridge.drop_revoked()
                    self._outdated = False
            except StoreError as exc:
                if self.problem is None:
                    log.warning("store.unavailable", error=exc.code)
                self.problem = "store"
            else:
                if self.problem is not None:
                    log.info("store.available")
                self.problem = None

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()
