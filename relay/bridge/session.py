"""A session: one signed-in page as the rest of relay sees it, whatever happens to its sockets."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from relay.bridge.frames import (
    Accepted,
    Account,
    BlockReason,
    CancelReason,
    Capabilities,
    Client,
    Done,
    Fail,
    Hello,
    Model,
    PageLimits,
    Part,
    Parts,
    RelayFrame,
    ResumeWanted,
    SessionState,
    Spoiled,
    State,
)
from relay.bridge.health import Health, LastError
from relay.bridge.protocol import CallState, Clocks, Failed, Outcome, SessionProtocol, Window
from relay.core.media import MediaRequest
from relay.core.request import Request
from relay.errors import BridgeViolation, RelayError, SessionLost

Clock = Callable[[], float]


class Link(Protocol):
    """The live socket of a session, as far as the session needs it."""

    def wake(self) -> None:
        """Something waits in the session's protocol to be sent."""

    def post(self, frame: RelayFrame) -> None:
        """Send `frame` as soon as possible."""

    def drop(self, code: int, reason: str) -> None:
        """Close the socket without waiting for the far end."""

    async def probe(self) -> bool:
        """Whether the page answers a ping soon."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who holds the session's page; fixed for the life of the session."""

    id: str
    credential: str
    client: Client
    adapter: str
    site: str

    def fits(self, hello: Hello, credential: str) -> bool:
        """Whether `hello` comes from the same page: same credential, same site, same adapter."""
        return (self.credential, self.adapter, self.site) == (credential, hello.adapter, hello.site)


