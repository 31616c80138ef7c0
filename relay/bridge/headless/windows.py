"""The windows of one browser, which a site may open without asking: bounded, so that it cannot take the machine.

Playwright switches Chromium's own blocking of popups off. A sign-in may need a window; no site needs a crowd of them.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from playwright.async_api import BrowserContext, Error, Page

log = structlog.get_logger(__name__)

MOST: Final = 8
"""How many windows stay open, the account's own page among them."""


class Windows:
    """All windows of a browser; those above ``MOST`` are closed, the newest of them and never the account's page."""

    def __init__(self, context: BrowserContext, account: str) -> None:
        self.context = context
        self._account = account
        self._own: Page | None = None
        self._opening = False
        self._told = False
        self._closing: dict[Page, asyncio.Task[None]] = {}
        context.on("page", lambda _: self._bound())

    async def fresh(self) -> Page:
        """Return an empty window for the account's page; all others from before are closed."""
        self._opening = True
        try:
            page = self._own = await self.context.new_page()
        finally:
            self._opening = False
        for other in [one for one in self.context.pages if one is not page]:
            await other.close()
        self._bound()
        return page

    def _bound(self) -> None:
        if self._opening:  # the newest may be the account's own
            return
        for page in [one for one in self.context.pages if one is not self._own][MOST - 1 :]:
            if not self._told:
                self._told = True
                log.warning("headless.too_many_windows", account=self._account, most=MOST)
            if page not in self._closing:
                self._closing[page] = asyncio.create_task(self._close(page))

    async def _close(self, page: Page) -> None:
        try:
            await page.close()
        except Error:
            pass  # it is gone already
        finally:
            del self._closing[page]
