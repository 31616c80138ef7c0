"""A page of a running browser: its loss noticed, its life checked, its picture shown."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import CDPSession, Error, Page

from relay.bridge.headless.seams import PageLost, Tab
from relay.bridge.screen import Screen

PATIENCE_SECONDS: Final = 20.0
"""How long a page's own work may block it before it counts as hung."""
CLOSE_SECONDS: Final = 2.0
ADVICE: Final = {
    "CERT_": "its certificate is not trusted here. Add its issuer to the certificates of this machine",
    "SSL_": "no secure connection can be made with it. See whether its address should begin with http://",
    "INVALID_AUTH_CREDENTIALS": "it asks for a name and a password before it shows a page, which relay cannot give. "
    "Use the extension in your own browser",
    "NAME_NOT_RESOLVED": "there is no such host. See whether the address is right and this machine is online",
    "INTERNET_DISCONNECTED": "this machine is not online",
    "CONNECTION_REFUSED": "nothing answers there. See whether the site runs and the address is right",
    "PROXY_": "the account's proxy cannot be used. Set another: relay login --proxy",
    "TUNNEL_CONNECTION_FAILED": "the account's proxy refuses to lead there",
}
"""What to do, by the beginning of Chromium's error (net/base/net_error_list.h in its source)."""


class WatchedPage(Tab):
    """One page; `credential` is that of its session."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self._page = page
        self._session = session
        self._known: str | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        page.on("crash", lambda _: self._end("The page crashed."))
        page.on("close", lambda _: self._end("The page was closed."))

    @property
    def credential(self) -> str | None:
        """The id of the bridge credential of the page's session, once known."""
        return self._known

    async def check(self) -> None:
        """Ask the page itself for a sign of life."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._session.send("Runtime.evaluate", {"expression": "0"})
        except TimeoutError:
            raise PageLost(f"The page has not answered for {PATIENCE_SECONDS:g} s.") from None
        except Error as exc:
            raise PageLost("The page crashed or was closed.") from exc

    async def close(self) -> None:
        """Close the page."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._page.close()
        self._end("The page was closed.")

    @asynccontextmanager
    async def screen(self) -> AsyncIterator[Screen]:
        """Show this page, or the window that was opened last from it, for the life of the block."""
        context = self._page.context
        first = await context.new_cdp_session(self._page)
        screen = Screen(first, gone=Error)
        sessions = [first]
        turn = asyncio.Lock()

        async def show(page: Page) -> None:
            async with turn:
                with contextlib.suppress(Error):
                    session = await context.new_cdp_session(page)
                    sessions.append(session)
                    screen.show(session)

        async def opened(page: Page) -> None:
            page.once("close", closed)
            await show(page)

        async def closed(_: Page) -> None:
            rest = [page for page in context.pages if not page.is_closed()]
            if rest:
                await show(rest[-1])

        self.lost.add_done_callback(lambda _: screen.close())
        context.on("page", opened)
        try:
            if context.pages and context.pages[-1] is not self._page:
                await opened(context.pages[-1])
            yield screen
        finally:
            context.remove_listener("page", opened)
            for session in sessions:
                with contextlib.suppress(Error, TimeoutError):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await session.detach()

    def _end(self, how: str) -> None:
        if not self.lost.done():
            self.lost.set_result(how)


def reason(error: Error) -> str:
    """Return why a page did not open and what to do about it, without its address: that may hold a secret."""
    first = error.message.strip().partition("\n")[0].partition(" at http")[0].removeprefix("Page.goto: ")
    advice = next((text for code, text in ADVICE.items() if f"net::ERR_{code}" in first), None)
    return first if advice is None else f"{advice} ({first})"
