"""What a relay does as a process: stop on a signal, wait no longer than it may, keep the collector off its imports."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable


def settle() -> None:
    """Keep the collector off what was imported: a full pass over it takes tens of milliseconds, in every stream.

    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.collect()
    gc.freeze()


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; the second of them ends the process as it usually does."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, asked, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _frame: loop.call_soon_threadsafe(asked, number))
    return stop


async def within(seconds: float, wait: Awaitable[object]) -> None:
    """Wait for `wait`, but no longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wait, seconds)
