"""Runs relay's DOM way on a page as the extension and headless mode do: in an isolated world of the page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.async_api import CDPSession, Page

_PREPARE = """(async () => {
  const { DomChat } = await import($MODULE);
  globalThis.chat = new DomChat({ document, ...$DESCRIPTION });
  globalThis.told = (error) => ({ kind: error.kind ?? error.name, message: error.message });
  return chat.status().state;
})()"""

_ASK = """(async () => {
  const { text, files = [], abortAfter, ...options } = $REQUEST;
  const controller = new AbortController();
  const { signal } = controller;
  const started = performance.now();
  const parts = [];
  let error = null;
  let sent = null;
  try {
    const bytes = files.map((file) => ({ ...file, bytes: new TextEncoder().encode(file.text) }));
    await chat.send(text, { ...options, files: bytes, signal });
    sent = performance.now() - started;
    for await (const part of chat.answer({ signal })) {
      parts.push({ ...part, at: performance.now() - started });
      if (parts.length === abortAfter) controller.abort();
    }
  } catch (thrown) {
    error = told(thrown);
  }
  return { parts, error, sent, ended: performance.now() - started };
})()"""


@dataclass(frozen=True)
class Reading:
    """One message and what came back; times in milliseconds since the start of the call."""

    parts: list[dict[str, Any]]
    error: dict[str, str] | None
    sent: float | None
    ended: float

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(part["text"] for part in self.parts if part["type"] == "text")

    @property
    def reasoning(self) -> str:
        """What was thought before it."""
        return "".join(part["text"] for part in self.parts if part["type"] == "reasoning")

    @property
    def images(self) -> list[str]:
        """The addresses of the images in it."""
        return [part["url"] for part in self.parts if part["type"] == "image"]


class DomDriver:
    """A `DomChat` on one page."""

    def __init__(self, page: Page, devtools: CDPSession, description: dict[str, Any], module: str) -> None:
        self.page = page
        self._devtools = devtools
        self._description = description
        self._module = module
        self._world = 0

    @classmethod
    async def on(cls, page: Page, description: dict[str, Any], origin: str) -> DomDriver:
        """Put the way `description` tells of on `page`; the value is ready to be asked."""
        devtools = await page.context.new_cdp_session(page)
        driver = cls(page, devtools, description, f"{origin}/relay/bridge/site/dom/index.js")
        await driver.enter()
        return driver

    async def enter(self) -> str:
        """Start anew in the page that is shown now; the value is its state."""
        tree = await self._devtools.send("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        world = await self._devtools.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "relay"})
        self._world = world["executionContextId"]
        prepare = _PREPARE.replace("$MODULE", json.dumps(self._module))
        return str(await self.run(prepare.replace("$DESCRIPTION", json.dumps(self._description))))

    async def ask(self, text: str, **options: Any) -> Reading:
        """Send a message and read the answer."""
        return Reading(**await self.run(_ASK.replace("$REQUEST", json.dumps({"text": text, **options}))))

    async def run(self, expression: str) -> Any:
        """The value of `expression`, awaited, in the isolated world."""
        params = {"expression": expression, "contextId": self._world, "awaitPromise": True, "returnByValue": True}
        answer = await self._devtools.send("Runtime.evaluate", params)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")
