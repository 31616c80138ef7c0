"""A browser that a person started with a debugging port: its open tabs become sessions, and stay the person's.

Nothing of it is changed that would outlive the connection: no tab is closed, no setting made, dialogs are left to the
person, and the scripts go with the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

import structlog
from playwright.async_api import Browser as Connection
from playwright.async_api import BrowserContext, CDPSession, Dialog, Error, Frame, Page

from relay.bridge.headless.carried import Carried, CarriedPage
from relay.bridge.headless.processes import Process
from relay.bridge.headless.seams import Browser, BrowserLost, Lost, Tab
from relay.errors import AccountUnavailable

log = structlog.get_logger(__name__)

CHECK_SECONDS: Final = 8.0
CLOSE_SECONDS: Final = 3.0
DISCONNECTED: Final = "The browser was closed, or its debugging port is gone."


@dataclass(frozen=True)
class Known:
    """A site that relay knows: its description, which addresses are of it, and patterns of their origins."""

    description: Mapping[str, Any]
    covers: Callable[[str], bool]
    origins: tuple[str, ...]


class AttachedBrowser(Browser):
    """A connection to somebody's browser."""

    def __init__(self, connection: Connection, sites: tuple[Known, ...], carried: Carried) -> None:
        self._connection = connection
        self._sites = sites
        self._carried = carried
        self._tabs: AttachedTabs | None = None
        self._session: CDPSession | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        connection.on("disconnected", lambda _: self._end())

    @property
    def process(self) -> Process | None:
        """It is not relay's to end."""
        return None

    async def open(self) -> Tab:
        """Put the open tabs of known sites to work."""
        if not self._connection.contexts:
            raise BrowserLost("The browser has no window.")
        self._tabs = AttachedTabs(self._sites, self._carried)
        await self._tabs.take(self._connection.contexts[0])
        return self._tabs

    async def check(self) -> None:
        """Ask the browser for a sign of life."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                self._session = self._session or await self._connection.new_browser_cdp_session()
                await self._session.send("Browser.getVersion")
        except (Error, TimeoutError) as exc:
            raise BrowserLost(DISCONNECTED) from exc

    async def export(self, seconds: float) -> NoReturn:  # noqa: ARG002  # the seam's
        """Refuse: the login is the person's own, in a profile of their own."""
        raise Lost("An attached browser keeps its own login.")

    async def close(self) -> None:
        """Disconnect; the browser and its tabs stay."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._tabs is not None:
                    await self._tabs.close()
                await self._connection.close()
        self._end()

    def _end(self) -> None:
        if not self.lost.done():
            self.lost.set_result(DISCONNECTED)


class AttachedTabs(Tab):
    """All tabs of the browser that are on a known site, now or later."""

    def __init__(self, sites: tuple[Known, ...], carried: Carried) -> None:
        self._sites = sites
        self._carried = carried
        self._pages: dict[Page, CarriedPage] = {}
        self._taking: set[asyncio.Task[None]] = set()
        self._context: BrowserContext | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def credential(self) -> str | None:
        """All tabs share one."""
        return self._carried.credential

    async def take(self, context: BrowserContext) -> None:
        """Begin with the tabs that are open."""
        self._context = context
        context.on("dialog", _leave_alone)
        context.on("page", self._opened)
        for page in context.pages:
            page.on("framenavigated", self._navigated)
            await self._consider(page)

    async def check(self) -> None:
        """A tab of a person may sleep: nothing is asked of it."""

    async def close(self) -> None:
        """Leave every tab as it is."""
        if self._context is not None:
            self._context.remove_listener("page", self._opened)
        for task in self._taking:
            task.cancel()
        await asyncio.gather(*(page.leave() for page in self._pages.values()))
        self._pages.clear()

    def screen(self) -> NoReturn:
        """Refuse: the person sits in front of that browser."""
        raise AccountUnavailable("This browser is not relay's: look at its own window.")

    def _opened(self, page: Page) -> None:
        page.on("framenavigated", self._navigated)
        self._consider_soon(page)

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._consider_soon(frame.page)

    def _consider_soon(self, page: Page) -> None:
        task = asyncio.create_task(self._consider(page))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _consider(self, page: Page) -> None:
        """Put `page` to work if it is on a known site; elsewhere in the same tab it rests by itself."""
        site = next((known for known in self._sites if known.covers(page.url)), None)
        if site is None or page in self._pages:
            return
        try:
            session = await page.context.new_cdp_session(page)
            if page in self._pages:
                await session.detach()
                return
            carried = replace(
                self._carried,
                description=site.description,
                serves=lambda at: site.covers(f"{at}/"),
                origins=site.origins,
            )
            tab = self._pages[page] = CarriedPage(page, session, carried)
            tab.lost.add_done_callback(lambda _: self._pages.pop(page, None))
            await tab.enter()
        except Error as exc:
            log.warning("headless.tab_lost", site=site.description.get("id"), error=exc.message.partition("\n")[0])


def _leave_alone(_: Dialog) -> None:
    """With somebody who listens, Playwright does not dismiss a page's dialogs: the person answers them."""
