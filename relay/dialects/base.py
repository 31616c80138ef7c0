"""What the web layer needs from a dialect, and what all dialects share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, Protocol

import msgspec

from relay.core.answer import Answer
from relay.core.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from relay.errors import RelayError

CHUNK_CHARS: Final = 16 * 1024
"""Most characters of text in one event: line readers of many clients stop at 64 KiB."""


class StreamClosed(RuntimeError):
    """The stream has had its end; a caller that goes on has a bug."""


class StreamEncoder(Protocol):
    """Turn the events of one answer into the bytes of one stream.

    The caller sees to it that an answer ends exactly once, with ``Finished`` or with :meth:`error`.
    """

    @property
    def keep_alive(self) -> bytes:
        """What may be sent between two calls of :meth:`encode` so that nobody takes the connection for dead."""
        ...

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return all bytes for `events`, whole SSE events only.

        Raises:
            StreamClosed: the stream has had its end.
        """
        ...

    def error(self, error: RelayError) -> bytes:
        """Return `error` in the form that this dialect has within a stream; nothing may follow.

        Raises:
            StreamClosed: the stream has had its end.
        """
        ...


class Voice(Protocol):
    """How one answer is told; made for one call."""

    @property
    def stream_headers(self) -> Sequence[tuple[str, str]]:
        """Headers of the response that carries the encoder's bytes."""
        ...

    def encoder(self, model: str) -> StreamEncoder:
        """Return the encoder of the answer that `model` gives."""
        ...

    def whole(self, answer: Answer) -> bytes:
        """Return `answer` as one body."""
        ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one request may hold; its bytes are bounded before it comes here."""

    messages: int = 10_000
    tools: int = 512
    stops: int = 16
    depth: int = 200


DEFAULT_LIMITS: Final = Limits()
_NESTING: Final = (dict, list)


def deeper_than(value: object, depth: int) -> bool:
    """Return whether lists and objects are nested in `value` more than `depth` levels.

    What just fits the decoder's recursion limit does not fit the encoder's, which runs with more callers above it.
    """
    level = [value] if isinstance(value, _NESTING) else []
    for _ in range(depth + 1):
        if not level:
            return False
        inner = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for children in inner for child in children if isinstance(child, _NESTING)]
    return True


def coalesce(events: Iterable[Event]) -> Iterator[Event]:
    """Join neighbouring deltas of a kind, cut what is longer than ``CHUNK_CHARS``, leave out what is empty."""
    for key, run in groupby(events, _kind):
        if key is None:
            yield from run
        else:
            yield from _joined(list(run))


def _kind(event: Event) -> tuple[type[Event], str | int | tuple[str, str]] | None:
    """Return what deltas must share to be joined, ``None`` for an event that stands alone."""
    match event:
        case TextDelta(thought=thought):
            return TextDelta, thought
        case ReasoningDelta(source=source, kind=kind):
            return ReasoningDelta, (source, kind)
        case ToolCallDelta(index=index):
            return ToolCallDelta, index
        case _:
            return None


def _joined(run: list[Event]) -> Iterator[Event]:
    first = run[0]
    if isinstance(first, ToolCallDelta):
        field, pieces = "arguments", [event.arguments for event in run if isinstance(event, ToolCallDelta)]
    else:
        field, pieces = "text", [event.text for event in run if isinstance(event, TextDelta | ReasoningDelta)]
    text = pieces[0] if len(pieces) == 1 else "".join(pieces)
    if 0 < len(text) <= CHUNK_CHARS and len(run) == 1:
        yield first
        return
    for start in range(0, len(text), CHUNK_CHARS):
        yield msgspec.structs.replace(first, **{field: text[start : start + CHUNK_CHARS]})
