"""The screen of a page that relay drives, for a person who looks at it from elsewhere: frames out, input in.

The page is reached through the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/tot/); the
``Cdp`` here is as much of a session of it as is needed, so nothing here knows which library holds the connection.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from relay.errors import SessionLost

JPEG_QUALITY: Final = 60
LARGEST_WIDTH: Final = 1600
LARGEST_HEIGHT: Final = 1200
PATIENCE_SECONDS: Final = 5.0
LAST_WORDS_SECONDS: Final = 1.0
LONGEST_COPY: Final = 100_000

SELECTED = """(() => {
  const field = document.activeElement;
  const value = field && typeof field.value === "string" && field.type !== "password" ? field : null;
  const marked = value ? value.value.slice(value.selectionStart ?? 0, value.selectionEnd ?? 0) : "";
  return (marked || String(getSelection())).slice(0, %d);
})()"""

Place = Annotated[float, Meta(ge=-100_000, le=100_000)]
Modifiers = Annotated[int, Meta(ge=0, le=15)]
KeyName = Annotated[str, Meta(max_length=32)]


class _Input(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what a person does; places are CSS pixels of the page, modifiers 1 Alt, 2 Ctrl, 4 Meta, 8 Shift."""


class Mouse(_Input, frozen=True, kw_only=True, tag="mouse"):
    """The mouse moved, or a button went down or up; ``clicks`` counts 2 for the second of a double click."""

    action: Literal["move", "down", "up"]
    x: Place
    y: Place
    button: Literal["none", "left", "middle", "right", "back", "forward"] = "none"
    buttons: Annotated[int, Meta(ge=0, le=31)] = 0
    clicks: Annotated[int, Meta(ge=0, le=3)] = 0
    modifiers: Modifiers = 0


class Wheel(_Input, frozen=True, kw_only=True, tag="wheel"):
    """The wheel turned at a place."""

    x: Place
    y: Place
    dx: Place = 0.0
    dy: Place = 0.0
    modifiers: Modifiers = 0


class Finger(msgspec.Struct, frozen=True, kw_only=True):
    """One finger on the screen."""

    id: Annotated[int, Meta(ge=0, le=2**31)]
    x: Place
    y: Place


class Touch(_Input, frozen=True, kw_only=True, tag="touch"):
    """Fingers came, moved or went; ``fingers`` are those on the screen now."""

    action: Literal["start", "move", "end", "cancel"]
    fingers: Annotated[tuple[Finger, ...], Meta(max_length=10)] = ()
    modifiers: Modifiers = 0


class Key(_Input, frozen=True, kw_only=True, tag="key"):
    """A key went down or up, as a browser's keyboard event has it (``number`` is its ``keyCode``)."""

    action: Literal["down", "up"]
    key: KeyName
    code: KeyName = ""
    number: Annotated[int, Meta(ge=0, le=255)] = 0
    location: Annotated[int, Meta(ge=0, le=3)] = 0
    repeat: bool = False
    modifiers: Modifiers = 0


class Text(_Input, frozen=True, kw_only=True, tag="text"):
    """Text that no single key makes: from an input method, a phone's keyboard or a clipboard."""

    text: Annotated[str, Meta(max_length=100_000)]


class Go(_Input, frozen=True, kw_only=True, tag="go"):
    """Walk the page's history, or load it again."""

    to: Literal["back", "forward", "reload"]


Input: TypeAlias = Mouse | Wheel | Touch | Key | Text | Go
Command: TypeAlias = tuple[str, dict[str, Any]]

_MOUSE: Final = {"move": "mouseMoved", "down": "mousePressed", "up": "mouseReleased"}
_TOUCH: Final = {"start": "touchStart", "move": "touchMove", "end": "touchEnd", "cancel": "touchCancel"}
_CTRL_OR_META: Final = 2 | 4
_KEYPAD: Final = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of the page; ``width`` and ``height`` are the page's own CSS pixels, whatever the picture's size."""

    jpeg: bytes
    width: float
    height: float
    url: str


class Cdp(Protocol):
    """A DevTools session of one page."""

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a command and return its result."""

    def on(self, event: str, f: Callable[..., Any]) -> Any:
        """Call `f` with the parameters of every `event`."""

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Do so no longer."""


def command(event: Mouse | Wheel | Touch | Key | Text) -> Command:
    """Return the DevTools command that does `event`: https://chromedevtools.github.io/devtools-protocol/tot/Input/."""
    match event:
        case Mouse():
            return "Input.dispatchMouseEvent", {
                "type": _MOUSE[event.action],
                "x": event.x,
                "y": event.y,
                "button": event.button,
                "buttons": event.buttons,
                "clickCount": event.clicks,
                "modifiers": event.modifiers,
            }
        case Wheel():
            return "Input.dispatchMouseEvent", {
                "type": "mouseWheel",
                "x": event.x,
                "y": event.y,
                "deltaX": event.dx,
                "deltaY": event.dy,
                "modifiers": event.modifiers,
            }
        case Touch():
            fingers = [{"id": finger.id, "x": finger.x, "y": finger.y} for finger in event.fingers]
            return "Input.dispatchTouchEvent", {
                "type": _TOUCH[event.action],
                "touchPoints": fingers,
                "modifiers": event.modifiers,
            }
        case Key():
            return "Input.dispatchKeyEvent", _key(event)
        case Text():
            return "Input.insertText", {"text": event.text}


