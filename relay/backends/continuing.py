"""Going on in the site's own conversation, for one request."""

from __future__ import annotations

from relay.bridge.protocol import Completed, Outcome
from relay.core.answer import Collector
from relay.core.events import Event, Finished
from relay.core.request import Request
from relay.core.threads import History, Threads


class Continuing:
    """Which conversation a request goes on in, and what its answer makes of it."""

    def __init__(self, threads: Threads, request: Request) -> None:
        self._threads = threads
        self._history = History(request)
        self._collector = Collector()

    def take(self) -> str | None:
        """Return the conversation that holds what was said before, if there is one; nobody else gets it meanwhile."""
        thread = self._threads.take(self._history)
        return None if thread is None else thread.conversation

    def note(self, events: list[Event], outcome: Outcome | None) -> None:
        """Take in what the client gets; a conversation with the whole answer in it can be gone on with."""
        self._collector.feed(events)
        complete = bool(events) and isinstance(events[-1], Finished)
        if complete and isinstance(outcome, Completed) and outcome.conversation is not None:
            self._threads.keep(self._history, self._collector.result(), outcome.conversation)
