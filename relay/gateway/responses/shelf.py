"""Responses that are kept: in memory until the database has them, so that no answer waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from relay.errors import StoreBusy, StoreError
from relay.store import Chain, StoredResponse
from relay.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

DAY: Final = 24 * 3600.0
PATIENCE_SECONDS: Final = 1.0
WAITING_BYTES: Final = 64 * 2**20


class ResponseStore(Protocol):
    """Where responses are kept; every method may raise ``StoreError``."""

    async def put(self, records: Sequence[StoredResponse]) -> None:
        """Store `records`, each in the place of an older one."""

    async def get(self, id_: str, owner: str, now: float) -> StoredResponse | None:
        """Return `owner`'s response."""

    async def chain(self, id_: str, owner: str, now: float, most_bytes: int) -> Chain:
        """Return the turns that lead to `owner`'s response, and it."""

    async def holding(self, item_ids: Collection[str], owner: str, now: float, most_bytes: int) -> list[bytes]:
        """Return those of `owner`'s responses that hold any of these items."""

    async def delete(self, id_: str, owner: str) -> bool:
        """Forget `owner`'s response."""

    async def unfinished(self) -> list[StoredResponse]:
        """Return those without an end."""

    async def purge(self, now: float, most: int, most_bytes: int) -> int:
        """Forget what expired and what is too much."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long responses are kept, how many, and how many bytes of them; no days at all keep none."""

    days: float = 30.0
    most: int = 10_000
    most_bytes: int = 256 * 2**20


class Shelf:
    """Stored responses of all keys.

    What is put here can be read at once and is written down soon after. While the database is busy it waits in memory,
    up to a bound; beyond that, and when the database is broken, it is lost, counted and logged: an answer never fails
    because it could not be kept.
    """

    def __init__(self, store: ResponseStore, keeping: Keeping, metrics: Metrics, wall: Callable[[], float]) -> None:
        self._store = store
        self._keeping = keeping
        self._metrics = metrics
        self._wall = wall
        self._waiting: dict[str, StoredResponse] = {}
        self._waiting_bytes = 0
        self._written_bytes = 0
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._keeping.days > 0

    def expiry(self) -> float:
        """When a response that is put now is to be forgotten."""
        return self._wall() + self._keeping.days * DAY

    def put(self, record: StoredResponse) -> None:
        """Keep `record`, in the place of an older one of its id."""
        self._forget_waiting(record.id)
        if self._waiting_bytes + record.size > WAITING_BYTES:
            self._lose([record], "too_much_waiting")
            return
        self._waiting[record.id] = record
        self._waiting_bytes += record.size
        self._wake.set()

    async def get(self, id_: str, owner: str) -> StoredResponse | None:
        """Return the response `id_` if it is `owner`'s."""
        record = self._waiting.get(id_)
        if record is None:
            return await self._store.get(id_, owner, self._wall())
        return record if record.owner == owner and record.expires_at > self._wall() else None

    async def chain(self, id_: str, owner: str, most_bytes: int) -> Chain:
        """Return the turns that lead to `owner`'s response `id_`, and it, unless they are more than `most_bytes`."""
        await self._write()
        return await self._store.chain(id_, owner, self._wall(), most_bytes)

    async def holding(self, item_ids: Collection[str], owner: str, most_bytes: int) -> list[bytes]:
        """Return those of `owner`'s responses that hold any of these items, the newest first, up to `most_bytes`."""
        await self._write()
        return await self._store.holding(item_ids, owner, self._wall(), most_bytes)

    async def delete(self, id_: str, owner: str) -> bool:
        """Forget `owner`'s response `id_`; ``False`` if there is none."""
        async with self._writing:
            stored = await self._store.delete(id_, owner)
            waiting = self._waiting.get(id_)
            if waiting is None or waiting.owner != owner:
                return stored
            self._forget_waiting(id_)
            return True

    async def unfinished(self) -> list[StoredResponse]:
        """Return what was running when relay last stopped without an end."""
        return await self._store.unfinished()

    async def run(self) -> None:
        """Write down what waits, until cancelled."""
        while True:
            await self._wake.wait()
            try:
                await self._write()
            except StoreBusy:
                await asyncio.sleep(PATIENCE_SECONDS)

    async def flush(self) -> None:
        """Write down what waits now; what cannot be written is lost."""
        try:
            await self._write()
        except StoreBusy as exc:
            self._lose(list(self._waiting.values()), exc.code)

    async def purge(self) -> None:
        """Forget what expired, and the oldest of what is too much."""
        try:
            keeping = self._keeping
            gone = await self._store.purge(self._wall(), keeping.most, keeping.most_bytes)
        except StoreError as exc:
            log.warning("responses.purge_failed", error=exc.code)
            return
        self._written_bytes = 0
        if gone:
            log.info("responses.purged", responses=gone)

    async def _write(self) -> None:
        """Write down what waits.

        Raises:
            StoreBusy: not now; it goes on waiting.
        """
        async with self._writing:
            self._wake.clear()
            batch = list(self._waiting.values())
            if not batch:
                return
            try:
                await self._store.put(batch)
            except StoreBusy:
                self._wake.set()
                raise
            except StoreError as exc:
                self._lose(batch, exc.code)
            for record in batch:
                if self._waiting.get(record.id) is record:
                    self._forget_waiting(record.id)
            self._written_bytes += sum(record.size for record in batch)
        if self._written_bytes > self._keeping.most_bytes // 8:
            await self.purge()

    def _forget_waiting(self, id_: str) -> None:
        record = self._waiting.pop(id_, None)
        if record is not None:
            self._waiting_bytes -= record.size

    def _lose(self, records: Sequence[StoredResponse], why: str) -> None:
        for _ in records:
            self._metrics.write_dropped()
        log.warning("responses.not_kept", responses=len(records), error=why)