def _key(event: Key) -> dict[str, Any]:
    text = _typed(event)
    down = "keyDown" if text else "rawKeyDown"
    return {
        "type": down if event.action == "down" else "keyUp",
        "key": event.key,
        "code": event.code,
        "windowsVirtualKeyCode": event.number,
        "location": event.location if event.location != _KEYPAD else 0,
        "isKeypad": event.location == _KEYPAD,
        "autoRepeat": event.repeat,
        "modifiers": event.modifiers,
        **({"text": text} if text else {}),
    }


def _typed(event: Key) -> str:
    """Return what the key types: itself if it is one character, and nothing in a shortcut."""
    if event.action == "up" or event.modifiers & _CTRL_OR_META:
        return ""
    if event.key == "Enter":
        return "\r"
    return event.key if len(event.key) == 1 else ""


class Screen:
    """One page's screen. `gone` is what `cdp` raises when the page or its browser is not there any more."""

    def __init__(self, cdp: Cdp, gone: type[Exception] | tuple[type[Exception], ...]) -> None:
        self._cdp = cdp
        self._gone = gone
        self._news = asyncio.Event()
        self._newest: Mapping[str, Any] | None = None
        self._unacknowledged: list[int] = []
        self._url = ""
        self._closed = False

    def close(self) -> None:
        """End ``frames``: the page is gone, or another one is now to be shown."""
        self._closed = True
        self._news.set()

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Yield what the page looks like, whenever that changes, until the page is gone.

        A reader that is slow misses pictures, never sees old ones: the browser stops sending while some are not
        acknowledged, and they are acknowledged when the reader comes back.

        Raises:
            SessionLost: the page is gone before its first frame.
        """
        listeners = {
            "Page.screencastFrame": self._arrived,
            "Page.frameNavigated": self._navigated,
            "Page.navigatedWithinDocument": self._moved,
            "Inspector.detached": self._detached,
        }
        for event, listener in listeners.items():
            self._cdp.on(event, listener)
        try:
            await self._begin()
            while (frame := await self._next()) is not None:
                yield frame
        finally:
            for event, listener in listeners.items():
                self._cdp.remove_listener(event, listener)
            with suppress(SessionLost):
                await self._send("Page.stopScreencast", seconds=LAST_WORDS_SECONDS)

    async def dispatch(self, event: Input) -> None:
        """Do `event` in the page.

        Raises:
            SessionLost: the page is gone, or does not take it in time.
        """
        if isinstance(event, Go):
            await self._go(event)
        else:
            await self._send(*command(event))

    async def copied(self) -> str:
        """Return the text that is selected in the page, never that of a password.

        Raises:
            SessionLost: the page is gone, or does not answer in time.
        """
        asked = {"expression": SELECTED % LONGEST_COPY, "returnByValue": True}
        value = (await self._send("Runtime.evaluate", asked)).get("result", {}).get("value")
        return value if isinstance(value, str) else ""

    async def _begin(self) -> None:
        await self._send("Page.enable")
        history = await self._send("Page.getNavigationHistory")
        self._url = history["entries"][history["currentIndex"]]["url"]
        size = {"maxWidth": LARGEST_WIDTH, "maxHeight": LARGEST_HEIGHT}
        await self._send("Page.startScreencast", {"format": "jpeg", "quality": JPEG_QUALITY, **size})

    async def _next(self) -> Frame | None:
        """Wait for a picture; ``None`` when there will be none any more."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._closed:
                return None
            newest, self._newest = self._newest, None
            numbers, self._unacknowledged = self._unacknowledged, []
            try:
                for number in numbers:
                    await self._send("Page.screencastFrameAck", {"sessionId": number})
            except SessionLost:
                return None
            if newest is not None:
                seen = newest["metadata"]
                picture = base64.b64decode(newest["data"])
                return Frame(picture, seen["deviceWidth"], seen["deviceHeight"], self._url)

    async def _go(self, event: Go) -> None:
        if event.to == "reload":
            await self._send("Page.reload")
            return
        history = await self._send("Page.getNavigationHistory")
        there = history["currentIndex"] + (1 if event.to == "forward" else -1)
        if 0 <= there < len(history["entries"]):
            await self._send("Page.navigateToHistoryEntry", {"entryId": history["entries"][there]["id"]})

    async def _send(
        self, method: str, params: dict[str, Any] | None = None, *, seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                return await self._cdp.send(method, params)
        except TimeoutError as exc:
            raise SessionLost("The page does not react; load it again, or restart its browser.") from exc
        except self._gone as exc:
            raise SessionLost("The browser closed this page.") from exc

    def _arrived(self, frame: Mapping[str, Any]) -> None:
        self._newest = frame
        self._unacknowledged.append(frame["sessionId"])
        self._news.set()

    def _navigated(self, event: Mapping[str, Any]) -> None:
        if "parentId" not in event["frame"]:
            self._url = event["frame"]["url"]

    def _moved(self, event: Mapping[str, Any]) -> None:
        # frames inside the page move too; only the page's own address keeps its origin and changes its end
        if event["url"].partition("#")[0].split("/")[:3] == self._url.split("/")[:3]:
            self._url = event["url"]

    def _detached(self, _event: Mapping[str, Any]) -> None:
        self.close()
