"""The backend on sessions without sockets: what their pages are sent, and what they answer."""

from __future__ import annotations

import asyncio
from typing import Any

from support.bridge import REQUEST, accepted, texts
from support.links import Desk, settle

from relay.backends.base import Backend, Reply
from relay.backends.browser import BrowserBackend
from relay.backends.policy import Policy
from relay.bridge.frames import Call, Done, Fail, Parts, TextPart
from relay.bridge.session import Session
from relay.core.events import Event, FinishReason, TextDelta, Usage
from relay.core.request import Request, Text, UserMessage


def request(*said: str, **fields: Any) -> Request:
    """A request of the user's messages, or of the usual one."""
    messages = tuple(UserMessage(content=(Text(text=each),)) for each in said) or REQUEST.messages
    return Request(**({"model": "demo", "messages": messages} | fields))


def text_of(asked: Request) -> str:
    """All text of the messages that a page was sent."""
    return "\n".join(part.text for message in asked.messages for part in message.content if isinstance(part, Text))


def said(events: list[Event]) -> str:
    """The text that the client gets."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class Office(Desk):
    """A desk with the backend that uses its sessions."""

    def __init__(self, policy: Policy | None = None, idle: float = 3600, **terms: Any) -> None:
        super().__init__(**terms)
        self.wall = 1000.9
        self.backend: Backend = BrowserBackend(self.registry, idle, lambda: self.wall, policy)

    async def ask(self, asked: Request = REQUEST) -> tuple[Session, Call]:
        """Which session gets a request, and what its page is sent."""
        async with self.backend.open(asked):
            return self.sent()

    def begin(self, asked: Request = REQUEST) -> asyncio.Task[tuple[Session, Call]]:
        """The same, as a task that may have to wait."""
        return asyncio.create_task(self.ask(asked))

    def sent(self) -> tuple[Session, Call]:
        """The call that a page was sent."""
        (sent,) = self.all_sent()
        return sent

    def all_sent(self) -> list[tuple[Session, Call]]:
        """The calls that pages were sent."""
        return [(session, frame) for session in self.registry for frame in session.drain() if isinstance(frame, Call)]

    def dialogue(self, asked: Request = REQUEST) -> Dialogue:
        """A client that reads the whole answer."""
        return Dialogue(self, asked)

    @property
    def slots(self) -> list[int]:
        """How many slots of each session are taken."""
        return [session.in_flight for session in self.registry]


class Dialogue:
    """One request read to its end in a task, while the test plays the page."""

    def __init__(self, office: Office, asked: Request) -> None:
        self.batches: list[list[Event]] = []
        self._office = office
        self._task = asyncio.create_task(self._read(asked))

    async def _read(self, asked: Request) -> Reply:
        async with self._office.backend.open(asked) as reply:
            async for batch in reply.events():
                self.batches.append(batch)
        return reply

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._task.done()

    async def next_call(self) -> tuple[Session, Call]:
        """The next call that this request makes."""
        await settle()
        return self._office.sent()

    async def answer(self, *pieces: str, usage: Usage | None = None, conversation: str | None = None) -> Request:
        """Let the page that is asked next answer; return what it was asked."""
        session, call = await self.next_call()
        session.receive(accepted(call.call, call.attempt), 1)
        if pieces:
            session.receive(texts(0, *pieces, call=call.call, attempt=call.attempt), 1)
            await settle()
        end = Done(
            call=call.call,
            attempt=call.attempt,
            seq=len(pieces),
            finish_reason=FinishReason.STOP,
            usage=usage,
            conversation=conversation,
        )
        session.receive(end, 1)
        await settle()
        return call.request

    async def fail(self, kind: str, *pieces: str, retry_after: float | None = None) -> Session:
        """Let the page that is asked next fail after `pieces`."""
        session, call = await self.next_call()
        if pieces:
            parts = Parts(call=call.call, attempt=call.attempt, seq=0, parts=tuple(map(TextPart, pieces)))
            session.receive(parts, 1)
            await settle()
        end = Fail(
            call=call.call, attempt=call.attempt, seq=len(pieces), kind=kind, message="No.", retry_after=retry_after
        )
        session.receive(end, 1)
        await settle()
        return session

    async def events(self) -> list[Event]:
        """All events of the answer; raises what ended it."""
        await self._task
        return [event for batch in self.batches for event in batch]

    async def reply(self) -> Reply:
        """The reply, read to its end."""
        return await self._task

    async def cancel(self) -> None:
        """The client is gone."""
        self._task.cancel()
        await asyncio.wait([self._task])
