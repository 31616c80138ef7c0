"""A slot of a session, from the choice of the session to the end of the answer."""

from __future__ import annotations

from typing import Self

from relay.backends.choice import Choice
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session


class Seat:
    """Holds one slot of one session while it is entered, whatever happens in between.

    Attributes:
        session: whose slot it is.
        model: that session's own id of the model that was asked for.
    """

    session: Session
    model: str

    def __init__(self, registry: SessionRegistry, choice: Choice) -> None:
        self._registry = registry
        self._choice = choice

    async def __aenter__(self) -> Self:
        await self._take()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._registry.release(self.session)

    async def change(self) -> None:
        """Choose once more, with what the pages say of themselves now.

        The slot is given back only for another one, so nobody who came later is served before.

        Raises:
            RelayError: no session can serve the request any more, or none did in time; the slot is still held.
        """
        before = self._choice.held = self.session
        await self._take()
        self._registry.release(before)

    async def _take(self) -> None:
        self.session = await self._registry.acquire(self._choice)
        self.model = self._choice.model
