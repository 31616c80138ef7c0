"""How many requests may run at once, and whether new ones may begin at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from relay.errors import Overloaded, ShuttingDown


class Admission:
    """Bounds on requests in flight, per key and in all."""

    def __init__(self, per_key: int, total: int) -> None:
        self._per_key = per_key
        self._total = total
        self._running: Counter[str] = Counter()
        self._draining = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """Requests that run now."""
        return self._running.total()

    @property
    def draining(self) -> bool:
        """Whether nothing new may begin."""
        return self._draining.is_set()

    def check(self, key: str) -> None:
        """Tell whether a request of `key` may begin now.

        Raises:
            ShuttingDown: relay drains.
            Overloaded: the key, or relay, has as many requests as it may.
        """
        if self.draining:
            raise ShuttingDown
        if self._running[key] >= self._per_key:
            raise Overloaded(f"This key already has {self._per_key} requests running.", retry_after=1.0)
        if self.in_flight >= self._total:
            raise Overloaded(f"relay already has {self._total} requests running.", retry_after=1.0)

    @contextmanager
    def enter(self, key: str) -> Iterator[None]:
        """Count a request of `key` for the life of the block.

        Raises:
            ShuttingDown: relay drains.
            Overloaded: the key, or relay, has as many requests as it may.
        """
        self.check(key)
        self._running[key] += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]
            if not self._running:
                self._idle.set()

    def drain(self) -> None:
        """Let nothing new begin."""
        self._draining.set()

    async def drains(self) -> None:
        """Wait until nothing new may begin."""
        await self._draining.wait()

    async def idle(self) -> None:
        """Wait until nothing runs."""
        await self._idle.wait()
