"""Stand-ins for Playwright's objects, as far as headless mode touches them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from playwright.async_api import Error


class Emitter:
    """Has listeners."""

    def __init__(self) -> None:
        self.listeners: dict[str, list[Callable[..., Any]]] = defaultdict(list)

    def on(self, event: str, listener: Callable[..., Any]) -> None:
        self.listeners[event].append(listener)

    once = on

    def remove_listener(self, event: str, listener: Callable[..., Any]) -> None:
        self.listeners[event].remove(listener)

    def emit(self, event: str, value: Any = None) -> list[Any]:
        return [listener(value) for listener in list(self.listeners[event])]


class Session(Emitter):
    """A DevTools session: answers from a table, `gone` or `hung` if the test says so."""

    def __init__(self, page: Page | None = None) -> None:
        super().__init__()
        self.page = page
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "Page.getFrameTree": {"frameTree": {"frame": {"id": "main"}}},
            "Page.addScriptToEvaluateOnNewDocument": {"identifier": "7"},
            "SystemInfo.getProcessInfo": {"processInfo": []},
        }
        self.gone = False
        self.hung = False
        self.detached = False

    async def send(self, method: str, params: dict[str, Any] | None = None) -> Any:
        self.sent.append((method, params or {}))
        if self.gone:
            raise Error("Target closed\nand more")
        if self.hung:
            await asyncio.Event().wait()
        return self.answers.get(method, {})

    async def detach(self) -> None:
        self.detached = True
        if self.gone:
            raise Error("Target closed")


class Page(Emitter):
    """A tab; `storage` is what its scripts find."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.url = "about:blank"
        self.visited: list[str] = []
        self.evaluated: list[tuple[str, Any]] = []
        self.token: str | None = None
        self.broken: Error | None = None
        self.hung = False
        self.reloads = 0
        self.closed = False

    async def goto(self, url: str, **_: Any) -> None:
        self.visited.append(url)
        if self.broken is not None:
            raise self.broken
        if self.hung:
            await asyncio.Event().wait()
        self.url = url

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        if self.broken is not None:
            raise self.broken
        self.evaluated.append((expression, argument))
        return self.token if expression.startswith("localStorage") else None

    async def reload(self) -> None:
        self.reloads += 1

    async def close(self) -> None:
        self.closed = True
        if self in self.context.pages:
            self.context.pages.remove(self)
        self.emit("close", self)

    def is_closed(self) -> bool:
        return self.closed


class Driven(Emitter):
    """A browser that is driven."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.connected = True
        self.contexts: list[Context] = []
        self.closed = False

    def is_connected(self) -> bool:
        return self.connected

    async def new_browser_cdp_session(self) -> Session:
        if self.session.gone:
            raise Error("Target closed")
        return self.session

    async def close(self) -> None:
        self.closed = True


class Context(Emitter):
    """A profile in use."""

    def __init__(self) -> None:
        super().__init__()
        self.browser: Driven | None = Driven()
        self.pages: list[Page] = [Page(self)]
        self.sessions: list[Session] = []
        self.scripts: list[str] = []
        self.jar: list[dict[str, Any]] = []
        self.token: str | None = None
        self.broken: Error | None = None
        self.hung = False
        self.closed = False

    async def new_page(self) -> Page:
        page = Page(self)
        page.token, page.broken, page.hung = self.token, self.broken, self.hung
        self.pages.append(page)
        return page

    async def new_cdp_session(self, page: Page) -> Session:
        await asyncio.sleep(0)
        if page.broken is not None:
            raise page.broken
        self.sessions.append(Session(page))
        return self.sessions[-1]

    async def add_init_script(self, script: str) -> None:
        self.scripts.append(script)

    async def cookies(self) -> list[dict[str, Any]]:
        if self.broken is not None:
            raise self.broken
        return self.jar

    async def add_cookies(self, cookies: list[dict[str, Any]]) -> None:
        self.jar.extend(cookies)

    async def storage_state(self) -> dict[str, Any]:
        if self.broken is not None:
            raise self.broken
        if self.hung:
            await asyncio.Event().wait()
        return {"cookies": self.jar, "origins": []}

    async def close(self) -> None:
        self.closed = True
        if self.hung:
            await asyncio.Event().wait()
        self.emit("close", self)
