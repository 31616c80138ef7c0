"""When something that crashed may start again: pauses that grow, and an end when it does not help."""

from __future__ import annotations

from collections import deque

REMEMBERED = 64
"""Crashes that are looked back at where there is no limit."""


class Restarts:
    """Count crashes within a window of time; time comes in as an argument, in seconds.

    `limit` restarts are granted in any `window`, ``None`` for as many as it takes.
    """

    def __init__(
        self, limit: int | None, window: float, first_pause: float = 0.25, longest_pause: float = 30.0
    ) -> None:
        self._limit = limit
        self._window = window
        self._first = first_pause
        self._longest = longest_pause
        self._crashes: deque[float] = deque(maxlen=limit or REMEMBERED)
        self._row = 0
        self.total = 0

    def crashed(self, now: float) -> float | None:
        """Note a crash; return the pause before the next try, or ``None`` to give up."""
        while self._crashes and now - self._crashes[0] >= self._window:
            self._crashes.popleft()
            self._row = len(self._crashes)
        if self._limit is not None and len(self._crashes) >= self._limit:
            return None
        self._crashes.append(now)
        pause = min(self._first * 2.0 ** min(self._row, 16), self._longest)
        self._row += 1
        self.total += 1
        return pause
