import asyncio
import os
import signal

import pytest

from relay.process import stop_signal, within

SOON = 5.0


async def test_signals_on_a_loop_that_cannot_handle_them(monkeypatch: pytest.MonkeyPatch):
    def not_here(*_: object) -> None:
        raise NotImplementedError

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", not_here)
    try:
        stop = stop_signal()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), SOON)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def test_waiting_has_an_end():
    done = asyncio.Event()
    await within(0.01, done.wait())
    done.set()
    await within(SOON, done.wait())
