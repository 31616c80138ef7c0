"""A Chromium that nobody drives, so that it hides and slows tabs as it does for a person; looked at by raw CDP only.

Playwright makes all its pages count as visible.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Playwright
from websockets.asyncio.client import ClientConnection, connect

from .programs import BROWSER_FLAGS, chromium

START_SECONDS = 30
POLL_SECONDS = 0.05


class PlainBrowser:
    """One browser with one DevTools connection; ``pid`` leads the group of all its processes."""

    def __init__(self, devtools: ClientConnection, pid: int) -> None:
        self.pid = pid
        self._devtools = devtools
        self._last = 0

    async def open_tab(self, url: str) -> None:
        """Open `url` in a tab that covers the others."""
        await self._send("Target.createTarget", url=url)

    async def close_tab(self, url_start: str) -> None:
        """Close the tab whose address begins with `url_start`."""
        targets = (await self._send("Target.getTargets"))["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page" and t["url"].startswith(url_start))
        await self._send("Target.closeTarget", targetId=target)

    async def evaluate(self, url_start: str, expression: str) -> Any:
        """The value of `expression` in the tab whose address begins with `url_start`."""
        targets = (await self._send("Target.getTargets"))["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page" and t["url"].startswith(url_start))
        session = (await self._send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        answer = await self._send("Runtime.evaluate", session, expression=expression, returnByValue=True)
        await self._send("Target.detachFromTarget", sessionId=session)
        return answer["result"].get("value")

    async def _send(self, method: str, session: str | None = None, **params: Any) -> Any:
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        await self._devtools.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(await self._devtools.recv())
            if answer.get("id") == self._last:
                assert "result" in answer, answer
                return answer["result"]


@asynccontextmanager
async def plain_browser(playwright: Playwright, profile: Path, url: str, *flags: str) -> AsyncIterator[PlainBrowser]:
    """Start a headless Chromium on `profile` with `url` open; `flags` are for its command line."""
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        chromium() or playwright.chromium.executable_path,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        *BROWSER_FLAGS,
        *flags,
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not port_file.exists() or port_file.read_text().count("\n") == 0:
                await asyncio.sleep(POLL_SECONDS)
        port, path = port_file.read_text().splitlines()
        async with connect(f"ws://127.0.0.1:{port}{path}", max_size=None) as devtools:
            yield PlainBrowser(devtools, process.pid)
    finally:
        os.killpg(process.pid, 9)
        await process.wait()
