"""What a backend is to the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import msgspec

from relay.core.events import Event
from relay.core.model import ModelEntry
from relay.core.reasoning import NO_WISH, Wish
from relay.core.request import Request


class Reply(Protocol):
    """One answer on its way."""

    @property
    def model(self) -> str:
        """The id of the model that answers."""

    @property
    def account(self) -> str:
        """Which session or key answers, for logs; no secret."""

    @property
    def dropped(self) -> Sequence[str]:
        """Parameters of the request that will not be honoured."""

    @property
    def enforces(self) -> Sequence[str]:
        """Parameters that the far end honours itself."""

    def events(self) -> AsyncIterator[list[Event]]:
        """Yield events as they come, all that are there at a time.

        An empty list says that nothing came for a while, so that the reader can show its client that it is alive.

        Raises:
            RelayError: the answer failed.
        """


class Wanted(msgspec.Struct, frozen=True):
    """What a caller would like besides an answer.

    ``account`` and no other shall answer, or the one that served ``key`` before. ``reasoning`` changes how much of it
    there is, and where.
    """

    account: str | None = None
    key: str | None = None
    reasoning: Wish = NO_WISH


ANY = Wanted()

Recall: TypeAlias = Callable[[Request, str, str], Request]
"""Gives a request the reasoning and the proofs of it that an account and its model made earlier, and no others."""


def nothing_recalled(request: Request, account: str, model: str) -> Request:
    """Return `request` as it is."""
    del account, model
    return request


class Backend(Protocol):
    """Anything that answers requests."""

    def models(self) -> Sequence[ModelEntry]:
        """The models that can be asked for now."""

    def find_model(self, name: str) -> ModelEntry:
        """Return one of them by id or alias; raises ``ModelNotFound``."""

    def open(
        self, request: Request, wanted: Wanted = ANY, recall: Recall = nothing_recalled
    ) -> AbstractAsyncContextManager[Reply]:
        """Send `request` to whoever answers it, with what `recall` has for it.

        Leaving the block early cancels it there.

        Raises:
            RelayError: nobody can answer it.
        """
