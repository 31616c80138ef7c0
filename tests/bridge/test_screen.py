"""A page's screen over a DevTools session that the test plays."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from relay.bridge import screen as module
from relay.bridge.input import Navigate, Paste
from relay.bridge.screen import Frame, Screen
from relay.errors import SessionLost

URL = "https://chat.example/login"


class Gone(Exception):
    """The page is closed."""


class FakeCdp:
    """A DevTools session that answers at once and remembers what was asked."""

    def __init__(self, url: str = URL) -> None:
        self.sent: list[tuple[str, dict[str, Any] | None]] = []
        self.listeners: dict[str, Callable[..., Any]] = {}
        self.entries = [{"id": 10, "url": "about:blank", "title": ""}, {"id": 11, "url": url, "title": "Sign in"}]
        self.current = 1
        self.gone = False
        self.hangs = False
        self.started = asyncio.Event()
        self.result: dict[str, Any] = {}

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        if self.gone:
            raise Gone
        self.sent.append((method, params))
        if self.hangs:
            await asyncio.Event().wait()
        if method == "Page.startScreencast":
            self.started.set()
        if method == "Page.getNavigationHistory":
            return {"currentIndex": self.current, "entries": self.entries}
        return self.result

    def on(self, event: str, f: Callable[..., Any]) -> None:
        self.listeners[event] = f

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        assert self.listeners.pop(event) == f

    def paint(self, number: int) -> None:
        """The browser sends a picture."""
        data = base64.b64encode(b"jpeg%d" % number).decode()
        frame = {"data": data, "sessionId": number, "metadata": {"deviceWidth": 800, "deviceHeight": 600}}
        self.listeners["Page.screencastFrame"](frame)

    def methods(self) -> list[str]:
        return [method for method, _ in self.sent]

    def acknowledged(self) -> list[int]:
        return [params["sessionId"] for method, params in self.sent if method == "Page.screencastFrameAck" and params]


@pytest.fixture
def cdp() -> FakeCdp:
    return FakeCdp()


@pytest.fixture
def screen(cdp: FakeCdp) -> Screen:
    return Screen(cdp, Gone)


async def upcoming(frames: AsyncGenerator[Frame | None, None], cdp: FakeCdp, *numbers: int) -> Frame:
    """Return the frame after the browser has painted `numbers`."""
    waiting = asyncio.create_task(anext(frames))
    await cdp.started.wait()
    for number in numbers:
        cdp.paint(number)
    frame = await waiting
    return await anext(frames) if frame is None else frame


async def test_frames_come_while_somebody_looks(screen: Screen, cdp: FakeCdp):
    async with aclosing(screen.frames()) as frames:
        assert await upcoming(frames, cdp, 1) == Frame(b"jpeg1", 800, 600, URL, "Sign in")
        cdp.entries[1] = {"id": 11, "url": "https://chat.example/", "title": "Chat"}
        assert await upcoming(frames, cdp, 2) == Frame(b"jpeg2", 800, 600, "https://chat.example/", "Chat")
    assert cdp.methods() == [
        "Page.enable",
        "Page.startScreencast",
        "Page.screencastFrameAck",
        "Page.getNavigationHistory",
        "Page.screencastFrameAck",
        "Page.getNavigationHistory",
        "Page.stopScreencast",
    ]
    assert cdp.listeners == {}


async def test_slow_reader_gets_the_newest_and_holds_the_browser_back(screen: Screen, cdp: FakeCdp):
    async with aclosing(screen.frames()) as frames:
        await upcoming(frames, cdp, 1)
        cdp.paint(2)
        cdp.paint(3)
        assert cdp.acknowledged() == [1]
        frame = await anext(frames)
        assert frame is not None
        assert frame.jpeg == b"jpeg3"
        assert cdp.acknowledged() == [1, 2, 3]


async def test_another_page_is_shown(screen: Screen, cdp: FakeCdp):
    popup = FakeCdp("https://id.example/")
    async with aclosing(screen.frames()) as frames:
        await upcoming(frames, cdp, 1)
        screen.show(popup)
        assert (await upcoming(frames, popup, 1)).url == "https://id.example/"
        assert cdp.methods()[-1] == "Page.stopScreencast"
        await screen.dispatch(Paste(text="a"))
    assert popup.methods()[-2:] == ["Input.insertText", "Page.stopScreencast"]


async def test_nothing_new_for_a_while(screen: Screen):
    async with aclosing(screen.frames(idle=0)) as frames:
        assert await anext(frames) is None


async def test_page_that_is_closed_ends_the_frames(screen: Screen, cdp: FakeCdp):
    frames = screen.frames()
    await upcoming(frames, cdp, 1)
    cdp.gone = True
    screen.close()
    assert [frame async for frame in frames] == []


async def test_page_that_is_closed_while_somebody_waits(screen: Screen, cdp: FakeCdp):
    frames = screen.frames()
    await upcoming(frames, cdp, 1)
    waiting = asyncio.create_task(anext(frames, None))
    await asyncio.sleep(0)
    cdp.paint(2)
    screen.close()
    assert await waiting is None


async def test_nothing_is_shown_after_the_end(screen: Screen, cdp: FakeCdp):
    frames = screen.frames()
    await upcoming(frames, cdp, 1)
    cdp.paint(2)
    screen.close()
    assert [frame async for frame in frames] == []


async def test_page_below_a_window_that_closed(screen: Screen, cdp: FakeCdp):
    popup = FakeCdp("https://id.example/")
    screen.show(popup)
    frames = screen.frames()
    await upcoming(frames, popup, 1)
    popup.gone = True
    popup.paint(2)
    waiting = asyncio.create_task(anext(frames))
    await asyncio.sleep(0)
    screen.show(cdp)
    await cdp.started.wait()
    cdp.paint(1)
    frame = await waiting
    assert frame is not None
    assert frame.url == URL
    await frames.aclose()


async def test_page_that_goes_with_its_browser(screen: Screen, cdp: FakeCdp):
    frames = screen.frames()
    await upcoming(frames, cdp, 1)
    cdp.gone = True
    cdp.paint(2)
    ending = asyncio.create_task(anext(frames))
    await asyncio.sleep(0)
    screen.close()
    with pytest.raises(StopAsyncIteration):
        await ending


async def test_page_that_nothing_follows(screen: Screen, cdp: FakeCdp, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "FOLLOW_SECONDS", 0.0)
    frames = screen.frames()
    await upcoming(frames, cdp, 1)
    cdp.gone = True
    cdp.paint(2)
    with pytest.raises(SessionLost, match="closed this page"):
        await anext(frames)


async def test_page_that_is_gone_says_so(screen: Screen, cdp: FakeCdp):
    cdp.gone = True
    with pytest.raises(SessionLost, match="closed this page"):
        await anext(screen.frames())
    with pytest.raises(SessionLost, match="closed this page"):
        await screen.dispatch(Paste(text="a"))


async def test_page_that_hangs_says_so(cdp: FakeCdp):
    cdp.hangs = True
    with pytest.raises(SessionLost, match="does not react"):
        await Screen(cdp, Gone, patience=0).dispatch(Paste(text="a"))


@pytest.mark.parametrize(
    ("action", "current", "last"),
    [
        ("reload", 1, ("Page.reload", None)),
        ("back", 1, ("Page.navigateToHistoryEntry", {"entryId": 10})),
        ("forward", 0, ("Page.navigateToHistoryEntry", {"entryId": 11})),
        ("back", 0, ("Page.getNavigationHistory", None)),
        ("forward", 1, ("Page.getNavigationHistory", None)),
    ],
)
async def test_history(screen: Screen, cdp: FakeCdp, action: Any, current: int, last: tuple[str, Any]):
    cdp.current = current
    await screen.dispatch(Navigate(action=action))
    assert cdp.sent[-1] == last


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"result": {"type": "string", "value": "marked"}}, "marked"),
        ({"result": {"type": "object"}}, ""),
        ({"result": {"type": "number", "value": 5}}, ""),
        ({}, ""),
    ],
)
async def test_selected_text(screen: Screen, cdp: FakeCdp, result: dict[str, Any], text: str):
    cdp.result = result
    assert await screen.clipboard() == text
    assert cdp.methods() == ["Runtime.evaluate"]
