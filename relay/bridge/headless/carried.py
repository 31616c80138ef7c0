"""A page of any site as a session of relay: our program beside the page, and its carrier."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from playwright.async_api import CDPSession, Error, Page

from relay.bridge.headless.carrier import Carrier, Flooded
from relay.bridge.headless.page import WatchedPage
from relay.bridge.headless.rewriting import Papers
from relay.bridge.headless.world import Listener, Spoken, World, only_at

log = structlog.get_logger(__name__)

CONNECT: Final = "connect"
DISCONNECT: Final = "disconnect"
REFUSED: Final = "refused"
REFUSAL_CHARS: Final = 1000
STOP_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Carried:
    """What is the same for all pages of one account.

    `serves` tells whether the site of an origin is the account's: a sign-in page elsewhere is none of relay's business.
    `origins` are patterns of those; the scripts do nothing elsewhere.
    """

    bridge_url: str
    version: str
    description: Mapping[str, Any]
    serves: Callable[[str], bool]
    token: str = field(repr=False)
    credential: str
    agent: str = field(repr=False)
    program: str = field(repr=False)
    origins: tuple[str, ...]


class CarriedPage(WatchedPage):
    """One tab; it keeps its session over reloads and navigations within the site."""

    def __init__(self, page: Page, session: CDPSession, carried: Carried) -> None:
        super().__init__(page, session)
        self._known = carried.credential
        self._carried = carried
        self._kept_session: str | None = None
        self._world = World(session, Listener(self._spoke, self._left))
        self._carrying: tuple[int, Papers, Carrier, asyncio.Task[None]] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self.lost.add_done_callback(lambda _: self._left())

    async def enter(self) -> None:
        """Begin, in this document and every later one.

        Raises:
            playwright.async_api.Error: the tab is gone.
        """
        origins = self._carried.origins
        await self._world.enter(only_at(origins, self._carried.agent), only_at(origins, self._carried.program))

    async def leave(self) -> None:
        """End the session and leave the tab as it was, with its document; never raises for what is gone already."""
        carrying = self._carrying
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                if carrying is not None:
                    await carrying[2].stop()
                await self._world.leave()
        self._left()
        await self._ended()

    async def close(self) -> None:
        """Close the page."""
        self._left()
        await super().close()
        await self._ended()

    def _spoke(self, spoken: Spoken) -> None:
        if spoken.message.get("type") == CONNECT:
            self._connect(spoken)
        elif self._carrying is not None and self._carrying[0] == spoken.port:
            if spoken.message.get("type") == DISCONNECT:
                self._left()
                return
            if spoken.message.get("type") == REFUSED:
                self.refusal = str(spoken.message.get("detail"))[:REFUSAL_CHARS]
            try:
                self._carrying[2].receive(spoken.message)
            except Flooded:
                log.warning("headless.flooded", site=spoken.origin)
                self._left()

    def _connect(self, spoken: Spoken) -> None:
        self._left()
        if not self._carried.serves(spoken.origin):
            return
        carried = self._carried
        site = urlsplit(spoken.origin).hostname or ""
        papers = Papers(carried.version, str(carried.description.get("id")), site, carried.token, self._kept_session)
        client = {"kind": "headless", "version": carried.version, "carried": True}
        setup = {"client": client, "description": carried.description, "session": self._kept_session}
        deliver = partial(self._world.deliver, spoken.context, spoken.port)
        carrier = Carrier(carried.bridge_url, papers, setup, deliver)
        task = asyncio.create_task(self._carry(carrier), name="headless carrier")
        self._carrying = (spoken.port, papers, carrier, task)

    async def _carry(self, carrier: Carrier) -> None:
        try:
            await carrier.run()
        except* Error:
            pass  # the document is gone while something was handed to it, and its end is on the way

    def _left(self) -> None:
        """The document is gone: so is its carrier, and relay hears why."""
        if self._carrying is None:
            return
        _, papers, _, task = self._carrying
        self._carrying = None
        self._kept_session = papers.session
        task.cancel()
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _ended(self) -> None:
        if self._endings:
            await asyncio.wait(self._endings, timeout=STOP_SECONDS)
