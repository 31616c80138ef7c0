"""The answer of a page: one call, or several that make one answer.

Several, because a page may ask to be asked again, and because an answer that relay emulates may need a correction.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from relay.backends.choice import Choice
from relay.backends.continuing import Continuing
from relay.backends.parts import PartReader
from relay.backends.seats import Seats
from relay.backends.shaping import for_page
from relay.bridge.frames import Part
from relay.bridge.protocol import Completed, Failed, Outcome
from relay.bridge.session import LiveCall, Session
from relay.core.emulation import emulate
from relay.core.events import Event, Finished, Started, UsageReport
from relay.core.request import Request
from relay.errors import NothingSent, RelayError
from relay.routing.fit import dropped_parameters

ENFORCED_BY_RELAY = frozenset({"stop", "max_tokens", "user"})
"""What the gateway does itself where a page cannot, and what changes no answer."""

ENFORCED_BY_EMULATION = frozenset({"tool_choice", "parallel_tool_calls", "response_format"})

MOST_REPEATS = 2
"""How often the pages may ask to be asked again."""


class Brief:
    """What a request becomes for one session."""

    def __init__(self, request: Request, seats: Seats, choice: Choice, session: Session) -> None:
        self.session = session
        self.model = choice.model
        self.emulation = emulate(
            request,
            _call_id,
            tools=seats.policy.emulates_tools(session),
            json=not session.capabilities.json_schema,
        )
        self.request = request if self.emulation is None else self.emulation.request
        self.continuing = seats.continuing(request, session)

    def dropped(self, request: Request) -> tuple[str, ...]:
        """Names of the parameters of the client's request that nobody honours."""
        enforced = ENFORCED_BY_RELAY if self.emulation is None else ENFORCED_BY_RELAY | ENFORCED_BY_EMULATION
        return dropped_parameters(request, self.session.capabilities, enforced)

    def correction(self) -> Request | None:
        """What is to be asked next to make the answer complete."""
        return None if self.emulation is None else self.emulation.correction


class BrowserReply:
    """The reader's end of an answer (see :class:`relay.backends.base.Reply`); it holds a slot while it is entered."""

    def __init__(self, request: Request, seats: Seats, choice: Choice, session: Session, idle: float) -> None:
        self._request = request
        self._seats = seats
        self._choice = choice
        self._idle = idle
        self._seat: Session | None = session
        self._brief = Brief(request, seats, choice, session)
        self._head: list[Event] = [Started(choice.model)]
        self._calls = AsyncExitStack()
        self._attempt = 0
        self._heard = False
        self.model = choice.model
        self.account = session.id[:8]
        self.dropped = self._brief.dropped(request)
        self.enforces = session.capabilities.parameters

    async def __aenter__(self) -> Self:
        try:
            brief = self._brief
            await self._ask(brief.request, brief.continuing.take() if brief.continuing else None)
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._calls.__aexit__(kind, error, traceback)
        finally:
            self._leave()

    async def events(self) -> AsyncIterator[list[Event]]:
        """Yield the answer's events.

        Raises:
            RelayError: the answer failed.
        """
        async for events in self._first_round():
            yield events
        while (correction := self._brief.correction()) is not None:
            try:
                await self._ask(correction)
                async for events in self._round():
                    yield events
            except RelayError:
                if self._heard:
                    raise
                yield self._abandon()

    async def _first_round(self) -> AsyncIterator[list[Event]]:
        repeats = 0
        while True:
            try:
                async for events in self._round(self._brief.continuing):
                    yield events
            except NothingSent:
                if self._heard or repeats == MOST_REPEATS:
                    raise
                repeats += 1
                await self._change_session()
                await self._ask(self._brief.request)
            else:
                return

    async def _change_session(self) -> None:
        """Choose once more, with what the pages say of themselves now."""
        await self._calls.aclose()
        self._choice.returning = self._brief.session
        self._leave()  # the page that asked for it may have room for one call only
        self._seat = session = await self._seats.take(self._choice)
        self._brief = Brief(self._request, self._seats, self._choice, session)

    def _leave(self) -> None:
        """Give the slot back that is held."""
        if self._seat is not None:
            self._seats.leave(self._seat)
            self._seat = None

    async def _ask(self, request: Request, conversation: str | None = None) -> None:
        """Begin the next call; the one before is over."""
        await self._calls.aclose()
        self._attempt += 1
        self._heard = False
        self._reader = PartReader()
        brief = self._brief
        wire = for_page(request, brief.model, brief.session, conversation)
        self._call: LiveCall = await self._calls.enter_async_context(brief.session.call(wire, self._attempt))

    async def _round(self, continuing: Continuing | None = None) -> AsyncIterator[list[Event]]:
        """Yield what one call gives; an empty list says that nothing came for a while."""
        emulation = self._brief.emulation
        now = asyncio.get_running_loop().time
        shown = now()
        async for parts, outcome in self._call.batches(self._idle):
            self._heard = self._heard or bool(parts)
            events = self._translate(parts, outcome)
            if emulation is not None:
                events = emulation.feed(events)
            if continuing is not None:
                continuing.note(events, outcome)
            # what an emulation holds back for long is silence to the client
            if events or (outcome is None and (not parts or now() - shown >= self._idle)):
                shown = now()
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

    def _abandon(self) -> list[Event]:
        """A correction that fails takes nothing from the answer that it was to mend."""
        assert self._brief.emulation is not None  # noqa: S101  # only an emulation asks for corrections
        return self._brief.emulation.abandon()


def _call_id() -> str:
    return f"call_{secrets.token_urlsafe(12)}"
