"""Browser sessions as a backend: pick a session, send the call over the bridge, read its parts as events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import msgspec

from relay.backends.parts import PartReader
from relay.bridge.frames import Part
from relay.bridge.protocol import Completed, Failed, Outcome
from relay.bridge.registry import AWAY, SessionRegistry
from relay.bridge.session import LiveCall, Session
from relay.core.events import Event, Finished, Started, UsageReport
from relay.core.model import ModelEntry
from relay.core.request import Request
from relay.errors import RelayError, SessionNotAvailable, SessionOffline
from relay.routing.catalog import Catalog
from relay.routing.fit import Needs, dropped_parameters, forbids_tools, obstacle

ENFORCED_BY_RELAY = frozenset({"stop", "max_tokens", "user"})
"""What the gateway does itself where a page cannot, and what changes no answer."""

NOBODY = (
    "No signed-in page is connected. Open relay's page (run `relay pair` for the link), sign in, and leave it open."
)

TROUBLES = {
    "login_required": ("not signed in", "sign in there."),
    "blocked": ("held up", "the site asks for something only you can do."),
    "unavailable": ("cannot answer", "look at it."),
    "starting": ("not ready", "wait until it is."),
}
"""What keeps a page from answering and what to do about it, the most telling first."""

Wall = Callable[[], float]


class BrowserReply:
    """The answer of a page."""

    def __init__(self, call: LiveCall, session: Session, model: str, dropped: Sequence[str], idle: float) -> None:
        self.model = model
        self.account = session.id[:8]
        self.dropped = dropped
        self.enforces = session.capabilities.parameters
        self._call = call
        self._idle = idle
        self._reader = PartReader()
        self._head: list[Event] = [Started(model)]

    async def events(self) -> AsyncIterator[list[Event]]:
        """Yield the answer's events (see :class:`relay.backends.base.Reply`)."""
        async for parts, outcome in self._call.batches(self._idle):
            events = self._translate(parts, outcome)
            if events or outcome is None:
                yield events
            if isinstance(outcome, Failed):
                raise outcome.error

    def _translate(self, parts: list[Part], outcome: Outcome | None) -> list[Event]:
        events = self._reader.feed(parts)
        if isinstance(outcome, Completed):
            events += self._reader.end()
            if outcome.usage is not None:
                events.append(UsageReport(outcome.usage))
            events.append(Finished(outcome.finish_reason))
        if events:
            events = self._head + events
            self._head = []
        return events


class BrowserBackend:
    """All signed-in pages behind one list of models."""

    def __init__(self, registry: SessionRegistry, idle: float, wall: Wall) -> None:
        self._registry = registry
        self._idle = idle
        self._wall = wall
        self._catalog = Catalog(())
        self._catalog_version = -1

    def models(self) -> tuple[ModelEntry, ...]:
        """The models of all sessions that can answer, or could a moment ago."""
        return self._current_catalog().models

    def find_model(self, name: str) -> ModelEntry:
        """Return one of them by id or alias; raises ``ModelNotFound``."""
        return self._current_catalog().find(name)

    def offers(self, name: str) -> bool:
        """Whether some session offers a model of this id or alias."""
        return name in self._current_catalog()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[BrowserReply]:
        """Run `request` on the least busy session that offers its model."""
        choice = _Choice(request, self._registry, self._current_catalog)
        session = await self._registry.acquire(choice)
        try:
            model = choice.model
            dropped = dropped_parameters(request, session.capabilities, ENFORCED_BY_RELAY)
            async with session.call(_for_page(request, model, session)) as call:
                yield BrowserReply(call, session, model, dropped, self._idle)
        finally:
            self._registry.release(session)

    def _current_catalog(self) -> Catalog:
        if self._catalog_version != self._registry.version:
            offers = [(session.id, session.models) for session in self._registry if session.ready]
            self._catalog = Catalog(offers, int(self._wall()), self._catalog)
            self._catalog_version = self._registry.version
        return self._catalog


class _Choice:
    """Pick the session for one request; asked again whenever something changed, as long as the request waits.

    Attributes:
        model: the picked session's own id of the model.
    """

    def __init__(self, request: Request, registry: SessionRegistry, catalog: Callable[[], Catalog]) -> None:
        self.model = ""
        self._request = request
        self._needs = Needs(request)
        self._registry = registry
        self._catalog = catalog
        self._hoped = False

    def __call__(self) -> Session | None:
        """Return the least busy session that can serve the request now, ``None`` if one may be able to in a moment.

        Raises:
            RelayError: waiting is in vain.
        """
        usable = [session for session in self._registry if session.ready]
        if not usable and not self._registry.expecting:
            raise self._nobody()
        self._hoped = True
        if not usable:
            return None
        offers = self._catalog().resolve(self._request.model)
        able = _able(self._needs, [session for session in usable if session.id in offers])
        session = min((session for session in able if session.has_room), key=_busyness, default=None)
        if session is not None:
            self.model = offers[session.id]
        return session

    def _nobody(self) -> RelayError:
        for state, (trouble, wish) in TROUBLES.items():
            for session in self._registry:
                if session.state == state:
                    site = session.identity.site
                    return SessionNotAvailable(f"The page of {site} is open but {trouble}: {session.detail or wish}")
        if self._hoped:
            return SessionOffline(AWAY, retry_after=5.0)
        return SessionNotAvailable(NOBODY)


def _able(needs: Needs, sessions: Iterable[Session]) -> list[Session]:
    """Return the sessions that have what is needed, or raise why none has."""
    able: list[Session] = []
    reason: RelayError | None = None
    for session in sessions:
        problem = obstacle(needs, session.capabilities, session.limits.max_prompt_chars)
        if problem is None:
            able.append(session)
        reason = reason or problem
    if not able and reason is not None:
        raise reason
    return able


def _busyness(session: Session) -> tuple[float, float]:
    return session.in_flight / session.limits.concurrency, session.idle_since


def _for_page(request: Request, model: str, session: Session) -> Request:
    """Return what the page gets: its own model id, nothing private to the dialect, tool choices it cannot make done."""
    tools = request.tools
    choice = request.tool_choice
    if choice is not None and not session.capabilities.tool_choice:
        if forbids_tools(request):
            tools = ()
        elif choice.names:
            tools = tuple(tool for tool in tools if tool.name in choice.names)
    return msgspec.structs.replace(request, model=model, tools=tools, extra={})
