"""The screen of a page that relay drives, for a person who looks at it from elsewhere: frames out, input in.

The page is reached through the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/tot/); the
``Cdp`` here is as much of a session of it as is needed, so nothing here knows which library holds the connection.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from relay.bridge.input import Input, Navigate, command
from relay.errors import SessionLost

JPEG_QUALITY: Final = 60
LARGEST_WIDTH: Final = 1600
LARGEST_HEIGHT: Final = 1200
PATIENCE_SECONDS: Final = 5.0
LAST_WORDS_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 5.0
FOLLOW_SECONDS: Final = 1.0
LONGEST_COPY: Final = 100_000

SELECTED = """(() => {
  const field = document.activeElement;
  const value = field && typeof field.value === "string" && field.type !== "password" ? field : null;
  const marked = value ? value.value.slice(value.selectionStart ?? 0, value.selectionEnd ?? 0) : "";
  return (marked || String(getSelection())).slice(0, %d);
})()"""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of the page; ``width`` and ``height`` are the page's own CSS pixels, whatever the picture's size."""

    jpeg: bytes
    width: float
    height: float
    url: str
    title: str


class Cdp(Protocol):
    """A DevTools session of one page."""

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a command and return its result."""

    def on(self, event: str, f: Callable[..., Any]) -> Any:
        """Call `f` with the parameters of every `event`."""

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Do so no longer."""


class Screen:
    """The screen of one page at a time. `gone`: what a DevTools session raises when its page is no more."""

    def __init__(
        self, cdp: Cdp, gone: type[Exception] | tuple[type[Exception], ...], patience: float = PATIENCE_SECONDS
    ) -> None:
        self._cdp = cdp
        self._gone = gone
        self._patience = patience
        self._news = asyncio.Event()
        self._newest: Mapping[str, Any] | None = None
        self._unacknowledged: list[int] = []
        self._closed = False

    def show(self, cdp: Cdp) -> None:
        """Go on with another page, such as a window that was opened to sign in."""
        self._cdp = cdp
        self._news.set()

    def close(self) -> None:
        """End ``frames``: the page is gone."""
        self._closed = True
        self._news.set()

    async def frames(self, idle: float = IDLE_SECONDS) -> AsyncGenerator[Frame | None, None]:
        """Yield what the page looks like, whenever that changes, until the page is gone.

        ``None`` says that nothing changed for `idle` seconds, or that another page is shown now.
        A reader that is slow misses pictures, never sees old ones: the browser stops sending while some are not
        acknowledged, and they are acknowledged when the reader comes back.

        Raises:
            SessionLost: the page is gone, nobody called ``close``, and no other page took its place.
        """
        while not self._closed:
            shown = self._cdp
            async with self._cast(shown):
                try:
                    while shown is self._cdp and not self._closed:
                        frame = await self._next(shown, idle)
                        if not self._closed:
                            yield frame
                except SessionLost as exc:
                    await self._follow(shown, exc)

    async def dispatch(self, event: Input) -> None:
        """Do `event` in the page.

        Raises:
            SessionLost: the page is gone, or does not take it in time.
        """
        if isinstance(event, Navigate):
            await self._navigate(event)
        else:
            await self._send(self._cdp, *command(event))

    async def clipboard(self) -> str:
        """Return the text that is selected in the page, never that of a password.

        Raises:
            SessionLost: the page is gone, or does not answer in time.
        """
        asked = {"expression": SELECTED % LONGEST_COPY, "returnByValue": True}
        value = (await self._send(self._cdp, "Runtime.evaluate", asked)).get("result", {}).get("value")
        return value if isinstance(value, str) else ""

    @asynccontextmanager
    async def _cast(self, cdp: Cdp) -> AsyncIterator[None]:
        """Have `cdp` send pictures for the life of the block."""
        self._newest, self._unacknowledged = None, []
        cdp.on("Page.screencastFrame", self._arrived)
        try:
            size = {"maxWidth": LARGEST_WIDTH, "maxHeight": LARGEST_HEIGHT}
            await self._send(cdp, "Page.enable")
            await self._send(cdp, "Page.startScreencast", {"format": "jpeg", "quality": JPEG_QUALITY, **size})
            yield
        finally:
            cdp.remove_listener("Page.screencastFrame", self._arrived)
            with suppress(SessionLost):
                await self._send(cdp, "Page.stopScreencast", seconds=LAST_WORDS_SECONDS)

    async def _next(self, cdp: Cdp, idle: float) -> Frame | None:
        """Wait for something new and return the picture, if that is what it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(idle):
                await self._news.wait()
        self._news.clear()
        newest, self._newest = self._newest, None
        numbers, self._unacknowledged = self._unacknowledged, []
        for number in numbers:
            await self._send(cdp, "Page.screencastFrameAck", {"sessionId": number})
        if newest is None:
            return None
        # no event tells of every way in which a page may have moved, so it is asked
        history = await self._send(cdp, "Page.getNavigationHistory")
        here = history["entries"][history["currentIndex"]]
        seen, picture = newest["metadata"], base64.b64decode(newest["data"])
        return Frame(picture, seen["deviceWidth"], seen["deviceHeight"], here["url"], here["title"])

    async def _follow(self, lost: Cdp, error: SessionLost) -> None:
        """Wait a moment for what comes after a page that is gone: a window that closes leaves the page below it.

        Raises:
            SessionLost: `error`, if nothing comes.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_SECONDS):
                while lost is self._cdp and not self._closed:
                    await self._news.wait()
                    self._news.clear()
        if lost is self._cdp and not self._closed:
            raise error

    async def _navigate(self, event: Navigate) -> None:
        if event.action == "reload":
            await self._send(self._cdp, "Page.reload")
            return
        history = await self._send(self._cdp, "Page.getNavigationHistory")
        there = history["currentIndex"] + (1 if event.action == "forward" else -1)
        if 0 <= there < len(history["entries"]):
            await self._send(self._cdp, "Page.navigateToHistoryEntry", {"entryId": history["entries"][there]["id"]})

    async def _send(
        self, cdp: Cdp, method: str, params: dict[str, Any] | None = None, *, seconds: float | None = None
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._patience if seconds is None else seconds):
                return await cdp.send(method, params)
        except TimeoutError as exc:
            raise SessionLost("The page does not react; load it again, or restart its browser.") from exc
        except self._gone as exc:
            raise SessionLost("The browser closed this page.") from exc

    def _arrived(self, frame: Mapping[str, Any]) -> None:
        self._newest = frame
        self._unacknowledged.append(frame["sessionId"])
        self._news.set()
