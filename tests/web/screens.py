"""Screens of accounts at the seam where headless mode has them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from relay.bridge.input import Input
from relay.bridge.screen import Frame, Screen
from relay.errors import AccountUnknown, RelayError


class FakeScreen:
    """Shows what the test gives it, and remembers what was done; ``close`` in the queue ends it."""

    def __init__(self) -> None:
        self.shown: asyncio.Queue[Any] = asyncio.Queue()
        self.done: list[Input] = []
        self.selected = ""
        self.failure: RelayError | None = None

    def close(self) -> None:
        self.shown.put_nowait("close")

    async def frames(self) -> AsyncGenerator[Frame | None, None]:
        while (frame := await self.shown.get()) != "close":
            if isinstance(frame, RelayError):
                raise frame
            yield frame

    async def dispatch(self, event: Input) -> None:
        if self.failure is not None:
            raise self.failure
        self.done.append(event)

    async def clipboard(self) -> str:
        return self.selected


class FakeScreens:
    """The account ``ada``; every viewing has a screen of its own."""

    def __init__(self) -> None:
        self.open: list[FakeScreen] = []
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def screen(self, name: str) -> AsyncIterator[Screen]:
        if name != "ada":
            raise AccountUnknown(name)
        screen = FakeScreen()
        self.open.append(screen)
        self.opened.set()
        try:
            yield cast("Screen", screen)
        finally:
            self.open.remove(screen)