class Session:
    """A signed-in page. Its state is what the page last said; its calls live in a sans-IO protocol.

    Attributes:
        in_flight: calls that hold a slot of this session.
        served: calls that have given their slot back.
        since: when the page came to its state.
        reason: what the site asks the person for, where the state is ``blocked`` and the page knows.
        offline_since: when the last link was lost, ``None`` while one is live.
        idle_since: when the last call ended; the longest idle of equal sessions is used next.
        renewed: the page was reloaded and has not said yet what it can do now.
    """

    def __init__(self, identity: Identity, window: Window, clocks: Clocks, clock: Clock) -> None:
        self.identity = identity
        self.state: SessionState = "starting"
        self.detail: str | None = None
        self.reason: BlockReason | None = None
        self.account: Account | None = None
        self.capabilities = Capabilities()
        self.limits = PageLimits()
        self.models: tuple[Model, ...] = ()
        self.since = self.idle_since = clock()
        self.offline_since: float | None = self.since
        self.in_flight = 0
        self.served = 0
        self.renewed = False
        self.link: Link | None = None
        self._clock = clock
        self._health = Health()
        self._protocol = SessionProtocol(window, clocks)
        self._readers: dict[str, asyncio.Future[None]] = {}
        self._ended: RelayError | None = None

    @property
    def id(self) -> str:
        """The session's unguessable id."""
        return self.identity.id

    @property
    def ready(self) -> bool:
        """Whether the page said that it can answer; it may have lost its socket since."""
        return self.state == "ready"

    @property
    def online(self) -> bool:
        """Whether a link is live."""
        return self.link is not None

    @property
    def busy(self) -> bool:
        """Whether it has as many calls as it bears."""
        return self.in_flight >= self.limits.concurrency

    @property
    def awake(self) -> bool:
        """Whether a call could start now, if there is room for it."""
        return self.ready and self.online and not self.renewed and self._health.fit(self._clock())

    @property
    def has_room(self) -> bool:
        """Whether a call can start now."""
        return self.awake and not self.busy

    @property
    def rest(self) -> float:
        """Seconds until the site may be asked again, because it wants us to slow down; else 0."""
        return self._health.rest(self._clock())

    @property
    def last_error(self) -> LastError | None:
        """The latest failure of a call."""
        return self._health.last_error

    def attach(self, link: Link, hello: Hello) -> tuple[ResumeWanted, ...]:
        """Take over `link`; return the calls to go on with."""
        self.link = link
        self.offline_since = None
        wanted = self._protocol.attach(hello.resume, self._clock())
        self._wake_readers()
        return wanted

    def detach(self, link: Link, *, page_gone: bool) -> None:
        """`link` is closed. With `page_gone` its calls cannot be resumed and fail at once."""
        if self.link is not link:
            return
        self.link = None
        self.offline_since = self._clock()
        self._protocol.detach()
        if page_gone:
            self.renewed = True
            self.lose(SessionLost("The page was closed or reloaded in the middle of the answer."))

    def lose(self, error: RelayError, cancel: CancelReason | None = None) -> None:
        """Fail every open call with `error`, and tell a page that is still there to stop."""
        self._protocol.lose(error, cancel)
        self._wake_readers()
        self._wake_writer()

    def end(self, error: RelayError, cancel: CancelReason | None = None) -> None:
        """Fail every open call with `error`, and every one that would still begin."""
        self._ended = error
        self.lose(error, cancel)

    def apply(self, frame: State) -> None:
        """Take what the page says about itself.

        Fields left out keep their last value, but detail and reason go with their state, and the account with its
        login.
        """
        if frame.state != self.state:
            self.since = self._clock()
            self.detail = self.reason = None
        self.state = frame.state
        self.detail = self.detail if frame.detail is None else frame.detail
        self.reason = (frame.reason or self.reason) if frame.state == "blocked" else None
        self.renewed = False
        self._health.spoke()
        self.account = None if frame.state == "login_required" else frame.account or self.account
        self.capabilities = frame.capabilities or self.capabilities
        self.limits = frame.limits or self.limits
        self.models = self.models if frame.models is None else frame.models

    def receive(self, frame: Accepted | Parts | Done | Fail | Spoiled, size: int) -> None:
        """Apply a frame of a call, wake its reader, and the writer if the frame is to be answered."""
        call = self._protocol.receive(frame, size, self._clock())
        if call is not None:
            self._note(call)
            self._wake_reader(call.id)
            self._wake_writer()

    def expire(self, now: float) -> None:
        """Let the calls' clocks run out."""
        for call in self._protocol.expire(now):
            self._note(call)
            self._wake_reader(call.id)
        self._wake_writer()

    def drain(self) -> list[RelayFrame]:
        """What the calls have to say to the page."""
        return self._protocol.drain()

    @asynccontextmanager
    async def call(self, request: Request | MediaRequest, attempt: int = 1) -> AsyncIterator[LiveCall]:
        """Run one call on this session; leaving the block early cancels it in the page.

        Leaving it without an exception says that the reader has enough.

        Raises:
            RelayError: the session has ended.
        """
        if self._ended is not None:
            raise self._ended
        state = self._protocol.start(secrets.token_urlsafe(16), attempt, request, self._clock())
        self._wake_writer()
        reason: CancelReason = "client_gone"
        try:
            yield LiveCall(self, state)
            reason = "stop"
        except BridgeViolation:
            reason = "protocol"
            raise
        finally:
            self._protocol.close(state, reason)
            self._readers.pop(state.id, None)
            self._wake_writer()

    async def next_batch(self, call: CallState, idle: float) -> tuple[list[Part], Outcome | None]:
        """Wait for something new of the call, parts or its outcome, but no longer than `idle` seconds."""
        if not call.unread and call.outcome is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(idle):
                    await self._news(call)
        parts = self._protocol.take(call, self._clock())
        self._wake_writer()
        return parts, call.outcome

    async def _news(self, call: CallState) -> None:
        # a reader is woken for more than it waits for: a page that accepts a call has said nothing yet
        while not call.pending and call.outcome is None:
            reader = self._readers[call.id] = asyncio.get_running_loop().create_future()
            await reader

    def _note(self, call: CallState) -> None:
        if isinstance(call.outcome, Failed):
            self._health.failed(call.outcome.error, self._clock())

    def _wake_writer(self) -> None:
        if self.link is not None and self._protocol.has_output:
            self.link.wake()

    def _wake_reader(self, call_id: str) -> None:
        reader = self._readers.pop(call_id, None)
        if reader is not None and not reader.done():
            reader.set_result(None)

    def _wake_readers(self) -> None:
        for call_id in list(self._readers):
            self._wake_reader(call_id)


class LiveCall:
    """The reader's end of one call."""

    def __init__(self, session: Session, state: CallState) -> None:
        self._session = session
        self._state = state

    @property
    def id(self) -> str:
        """The call's id on the bridge."""
        return self._state.id

    async def batches(self, idle: float) -> AsyncIterator[tuple[list[Part], Outcome | None]]:
        """Yield what arrives, everything that is there at a time; the last item carries the outcome.

        An empty item says that nothing came for `idle` seconds.
        """
        outcome: Outcome | None = None
        while outcome is None:
            parts, outcome = await self._session.next_batch(self._state, idle)
            yield parts, outcome
