"""Fixtures of the tests that drive real programs; one event loop serves a whole session of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright, expect
from puter_emulator import PuterEmulator, SignIn

from .client import ApiClient
from .page import open_page, ready, sign_in
from .programs import BROWSER_FLAGS, chromium
from .relay import Relay
from .watch import Watch

expect.set_options(timeout=20_000)
"""What takes a second alone takes many when two browsers and their services share two cores."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def puter_services() -> AsyncIterator[PuterEmulator]:
    """The emulated Puter, one for all tests."""
    async with PuterEmulator() as emulator:
        yield emulator


@pytest.fixture
def puter(puter_services: PuterEmulator) -> PuterEmulator:
    """The emulated Puter, well-behaved again and with no calls on record."""
    puter_services.calls.clear()
    puter_services.paths.clear()
    puter_services.made.clear()
    puter_services.sign_in = SignIn.AT_ONCE
    puter_services.max_parallel = None
    return puter_services


@dataclass(frozen=True)
class Desk:
    """A relay and a signed-in page, ready to answer."""

    relay: Relay
    page: Page

    @property
    def client(self) -> ApiClient:
        """A client of the relay."""
        return self.relay.client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """The driver of browsers."""
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """A headless Chromium for all tests."""
    browser = await launch(playwright)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def own_browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """A headless Chromium for one test, which may break it."""
    browser = await launch(playwright)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile."""
    context = await browser.new_context()
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def relay(puter: PuterEmulator, tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay for one test; it must stop cleanly."""
    relay = Relay(tmp_path / "data", puter)
    await relay.start()
    yield relay
    assert await relay.stop() == 0, relay.said


@pytest_asyncio.fixture(loop_scope="session")
async def watch(context: BrowserContext, relay: Relay) -> AsyncIterator[Watch]:
    """No page of `context` complains, but of what the test breaks on purpose; `relay` runs until that is looked at."""
    watch = Watch(context)
    yield watch
    assert watch.unexpected == []


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in_page(relay: Relay, context: BrowserContext) -> Page:
    """The page of `relay`, paired, signed in and ready."""
    return await signed_in(relay, context)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_desk(
    puter_services: PuterEmulator, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """One relay with one signed-in page for all tests that leave it as it was."""
    relay = Relay(tmp_path_factory.mktemp("relay"), puter_services)
    await relay.start()
    context = await browser.new_context()
    yield Desk(relay, await signed_in(relay, context))
    await context.close()
    assert await relay.stop() == 0, relay.said


@pytest_asyncio.fixture(loop_scope="session")
async def desk(puter: PuterEmulator, shared_desk: Desk) -> Desk:
    """The shared relay and page, with the emulated Puter well-behaved, and no pause that it asked for before."""
    await rested(shared_desk.relay)
    return shared_desk


@pytest.fixture
def api(desk: Desk) -> ApiClient:
    """A client of the shared relay."""
    return desk.client


async def rested(relay: Relay) -> None:
    """Wait until no site wants to be left alone."""
    owner = ApiClient(relay.origin, (relay.data_dir / "admin-token").read_text().strip())
    while pauses := [each["rest_seconds"] for each in (await owner.get("/api/sessions")).json()["sessions"]]:
        if max(pauses) == 0:
            return
        await asyncio.sleep(max(pauses))


async def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium."""
    return await playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)


async def signed_in(relay: Relay, context: BrowserContext) -> Page:
    """Open relay's page, sign in and wait until relay can use it."""
    page = await open_page(context, relay)
    await sign_in(page)
    await ready(relay)
    return page
