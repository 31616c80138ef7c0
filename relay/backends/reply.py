"""The answer of a page: one call, or several that make one answer.

Several, because a page may ask to be asked again, and because an answer that relay emulates may need a correction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from relay.backends.continuing import Continuing
from relay.backends.parts import PartReader
from relay.backends.policy import Policy
from relay.backends.seats import Seat
from relay.backends.shaping import Asked, emulation_for, for_page, left_out
from relay.bridge.frames import Part
from relay.bridge.protocol import Completed, Failed, Outcome
from relay.bridge.session import LiveCall
from relay.core.events import Event, Finished, Started, UsageReport
from relay.errors import NothingSent, RelayError

MOST_REPEATS = 2
"""How often pages may ask to be asked again, for each question."""


class BrowserReply:
    """The reader's end of an answer (see :class:`relay.backends.base.Reply`)."""

    def __init__(self, asked: Asked, seat: Seat, policy: Policy, continuing: Continuing, idle: float) -> None:
        self._asked = asked
        self._seat = seat
        self._policy = policy
        self._continuing = continuing
        self._idle = idle
        self._running: AbstractAsyncContextManager[LiveCall] | None = None
        self._attempt = self._repeats = 0
        self._correcting = False
        self._conversation: str | None = None
        self._brief()
        self.model = seat.model
        self.account = seat.session.id[:8]
        self.dropped = left_out(self._request, seat.session, policy)
        self.enforces = seat.session.capabilities.parameters

    async def __aenter__(self) -> Self:
        await self._ask(self._continuing.begin(self._seat.session))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._end_call(kind, error, traceback)
        if kind is None and self._conversation is not None:
            self._continuing.keep(self._seat.session, self._conversation)

    async def events(self) -> AsyncIterator[list[Event]]:
        """Yield the answer's events.

        Raises:
            RelayError: the answer failed.
        """
        now = asyncio.get_running_loop().time
        while True:
            shown = now()
            outcome: Outcome | None = None
            async for parts, outcome in self._call.batches(self._idle):
                events = self._translate(parts, outcome)
                # what an emulation holds back for long is silence to the client
                if events or (outcome is None and (not parts or now() - shown >= self._idle)):
                    shown = now()
                    yield events
            try:
                if not await self._go_on(outcome):
                    return
            except RelayError as error:
                yield self._abandon(error)
                return

    def _brief(self) -> None:
        """See what is to be done for the session that will answer."""
        self._request = self._asked(self._seat.session, self._seat.model)
        self._emulation = emulation_for(self._request, self._seat.session, self._policy)
        self._question = self._request if self._emulation is None else self._emulation.request
        self._head: list[Event] = [Started(self._seat.model)]

    async def _go_on(self, outcome: Outcome | None) -> bool:
        """Begin the next call of this answer; ``False`` if it is complete.

        Raises:
            RelayError: what ended it.
        """
        if isinstance(outcome, Failed):
            await self._repeat(outcome.error)
            return True
        correction = None if self._emulation is None else self._emulation.correction
        if correction is None:
            return False
        self._correcting, self._question, self._repeats = True, correction, 0
        self._conversation = None
        await self._ask()
        return True

    async def _repeat(self, error: RelayError) -> None:
        """Ask once more if that is what the page wants, whoever is the one to ask now."""
        if not isinstance(error, NothingSent) or self._heard or self._repeats == MOST_REPEATS:
            raise error
        await self._end_call()
        await self._seat.change()
        self._repeats += 1
        if self._correcting:
            await self._ask()
        else:
            self._brief()
            await self._ask(self._continuing.begin(self._seat.session))

    async def _ask(self, conversation: str | None = None) -> None:
        """Begin the next call; the one before is over."""
        await self._end_call()
        self._attempt += 1
        self._heard = self._given = False
        self._reader = PartReader()
        session = self._seat.session
        wire = for_page(self._question, self._seat.model, session, conversation)
        running = session.call(wire, self._attempt)
        self._call: LiveCall = await running.__aenter__()
        self._running = running

    async def _end_call(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.__aexit__(kind, error, traceback)

    def _translate(self, parts: list[Part], outcome: Outcome | None) -> list[Event]:
        """Return what the client gets for `parts` and `outcome`."""
        events = self._reader.feed(parts)
        if isinstance(outcome, Completed):
            events += self._reader.end()
            if outcome.usage is not None:
                events.append(UsageReport(outcome.usage))
            events.append(Finished(outcome.finish_reason))
            if not self._correcting:  # else the site has the answer and what was wrong with it
                self._conversation = outcome.conversation
        if events and self._head:
            events = self._head + events
            self._head = []
        if self._emulation is not None:
            events = self._emulation.feed(events)
        self._continuing.note(events)
        self._heard = self._heard or bool(parts)
        self._given = self._given or bool(events)
        return events

    def _abandon(self, error: RelayError) -> list[Event]:
        """Return the end of an answer whose correction failed: that takes nothing from what there is."""
        if self._emulation is None or not self._correcting or self._given:
            raise error
        return self._emulation.abandon()
