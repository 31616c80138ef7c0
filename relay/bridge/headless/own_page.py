"""relay's own page in a browser that relay runs: paired without a person, since both ends are relay."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from playwright.async_api import CDPSession, Error, Page

from relay.bridge.headless.page import WatchedPage, reason
from relay.bridge.headless.seams import PageLost, Tab
from relay.bridge.headless.visit import Place, Visit
from relay.bridge.headless.windows import Windows
from relay.errors import StoreError

OPEN_SECONDS: Final = 30.0
CODE_SECONDS: Final = 60.0
QUIET_ADDRESS: Final = "/favicon.ico"
"""An address of relay's that runs no code: storage can be looked at before the page is opened."""
TOKEN: Final = "localStorage.getItem('relay.bridge.token')"  # noqa: S105  # where it is, not what it is
READY_FOR_LOGIN: Final = f"""async () => {{
  while (typeof globalThis.puter?.setAuthToken !== "function" || {TOKEN} === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
}}"""
"""The page's policy forbids the evaluation that Playwright's own way of waiting needs."""
SIGN_IN: Final = "token => { puter.setAuthToken(token); }"
MARK: Final = "if (location.origin === %s) globalThis.relayHeadless = true;"
"""Tells relay's page, and no other, that it is run headless."""


class OwnPage(Visit):
    """Opens relay's page; `token` is a login of the site, for its own function that takes one."""

    def __init__(self, windows: Windows, place: Place, token: str | None) -> None:
        self._windows = windows
        self._place = place
        self._token = token
        self._marked = False

    async def open(self) -> Tab:
        """Open the page, paired."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                return await self._open()
        except TimeoutError:
            raise PageLost(f"relay's page did not open within {OPEN_SECONDS:g} s.") from None
        except Error as exc:
            raise PageLost(f"relay's page did not open: {reason(exc)}") from exc
        except StoreError as exc:
            raise PageLost(f"relay's page could not be paired: {exc.message}") from exc

    async def _open(self) -> Tab:
        origin = self._place.origin
        context = self._windows.context
        if not self._marked:
            await context.add_init_script(MARK % json.dumps(origin))
            self._marked = True
        page = await self._windows.fresh()
        tab = OwnTab(page, await context.new_cdp_session(page), self._place)
        await page.goto(origin + QUIET_ADDRESS)
        code = "" if await tab.find_credential() else await self._place.pairing.create_code(origin, CODE_SECONDS)
        await page.goto(f"{origin}/#code={code}" if code else f"{origin}/")
        if self._token is not None:
            await self._sign_in(page, self._token)
            self._token = None
        return tab

    @staticmethod
    async def _sign_in(page: Page, token: str) -> None:
        """Give the site's own function the login: https://docs.puter.com/Auth/."""
        await page.evaluate(READY_FOR_LOGIN)
        await page.evaluate(SIGN_IN, token)
        await page.reload()


class OwnTab(WatchedPage):
    """relay's page, which keeps its bridge credential itself."""

    def __init__(self, page: Page, session: CDPSession, place: Place) -> None:
        super().__init__(page, session)
        self._place = place

    async def check(self) -> None:
        """Ask the page for a sign of life, and once for its credential."""
        await super().check()
        if self._known is None:
            try:
                await self.find_credential()
            except (Error, StoreError):
                return  # the next check asks again

    async def find_credential(self) -> bool:
        """Whether the page is paired."""
        token = await self._page.evaluate(TOKEN)
        known = await self._place.pairing.check(token, self._place.origin) if isinstance(token, str) else None
        self._known = None if known is None else known.id
        return known is not None
