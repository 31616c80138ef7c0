"""Slots of sessions for requests, and what each session's conversations hold."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from relay.backends.choice import Choice
from relay.backends.continuing import Continuing
from relay.backends.policy import Policy
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session
from relay.core.request import Request
from relay.core.threads import Threads
from relay.routing.catalog import Catalog


class Seats:
    """Where requests wait for sessions."""

    def __init__(self, registry: SessionRegistry, catalog: Callable[[], Catalog], policy: Policy) -> None:
        self.policy = policy
        self._registry = registry
        self._catalog = catalog
        self._threads: WeakKeyDictionary[Session, Threads] = WeakKeyDictionary()

    def choice(self, request: Request) -> Choice:
        """Return what picks the session for `request`."""
        return Choice(request, self._registry, self._catalog, self.policy)

    async def take(self, choice: Choice) -> Session:
        """Wait for a slot of the session that `choice` picks; give it back with leave.

        Raises:
            RelayError: no session can serve the request, or none did in time.
        """
        return await self._registry.acquire(choice)

    def leave(self, session: Session) -> None:
        """Give a slot back."""
        self._registry.release(session)

    def continuing(self, request: Request, session: Session) -> Continuing | None:
        """Return the way into the conversations of `session`, if its calls should go on in them."""
        if not self.policy.reuses_threads(session):
            return None
        return Continuing(self._threads.setdefault(session, Threads()), request)
