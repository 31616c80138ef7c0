"""A person who teaches relay a site: sees the panel, in its closed shadow root, as a screen reader does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

EXTENSION = Path(__file__).resolve().parents[3] / "extension"
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 40

_TEACH = """(async () => {
  const { teach } = await import($MODULE);
  globalThis.saved = [];
  const save = async (description) => void globalThis.saved.push(description);
  globalThis.lesson = teach({ save, ...$OPTIONS });
})()"""


@dataclass(frozen=True)
class Seen:
    """Something on the screen."""

    role: str
    name: str
    node: int


class Person:
    """Someone at `page`, with a mouse and eyes."""

    def __init__(self, page: Page, devtools: CDPSession, world: int | None = None) -> None:
        self.page = page
        self._devtools = devtools
        self._world = world

    @classmethod
    async def at(cls, page: Page) -> Person:
        """Sit down at a page that is open."""
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Accessibility.enable")
        return cls(page, devtools)

    async def begin(self, module: str, **options: Any) -> None:
        """Load the lesson from `module` into an isolated world, as the extension does."""
        tree = await self._devtools.send("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        world = await self._devtools.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "relay"})
        self._world = world["executionContextId"]
        begin = _TEACH.replace("$MODULE", json.dumps(module)).replace("$OPTIONS", json.dumps(options))
        await self.evaluate(begin)

    async def saved(self) -> list[dict[str, Any]]:
        """The descriptions that were saved, once the lesson is over."""
        found: list[dict[str, Any]] = await self.evaluate("lesson.then(() => saved)")
        return found

    async def sees(self, title: str, *others: str) -> str:
        """Wait until one of the titles is what the panel shows; the value is it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for seen in await self._look():
                    if seen.role == "heading" and seen.name in {title, *others}:
                        return seen.name
                await asyncio.sleep(LOOK_SECONDS)

    async def presses(self, label: str) -> None:
        """Click a button of the panel, with the mouse."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := [seen for seen in await self._look() if seen.role == "button" and seen.name == label]):
                await asyncio.sleep(LOOK_SECONDS)
        box = await self._devtools.send("DOM.getBoxModel", {"backendNodeId": found[-1].node})
        x1, y1, _, _, x2, y2, *_ = box["model"]["border"]
        await self.page.mouse.click((x1 + x2) / 2, (y1 + y2) / 2)

    async def reads(self) -> str:
        """All words of the panel."""
        return "\n".join(seen.name for seen in await self._look() if seen.role == "StaticText")

    async def points_at(self, selector: str) -> None:
        """Click what stands at `selector` on the site, whatever is above it."""
        box = await self.page.locator(selector).last.bounding_box()
        assert box
        await self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    async def evaluate(self, expression: str) -> Any:
        """The value of `expression` in the isolated world."""
        params = {"expression": expression, "contextId": self._world, "awaitPromise": True, "returnByValue": True}
        answer = await self._devtools.send("Runtime.evaluate", params)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def _look(self) -> list[Seen]:
        nodes = (await self._devtools.send("Accessibility.getFullAXTree"))["nodes"]
        return [
            Seen(node["role"]["value"], node["name"]["value"], node.get("backendDOMNodeId", 0))
            for node in nodes
            if "name" in node and "role" in node and not node.get("ignored")
        ]
