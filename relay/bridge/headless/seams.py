"""What the supervisor needs of a browser; ``relay.bridge.headless.engine`` does it with Playwright."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from relay.bridge.headless.accounts import Account
from relay.bridge.headless.processes import Process
from relay.bridge.screen import Screen


class Lost(Exception):
    """The page or its browser is gone; the message says how, for a person."""


class BrowserLost(Lost):
    """The browser is gone, or does not answer any more."""


class PageLost(Lost):
    """The page is gone or does not answer any more; its browser may still be there."""


@dataclass(frozen=True)
class Start:
    """How an account's browser is to be started: with a window for a person or without, and what that needs.

    ``display`` are the environment variables that lead to the person's screen. ``token`` is a login to begin with.
    """

    headed: bool = False
    display: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)


class Tab(Protocol):
    """The page of an account, at work for relay."""

    lost: asyncio.Future[str]
    """Done, saying how, once the page is gone."""
    refusal: str | None = None
    """Why our program cannot work on any page of this account, once known: its site description is no good."""

    @property
    def credential(self) -> str | None:
        """The id of the bridge credential that the page's session uses, once known."""

    async def check(self) -> None:
        """Return if the page still runs.

        Raises:
            PageLost: it does not answer.
        """

    async def close(self) -> None:
        """Close the page and what belongs to it; never raises for what is gone already."""

    def screen(self) -> AbstractAsyncContextManager[Screen]:
        """Show the page to a person for the life of the block."""


class Browser(Protocol):
    """A running browser on the profile of one account."""

    lost: asyncio.Future[str]
    """Done, saying how, once the browser is gone."""

    @property
    def process(self) -> Process | None:
        """Its main process."""

    async def open(self) -> Tab:
        """Open the account's page.

        Raises:
            Lost: it cannot be opened.
        """

    async def check(self) -> None:
        """Return if the browser still answers.

        Raises:
            BrowserLost: it does not.
        """

    async def export(self, seconds: float) -> bytes:
        """Return cookies and storage.

        Raises:
            Lost: they cannot be read within `seconds`.
        """

    async def close(self) -> None:
        """End the browser, in the end by force; never raises for what is gone already."""


class Engine(Protocol):
    """What starts browsers."""

    async def start(self, account: Account, start: Start) -> Browser:
        """Start the account's browser.

        Raises:
            BrowserLost: it did not start.
            BrowserMissing: there is no browser to start.
        """

    async def close(self) -> None:
        """Free what all browsers shared."""


@dataclass(frozen=True)
class Watching:
    """How closely browsers are watched; times in seconds.

    ``restarts`` are granted in any ``restart_window``. The login is saved every ``save_seconds`` and after
    ``save_calls`` calls that the sessions of its bridge credential have answered, which ``calls`` tells.
    """

    restarts: int = 5
    restart_window: float = 600.0
    save_seconds: float = 60.0
    save_calls: int = 20
    beat: float = 1.0
    calls: Callable[[str], int] = lambda _credential: 0


@dataclass(frozen=True)
class Snapshot:
    """What there is to say of an account's browser now."""

    name: str
    site: str
    adapter: str
    state: str
    since: float
    detail: str
    pid: int | None
    memory_bytes: int | None
    restarts: int
    headed: bool
    credential: str | None
