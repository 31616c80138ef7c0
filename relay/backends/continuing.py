"""Going on in the site's own conversations."""

from __future__ import annotations

from functools import cached_property
from weakref import WeakKeyDictionary

from relay.backends.policy import Policy
from relay.bridge.session import Session
from relay.core.answer import Collector
from relay.core.events import Event, Finished
from relay.core.request import Request
from relay.core.threads import History, Threads


class Conversations:
    """What the conversations of each session hold, where they may be gone on with."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._threads: WeakKeyDictionary[Session, Threads] = WeakKeyDictionary()

    def of(self, session: Session) -> Threads | None:
        """Return those of `session`, ``None`` if each of its calls is to have a new one."""
        if not self._policy.reuses_threads(session):
            return None
        return self._threads.setdefault(session, Threads())


class Continuing:
    """Which conversation one request goes on in, and what its answer makes of it."""

    def __init__(self, conversations: Conversations, request: Request) -> None:
        self._conversations = conversations
        self._request = request
        self._collector: Collector | None = None
        self._finished = False

    def knows(self, session: Session) -> bool:
        """Whether a conversation of `session` holds what was said before."""
        threads = self._conversations.of(session)
        return threads is not None and threads.find(self._history) is not None

    def begin(self, session: Session) -> str | None:
        """Return the conversation of `session` to go on in, if there is one; nobody else gets it meanwhile."""
        self._collector, self._finished = None, False
        threads = self._conversations.of(session)
        if threads is None:
            return None
        self._collector = Collector()
        thread = threads.take(self._history)
        return None if thread is None else thread.conversation

    def note(self, events: list[Event]) -> None:
        """Take in what the client gets."""
        if self._collector is not None and events:
            self._collector.feed(events)
            self._finished = isinstance(events[-1], Finished)

    def keep(self, session: Session, conversation: str) -> None:
        """The client has the answer, and `conversation` of `session` ends with it.

        If the client was given less than all of it, it will not send back what would match.
        """
        threads = self._conversations.of(session)
        if threads is not None and self._collector is not None and self._finished:
            threads.keep(self._history, self._collector.result(), conversation)

    @cached_property
    def _history(self) -> History:
        return History(self._request)
