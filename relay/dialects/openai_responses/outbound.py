"""Answers in the form of Responses, streamed and whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from relay.core import sse
from relay.core.answer import Answer
from relay.core.events import Event, Finished, Started, UsageReport
from relay.dialects.openai_responses import payloads
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.openai_responses.writer import Writer
from relay.errors import RelayError

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""The last event of a response; a stream of server-sent events has ``[DONE]`` after it."""
PIECE_BYTES: Final = 64 * 1024
"""Of a stream that is read again, in one write."""


class ResponseEncoder:
    """Encode one answer as server-sent events; see :class:`relay.dialects.base.StreamEncoder`."""

    keep_alive = sse.COMMENT

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return the events that tell `events`."""
        return framed(self._writer.payloads(events))

    def error(self, error: RelayError) -> bytes:
        """Return the end of a response that `error` broke off."""
        return framed(self._writer.failed(error))


def framed(told: Iterable[Payload]) -> bytes:
    """Return `told` as server-sent events, with ``[DONE]`` after the last one of a response."""
    out: list[bytes] = []
    for payload in told:
        out.append(payloads.sse(payload))
        if payload.type in TERMINAL:
            out.append(sse.DONE)
    return b"".join(out)


def pieces(batch: Iterable[Payload]) -> Iterator[bytes]:
    """Yield what :func:`framed` returns of `batch` a little at a time.

    A reader that reads nothing must not hold a copy of all of it.
    """
    small: list[Payload] = []
    room = PIECE_BYTES
    for payload in batch:
        if small and len(payload.data) > room:
            yield framed(small)
            small, room = [], PIECE_BYTES
        if len(payload.data) > PIECE_BYTES:
            yield from _cut(payload)
        else:
            small.append(payload)
            room -= len(payload.data)
    if small:
        yield framed(small)


def _cut(payload: Payload) -> Iterator[bytes]:
    """Yield the bytes of one event that is large: those that echo long instructions are."""
    head, mark, tail = framed([msgspec.structs.replace(payload, data=b"")]).partition(b"data: ")
    yield head + mark
    for start in range(0, len(payload.data), PIECE_BYTES):
        yield payload.data[start : start + PIECE_BYTES]
    yield tail


class ResponsesVoice:
    """Tells one answer; see :class:`relay.dialects.base.Voice`."""

    stream_headers = sse.HEADERS

    def __init__(self, make: Callable[[str], Writer]) -> None:
        """`make` returns the writer of the answer that a model gives."""
        self._make = make

    def encoder(self, model: str) -> ResponseEncoder:
        """Return the encoder of the answer that `model` gives."""
        return ResponseEncoder(self._make(model))

    def whole(self, answer: Answer) -> bytes:
        """Return `answer` as one response object: the last one of the stream that tells the same."""
        writer = self._make(answer.model)
        writer.payloads(_retold(answer))
        return writer.body()


def _retold(answer: Answer) -> Iterator[Event]:
    """Yield the events that `answer` was made of."""
    yield Started(answer.model)
    yield from answer.events
    if answer.usage is not None:
        yield UsageReport(answer.usage)
    yield Finished(answer.finish_reason, answer.stop_sequence, answer.thinking)
