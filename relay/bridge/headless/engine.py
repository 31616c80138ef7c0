"""Starting browsers with Playwright, one for each account, each on a profile of its own.

Nothing hides that a program drives them: pages see ``navigator.webdriver`` and a headless browser's user agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from playwright.async_api import BrowserContext, Error, Playwright, ProxySettings, async_playwright

from relay.bridge.headless import discovery, processes
from relay.bridge.headless.accounts import Account, Accounts, Home
from relay.bridge.headless.attach import AttachedBrowser, Known
from relay.bridge.headless.browser import Chromium
from relay.bridge.headless.own_page import OwnPage
from relay.bridge.headless.seams import Browser, BrowserLost, Engine, Lost, Start
from relay.bridge.headless.site_page import SitePage, carry_for, description_of, serving
from relay.bridge.headless.sites import Sites, matches, origins
from relay.bridge.headless.storage import restore
from relay.bridge.headless.visit import Place, Visit
from relay.bridge.headless.windows import Windows
from relay.errors import StoreError

log = structlog.get_logger(__name__)

AS_ROOT: Final = hasattr(os, "geteuid") and os.geteuid() == 0
DRIVER_SECONDS: Final = 30.0
LAUNCH_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 10.0
SWITCHES: Final = ("--hide-crash-restore-bubble", "--no-first-run", "--no-default-browser-check")
LOOPBACK: Final = "<-loopback>,localhost,127.0.0.1,[::1]"
"""What a proxy is not asked for: Playwright sends even loopback there unless a list says otherwise."""


@dataclass(frozen=True)
class Browsers:
    """Which program to run (``None``: look for one), and where pages lead."""

    configured: Path | None
    place: Place


class PlaywrightEngine(Engine):
    """Starts browsers; one driver process serves all of them."""

    def __init__(self, browsers: Browsers, accounts: Accounts) -> None:
        self._browsers = browsers
        self._accounts = accounts
        self._playwright: Playwright | None = None
        self._starting = asyncio.Lock()
        self._live: set[Chromium] = set()

    async def start(self, account: Account, start: Start) -> Browser:
        """Start the account's browser on its profile, with what the profile had lost of the login."""
        home = self._accounts.home(account.name)
        playwright = await self._driver()
        if account.attach is not None:
            return await self._attach(playwright, account.attach, home)
        own = Path(playwright.chromium.executable_path)
        program = await asyncio.to_thread(discovery.find, self._browsers.configured, own, discovery.Machine.this())
        try:
            context = await _whole(_launch(playwright, program, home, account, start))
        except Error as exc:
            await self._drop_idle_driver()
            raise BrowserLost(f"The browser {program} did not start: {_first_line(exc)}") from exc
        if start.headed:
            context.on("dialog", lambda _: None)  # Playwright leaves a page's dialogs to the person then
        try:
            await restore(context, home.state)
            return await self._join(context, self._visit(context, account, home, start))
        except BaseException:
            await _end(context)
            raise

    async def close(self) -> None:
        """Stop the driver."""
        playwright, self._playwright = self._playwright, None
        if playwright is not None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await playwright.stop()

    async def _driver(self) -> Playwright:
        async with self._starting:
            if self._playwright is None:
                async with asyncio.timeout(DRIVER_SECONDS):
                    self._playwright = await async_playwright().start()
            return self._playwright

    async def _drop_idle_driver(self) -> None:
        """A driver that serves no browser and could not start one may be what is broken."""
        if not any(not browser.lost.done() for browser in self._live):
            await self.close()

    async def _attach(self, playwright: Playwright, address: str, home: Home) -> Browser:
        """Connect to a browser that a person started; what it has open of known sites is used."""
        log.warning("headless.attach", why="whoever reaches that port controls the whole browser, logins included")
        place = self._browsers.place
        try:
            carried = await carry_for(place, home)
            connection = await playwright.chromium.connect_over_cdp(
                address, timeout=CONNECT_SECONDS * 1000, no_defaults=True
            )
        except Error as exc:
            raise BrowserLost(f"There is no browser with a debugging port at {address}.") from exc
        except StoreError as exc:
            raise BrowserLost(f"The browser could not be paired: {exc.message}") from exc
        return AttachedBrowser(connection, await asyncio.to_thread(self._known), carried)

    def _known(self) -> tuple[Known, ...]:
        """The sites of all accounts, then the built-in ones."""
        known = []
        for account in self._accounts.list()[0]:
            with contextlib.suppress(Lost):
                description = description_of(self._accounts.home(account.name))
                known.append(Known(description, serving(account, description), origins(description, account.start)))
        builtin = Sites(self._browsers.place.modules / "sites").builtin()
        return (*known, *(Known(one, partial(matches, one), origins(one)) for one in builtin))

    def _visit(self, context: BrowserContext, account: Account, home: Home, start: Start) -> Visit:
        place, windows = self._browsers.place, Windows(context, account.name)
        if account.start is None:
            return OwnPage(windows, place, start.token)
        return SitePage(windows, place, account, home)

    async def _join(self, context: BrowserContext, visit: Visit) -> Chromium:
        browser = Chromium(context, visit, await _main_process(context))
        self._live.add(browser)
        browser.lost.add_done_callback(lambda _: self._live.discard(browser))
        return browser


async def _launch(playwright: Playwright, program: Path, home: Home, account: Account, start: Start) -> BrowserContext:
    if AS_ROOT:
        log.warning("headless.no_sandbox", account=account.name, why="relay runs as root; run it as a user instead")
    environment: dict[str, str | float | bool] = {**os.environ, **start.display}
    options: dict[str, Any] = {"no_viewport": True} if start.headed else {"viewport": {"width": 1280, "height": 800}}
    return await playwright.chromium.launch_persistent_context(
        str(home.profile.absolute()),
        executable_path=program,
        headless=not start.headed,
        chromium_sandbox=not AS_ROOT,
        args=SWITCHES,
        env=environment,
        proxy=_proxy(account.proxy),
        accept_downloads=False,
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        timeout=LAUNCH_SECONDS * 1000,
        **options,
    )


async def _whole(launch: Coroutine[Any, Any, BrowserContext]) -> BrowserContext:
    """Launch, and end what was launched if nobody waits for it any more."""
    task = asyncio.create_task(launch)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=CLOSE_SECONDS)
        if task.done() and not task.cancelled() and task.exception() is None:
            await _end(task.result())
        task.cancel()
        raise


async def _end(context: BrowserContext) -> None:
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await context.close()


def _proxy(address: str | None) -> ProxySettings | None:
    if address is None:
        return None
    parts = urlsplit(address)
    settings: ProxySettings = {
        "server": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        "bypass": LOOPBACK,
    }
    if parts.username is not None:
        settings["username"] = parts.username
        settings["password"] = parts.password or ""
    return settings


async def _main_process(context: BrowserContext) -> processes.Process | None:
    """Ask the browser for its own process."""
    if context.browser is None:
        return None
    try:
        session = await context.browser.new_browser_cdp_session()
        found = await session.send("SystemInfo.getProcessInfo")
        await session.detach()
    except Error as exc:
        raise BrowserLost(f"The browser went away while it started: {_first_line(exc)}") from exc
    pid = next((int(one["id"]) for one in found["processInfo"] if one["type"] == "browser"), None)
    return None if pid is None else await asyncio.to_thread(processes.identify, pid)


def _first_line(exc: Error) -> str:
    return exc.message.strip().partition("\n")[0]
