"""Pictures, speech, transcripts and embeddings by the sessions that can make them.

The rules of chat hold: which sessions may be asked, who comes first, what is said when there is none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from relay.backends.base import ANY, Wanted
from relay.backends.catalogs import DOORS, Catalogs, catalog_of
from relay.backends.choice import Choice
from relay.backends.media_parts import MediaReader
from relay.backends.pool import Homes, Names, Pool, no_names
from relay.backends.seats import Seat
from relay.bridge.protocol import Completed, Failed
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import LiveCall, Session
from relay.core.events import Finished, UsageReport
from relay.core.media import MediaEvent, MediaRequest, Method
from relay.errors import RelayError, UnsupportedFeature


class MediaTask:
    """Run a request on a session that has its method, and the options without which it is another request."""

    def __init__(self, request: MediaRequest, pool: Pool, catalogs: Catalogs) -> None:
        self.method: Method = request.METHOD
        self._request = request
        self._pool = pool
        self._catalogs = catalogs
        self._binding = [option for option in request.options() if option in request.BINDING]

    @property
    def model(self) -> str:
        """The model that was asked for, else the first that there is on the sessions that may be asked."""
        if self._request.model:
            return self._request.model
        catalog = self._catalogs.of(self.method) if self._pool.whole else catalog_of(self._pool, self.method)
        return catalog.models[0].id if catalog.models else ""

    def problem(self, session: Session) -> RelayError | None:
        """Return what `session` cannot do of it, ``None`` if it can do it all."""
        for option in self._binding:
            if option not in session.capabilities.parameters:
                name = option.partition(".")[2]
                return UnsupportedFeature(
                    f"The connected session makes {DOORS[self.method]}, but does not take {name}.", param=name
                )
        return None

    def rank(self, session: Session) -> tuple[int, ...]:
        """The lower, the better: who honours most of what is asked."""
        return (len(_left_out(self._request, session)),)


class MediaReply:
    """One answer on its way.

    Attributes:
        model: the id of the model that answers.
        account: which session answers, for logs.
        dropped: options of the request that have no effect.
    """

    def __init__(
        self, request: MediaRequest, seat: Seat, call: LiveCall, dropped: tuple[str, ...], idle: float
    ) -> None:
        self.model = seat.model
        self.account = seat.session.id[:8]
        self.dropped = dropped
        self._reader = MediaReader(request)
        self._call = call
        self._idle = idle

    async def events(self) -> AsyncIterator[list[MediaEvent]]:
        """Yield what is made as it comes; an empty list says that nothing came for a while.

        Raises:
            RelayError: it failed.
        """
        async for parts, outcome in self._call.batches(self._idle):
            events = self._reader.feed(parts)
            match outcome:
                case Failed(error=error):
                    raise error
                case Completed(finish_reason=reason, usage=usage):
                    self._reader.end()
                    events += [] if usage is None else [UsageReport(usage)]
                    events.append(Finished(reason))
                case None:
                    pass
            yield events


class MediaBackend:
    """All pages that can do more than chat."""

    def __init__(self, registry: SessionRegistry, catalogs: Catalogs, idle: float, names: Names = no_names) -> None:
        self._registry = registry
        self._catalogs = catalogs
        self._idle = idle
        self._names = names

    @asynccontextmanager
    async def open(self, request: MediaRequest, wanted: Wanted = ANY) -> AsyncIterator[MediaReply]:
        """Run `request` on the session that does it best; leaving the block early cancels it there.

        Raises:
            RelayError: nobody can do it.
        """
        pool = Pool(self._registry, Homes(), wanted, self._names)
        task = MediaTask(request, pool, self._catalogs)
        async with Seat(self._registry, Choice(task, pool, self._catalogs)) as seat:
            dropped = _left_out(request, seat.session)
            wire = _without(request, dropped, seat.model)
            async with seat.session.call(wire) as call:
                names = tuple(option.partition(".")[2] for option in dropped)
                yield MediaReply(wire, seat, call, names, self._idle)


def _left_out(request: MediaRequest, session: Session) -> tuple[str, ...]:
    return tuple(option for option in request.options() if option not in session.capabilities.parameters)


def _without(request: MediaRequest, options: tuple[str, ...], model: str) -> MediaRequest:
    """Return what the page gets: its own id of the model, and the options that it honours."""
    names = {option.partition(".")[2] for option in options}
    unset = {field.name: field.default for field in msgspec.structs.fields(request) if field.name in names}
    return msgspec.structs.replace(request, model=model, **unset)
