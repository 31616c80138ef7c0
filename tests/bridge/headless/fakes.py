"""Browsers that do what a test says, at the supervisor's seam."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from relay.bridge.headless.accounts import Account
from relay.bridge.headless.processes import Process
from relay.bridge.headless.seams import Browser, BrowserLost, Engine, Lost, Start, Tab
from relay.errors import RelayError


class FakeTab(Tab):
    def __init__(self) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.known: str | None = "bridge_1"
        self.hung: Lost | None = None
        self.closed = False

    @property
    def credential(self) -> str | None:
        return self.known

    async def check(self) -> None:
        if self.hung is not None:
            raise self.hung

    async def close(self) -> None:
        self.closed = True

    def screen(self) -> AbstractAsyncContextManager[Any]:
        return nullcontext("a screen")


class FakeBrowser(Browser):
    def __init__(self, engine: FakeEngine, account: Account) -> None:
        self.engine = engine
        self.account = account
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.tabs: list[FakeTab] = []
        self.hung: BrowserLost | None = None
        self.saved = 0
        self.closed = False

    @property
    def process(self) -> Process | None:
        return self.engine.process

    async def open(self) -> Tab:
        if self.engine.open_failures:
            failure = self.engine.open_failures.pop(0)
            if isinstance(failure, Lost):
                raise failure
            await failure.wait()
        tab = FakeTab()
        self.tabs.append(tab)
        self.engine.changed.set()
        return tab

    async def check(self) -> None:
        if self.hung is not None:
            raise self.hung
        await self.engine.checking.wait()

    async def export(self, seconds: float) -> bytes:
        self.saved += 1
        self.engine.changed.set()
        if self.engine.export_failure is not None:
            raise self.engine.export_failure
        return b"{}"

    async def close(self) -> None:
        self.closed = True
        self.engine.changed.set()


@dataclass
class FakeEngine(Engine):
    """Starts fakes; `start_failures` and `open_failures` come first."""

    start_failures: list[Lost | RelayError | ValueError] = field(default_factory=list)
    open_failures: list[Lost | asyncio.Event] = field(default_factory=list)
    export_failure: Lost | None = None
    process: Process | None = None
    browsers: list[FakeBrowser] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    checking: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def __post_init__(self) -> None:
        self.checking.set()

    async def start(self, account: Account, start: Start) -> Browser:
        self.starts.append(start)
        if self.start_failures:
            raise self.start_failures.pop(0)
        browser = FakeBrowser(self, account)
        self.browsers.append(browser)
        return browser

    async def close(self) -> None:
        self.closed = True

    @property
    def browser(self) -> FakeBrowser:
        return self.browsers[-1]

    @property
    def tab(self) -> FakeTab:
        return self.browser.tabs[-1]
