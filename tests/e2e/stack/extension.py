"""Chromium with relay's extension, as a person has it: its popup, its worker, and tabs of somebody else's sites.

The browser's own question for a permission cannot be answered without a screen, so the extension is loaded from a copy
whose manifest grants it the tests' hosts from the start; the extension itself asks all the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Playwright, Route, expect

from .chat_site import PAGE, POLICY
from .programs import BROWSER_FLAGS, ROOT, chromium
from .relay import Relay

SITE = "https://chat.example/"
HOSTS = ("https://chat.example/*", "https://other.example/*")


@dataclass(frozen=True)
class Extended:
    """A browser with the extension."""

    context: BrowserContext
    id: str

    async def popup(self, tab: Page | None = None) -> Page:
        """Open the popup as it is over `tab`, in a tab of its own."""
        popup = await self.context.new_page()
        number = "" if tab is None else f"?tab={await self._number(tab)}"
        await popup.goto(f"chrome-extension://{self.id}/popup/popup.html{number}")
        return popup

    async def pair(self, relay: Relay, code: str | None = None) -> None:
        """Pair with `relay` as a person does."""
        popup = await self.popup()
        code = code or await relay.code()
        await popup.get_by_label("Code").fill(code)
        await popup.get_by_label("Address of relay").fill(f"ws://localhost:{relay.bridge_port}")
        await popup.get_by_role("button", name="Pair", exact=True).click()
        await expect(popup.locator("#relay")).to_have_text(f"localhost:{relay.bridge_port}")
        await expect(popup.locator("#pair")).to_be_hidden()
        await popup.close()

    async def connect(self, tab: Page) -> None:
        """Have `tab` serve relay."""
        popup = await self.popup(tab)
        await popup.get_by_role("button", name="Connect this tab").click()
        await expect(popup.locator("#here")).to_be_hidden()
        await popup.close()

    async def stop_worker(self) -> None:
        """Stop the extension's worker, as the browser does after a while of quiet."""
        # In the browser's first, empty tab: one that is opened for it and closed again would begin the next worker.
        session = await self.context.new_cdp_session(self.context.pages[0])
        await session.send("ServiceWorker.enable")
        await session.send("ServiceWorker.stopAllWorkers")
        await session.detach()

    async def _number(self, tab: Page) -> int:
        page = await self.context.new_page()
        await page.goto(f"chrome-extension://{self.id}/popup/popup.html")
        # Several tabs may show the same address: the title is told apart for a moment.
        before = await tab.title()
        await tab.evaluate("document.title = 'the tab in front'")
        found: int = await page.evaluate("chrome.tabs.query({title: 'the tab in front'}).then(([tab]) => tab.id)")
        await tab.evaluate("(title) => { document.title = title; }", before)
        await page.close()
        return found


def id_of(folder: Path) -> str:
    """The id that Chromium gives to the extension in `folder`: sixteen bytes of its key's hash, in letters."""
    key = json.loads((folder / "manifest.json").read_text())["key"]
    digest = hashlib.sha256(base64.b64decode(key)).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


def unpacked(folder: Path, hosts: tuple[str, ...] = HOSTS) -> Path:
    """Copy the extension to `folder`, with `hosts` granted."""
    shutil.copytree(ROOT / "extension", folder)
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(told | {"host_permissions": list(hosts)}), encoding="utf-8")
    return folder


@asynccontextmanager
async def extended(playwright: Playwright, folder: Path, hosts: tuple[str, ...] = HOSTS) -> AsyncIterator[Extended]:
    """Start a headless Chromium with the extension on a fresh profile in `folder`."""
    extension = unpacked(folder / "extension", hosts)
    context = await playwright.chromium.launch_persistent_context(
        folder / "profile",
        executable_path=chromium(),
        args=[*BROWSER_FLAGS, f"--load-extension={extension}", f"--disable-extensions-except={extension}"],
    )
    try:
        begun = context.service_workers
        worker = begun[0] if begun else await context.wait_for_event("serviceworker")
        await context.route("https://**/*", _site)
        yield Extended(context, worker.url.split("/")[2])
    finally:
        await context.close()


async def _site(route: Route) -> None:
    headers = {"content-security-policy": POLICY}
    await route.fulfill(status=200, content_type="text/html; charset=utf-8", headers=headers, body=PAGE)
