"""Browser sessions as a backend: pick a session, send the call over the bridge, read its parts as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.backends.base import ANY, Recall, Wanted, nothing_recalled
from relay.backends.catalogs import Catalogs, Wall, catalog_of
from relay.backends.choice import ChatTask, Choice
from relay.backends.continuing import Continuing, Conversations
from relay.backends.policy import Policy
from relay.backends.pool import Homes, Names, Pool, is_called, no_names
from relay.backends.reply import BrowserReply
from relay.backends.seats import Seat
from relay.backends.shaping import remembering
from relay.bridge.registry import SessionRegistry
from relay.core.model import ModelEntry
from relay.core.request import Request


class BrowserBackend:
    """All signed-in pages behind one list of models."""

    def __init__(
        self,
        registry: SessionRegistry,
        idle: float,
        wall: Wall,
        policy: Policy | None = None,
        names: Names = no_names,
    ) -> None:
        self._registry = registry
        self._idle = idle
        self._wall = wall
        self._policy = policy or Policy()
        self._names = names
        self._homes = Homes()
        self._conversations = Conversations(self._policy)
        self.catalogs = Catalogs(registry, wall)

    def models(self) -> tuple[ModelEntry, ...]:
        """The models of all sessions that can answer, or could a moment ago."""
        return self.catalogs.all.models

    def find_model(self, name: str) -> ModelEntry:
        """Return one of them by id or alias; raises ``ModelNotFound``."""
        return self.catalogs.all.find(name)

    def default_model(self, preferred: str, session: str | None = None) -> str:
        """Return what a client that names no model asks for: `preferred`, or the first model if that is not offered.

        `session` is the only one that counts, as the client calls it.
        """
        offered = self.catalogs.of("chat")
        if session is not None:
            meant = [one for one in self._registry if is_called(one, session, self._names)]
            offered = catalog_of(meant, "chat")
        return preferred if preferred in offered or not offered.models else offered.models[0].id

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        wanted: Wanted = ANY,
        recall: Recall = nothing_recalled,
    ) -> AsyncIterator[BrowserReply]:
        """Run `request` on the session that serves it best, of those that are `wanted`."""
        continuing = Continuing(self._conversations, request)
        pool = Pool(self._registry, self._homes, wanted, self._names)
        choice = Choice(ChatTask(request, self._policy, continuing), pool, self.catalogs)
        async with (
            Seat(self._registry, choice) as seat,
            BrowserReply(remembering(request, recall), seat, self._policy, continuing, self._idle) as reply,
        ):
            yield reply
