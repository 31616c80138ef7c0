"""What a request goes on from: the responses before it, and the stored items that it refers to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from relay.dialects.openai_responses.inbound import Asked, Before
from relay.dialects.openai_responses.wire import Item
from relay.errors import ContextLengthExceeded, InvalidRequest, PreviousResponseNotFound
from relay.gateway.responses.seal import Seal
from relay.gateway.responses.shelf import Shelf
from relay.store import Turn

MOST_RECENT: Final = 16
CONTINUED: Final = frozenset({"completed", "incomplete"})
"""A response of any other status is not there yet, or never will be."""

Items = tuple[Item, ...]


class _Answered(msgspec.Struct, frozen=True):
    output: Items = ()


_read_items: Final = msgspec.json.Decoder(Items).decode
_read_answer: Final = msgspec.json.Decoder(_Answered).decode


@dataclass(frozen=True, slots=True)
class Past:
    """What a request goes on from.

    Attributes:
        before: what was said.
        parent: the stored response before it.
        unstored: what was said and is not stored.
        first: the response that the conversation began with.
    """

    before: Before
    parent: str | None = None
    unstored: Items = ()
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation that is not stored: all that was said, and the response that it began with."""

    items: Items
    first: str


class Recent:
    """The conversations of one connection that are not stored: the newest few, within a bound of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._known: OrderedDict[str, tuple[Thread, int]] = OrderedDict()

    def add(self, id_: str, thread: Thread) -> None:
        """Remember what was said up to the response `id_` and in it."""
        self._known[id_] = thread, len(msgspec.json.encode(thread.items))
        while len(self._known) > MOST_RECENT or sum(size for _, size in self._known.values()) > self._most_bytes:
            self._known.popitem(last=False)

    def get(self, id_: str) -> Thread | None:
        """Return what was said up to the response `id_` and in it."""
        thread, _ = self._known.get(id_, (None, 0))
        return thread

    def forget(self, id_: str) -> None:
        """Forget a conversation."""
        self._known.pop(id_, None)

    def items(self) -> Iterable[Item]:
        """All items of all conversations, the oldest first."""
        return (item for thread, _ in self._known.values() for item in thread.items)


class Memory:
    """What was said before, of all keys; a conversation of more than `most_bytes` is not read."""

    def __init__(self, shelf: Shelf, seal: Seal, most_bytes: int) -> None:
        self._shelf = shelf
        self._seal = seal
        self._most_bytes = most_bytes

    async def recall(self, asked: Asked, owner: str, recent: Recent | None = None) -> Past:
        """Return what `asked` of `owner` goes on from; `recent` is what its connection remembers.

        Raises:
            PreviousResponseNotFound: that response is not there, or one before it is not.
            InvalidRequest: it is there, but has no answer to go on from.
            ContextLengthExceeded: it is too long.
        """
        past = await self._past(asked.previous_response_id, owner, recent)
        missing = set(asked.references) - {item.get("id") for item in past.before.history}
        if not missing:
            return past
        found = await self._found(missing, owner, recent)
        return replace(past, before=msgspec.structs.replace(past.before, found=found))

    async def _past(self, parent: str | None, owner: str, recent: Recent | None) -> Past:
        unseal = self._seal.open
        if parent is None:
            return Past(Before(unseal=unseal))
        if recent is not None and (thread := recent.get(parent)) is not None:
            return Past(Before(unseal=unseal, history=thread.items), None, thread.items, thread.first)
        turns = await self._turns(parent, owner)
        history = tuple(item for turn in turns for item in _said(turn))
        return Past(Before(unseal=unseal, history=history), parent, (), turns[0].id)

    async def _turns(self, id_: str, owner: str) -> Sequence[Turn]:
        chain = await self._shelf.chain(id_, owner, self._most_bytes)
        if chain.size > self._most_bytes:
            message = "The conversation is longer than relay takes (limits.body_bytes). Compact it, or begin a new one."
            raise ContextLengthExceeded(message, param=_PARAM)
        if chain.broken or not chain.turns:
            raise PreviousResponseNotFound(id_)
        if (status := chain.turns[-1].status) not in CONTINUED:
            raise InvalidRequest(f"The response {id_!r} is {status}; there is no answer to go on from.", param=_PARAM)
        return chain.turns

    async def _found(self, missing: set[str], owner: str, recent: Recent | None) -> Mapping[str, Item]:
        found = {item["id"]: item for item in (recent.items() if recent else ()) if item.get("id") in missing}
        if missing - found.keys():
            for text in await self._shelf.holding(missing - found.keys(), owner, self._most_bytes):
                found |= {item["id"]: item for item in _read_answer(text).output if item.get("id") in missing}
        return found


_PARAM: Final = "previous_response_id"


def _said(turn: Turn) -> Iterable[Item]:
    yield from _read_items(turn.input)
    yield from _read_answer(turn.response).output
