"""Stand-ins for what sessions and their registry talk to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from support.bridge import Clock, hello, state

from relay.bridge.frames import RelayFrame
from relay.bridge.protocol import Clocks, Window
from relay.bridge.registry import SessionRegistry, Terms
from relay.bridge.session import Session


class FakeLink:
    """A socket without a socket: what is sent to it is kept, whether its page answers a probe is the test's choice."""

    def __init__(self, *, answers: bool = False) -> None:
        self.answers = answers
        self.wakes = 0
        self.posted: list[RelayFrame] = []
        self.dropped: tuple[int, str] | None = None
        self.probed = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def wake(self) -> None:
        self.wakes += 1

    def post(self, frame: RelayFrame) -> None:
        self.posted.append(frame)

    def drop(self, code: int, reason: str) -> None:
        self.dropped = (code, reason)

    async def probe(self) -> bool:
        self.probed.set()
        await self.may_answer.wait()
        return self.answers


@dataclass
class FakeLog:
    """The memory of sessions, as a dictionary."""

    known: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    may_look: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_look.set()

    async def remember(self, session: Session) -> None:
        if self.error is not None:
            raise self.error
        self.known[session.id] = session.identity.credential

    async def belongs(self, session_id: str, credential: str) -> bool:
        await self.may_look.wait()
        return self.known.get(session_id) == credential


class Desk:
    """A registry with a clock moved by hand, and short ways to attach pages."""

    def __init__(self, **terms: Any) -> None:
        self.clock = Clock()
        self.log = FakeLog()
        defaults = {"window": Window(), "clocks": Clocks(), "grace": 30.0, "queue_size": 4, "queue_seconds": 60.0}
        self.registry = SessionRegistry(Terms(**(defaults | terms)), self.log, self.clock)

    async def attach(self, link: FakeLink | None = None, credential: str = "b-1", **fields: Any) -> Session:
        """A page says hello."""
        session, _, _ = await self.registry.attach(link or FakeLink(), hello(**fields), credential)
        return session

    async def ready(self, link: FakeLink | None = None, credential: str = "b-1", **fields: Any) -> Session:
        """A page says hello and that it can answer."""
        session = await self.attach(link, credential)
        self.tell(session, **fields)
        return session

    def tell(self, session: Session, word: str = "ready", **fields: Any) -> None:
        """The page of `session` says what it can do."""
        session.apply(state(word, **fields))
        self.registry.changed()

    def lose(self, session: Session, *, page_gone: bool = False) -> None:
        """The socket of `session` breaks."""
        assert session.link is not None
        self.registry.detach(session, session.link, page_gone=page_gone)

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.clock.now += seconds
        self.registry.tick(self.clock.now)


async def settle() -> None:
    """Let every task go as far as it can without anything new from outside."""
    for _ in range(5):
        await asyncio.sleep(0)
