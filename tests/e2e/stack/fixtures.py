"""Fixtures of the tests that drive real programs; one event loop serves a whole session of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright
from puter_emulator import PuterEmulator, SignIn

from .programs import chromium

BROWSER_FLAGS = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


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
    puter_services.sign_in = SignIn.AT_ONCE
    puter_services.max_parallel = None
    puter_services.temporary = False
    return puter_services


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*BROWSER_FLAGS, *(["--no-sandbox"] if as_root else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile."""
    context = await browser.new_context()
    yield context
    await context.close()
