"""A running Chromium as the supervisor sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Final

from playwright.async_api import BrowserContext, CDPSession, Error

from relay.bridge.headless import processes
from relay.bridge.headless.processes import Process
from relay.bridge.headless.seams import Browser, BrowserLost, Lost, Tab
from relay.bridge.headless.visit import Visit

PATIENCE_SECONDS: Final = 8.0
CLOSE_SECONDS: Final = 2.0


class Chromium(Browser):
    """One browser with one profile."""

    def __init__(self, context: BrowserContext, visit: Visit, process: Process | None) -> None:
        self._context = context
        self._visit = visit
        self._process = process
        self._session: CDPSession | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        context.on("close", lambda _: self._end("The browser was closed or crashed."))

    @property
    def process(self) -> Process | None:
        """Its main process."""
        return self._process

    async def open(self) -> Tab:
        """Open the account's page."""
        return await self._visit.open()

    async def check(self) -> None:
        """Ask the browser, not a page of it, for a sign of life."""
        browser = self._context.browser
        if browser is None or not browser.is_connected():
            raise BrowserLost("The browser was closed or crashed.")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._session = self._session or await browser.new_browser_cdp_session()
                await self._session.send("Browser.getVersion")
        except TimeoutError:
            raise BrowserLost(f"The browser has not answered for {PATIENCE_SECONDS:g} s.") from None
        except Error as exc:
            raise BrowserLost("The browser was closed or crashed.") from exc

    async def export(self, seconds: float) -> bytes:
        """Return cookies and storage as Playwright writes them."""
        try:
            async with asyncio.timeout(seconds):
                return json.dumps(await self._context.storage_state()).encode()
        except TimeoutError:
            raise Lost(f"The browser did not tell its cookies within {seconds:g} s.") from None
        except Error as exc:
            raise Lost("The browser did not tell its cookies.") from exc

    async def close(self) -> None:
        """Ask the browser to end, which writes its profile; then make sure."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._context.close()
        if self._process is not None:
            await asyncio.to_thread(processes.end, self._process)
        self._end("The browser was closed.")

    def _end(self, how: str) -> None:
        if not self.lost.done():
            self.lost.set_result(how)
