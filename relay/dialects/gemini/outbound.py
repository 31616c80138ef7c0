"""Answers in Google's form, streamed and whole.

Every event of a stream is a whole ``GenerateContentResponse`` with the new parts; the last one has ``finishReason`` and
the usage, and then the body ends: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
Without ``alt=sse`` the same responses are the items of one JSON array.

- A call comes whole, when its arguments are complete. Arguments that are no JSON object have no place in a call: it is
  left out, and the answer ends with ``MALFORMED_FUNCTION_CALL``.
- Reasoning is told to those who ask for it (``includeThoughts``), as parts with ``thought: true``. Others may take
  every text for the answer, as they may with Google.
- The last event has an empty text: chats of Google's Python SDK forget an answer that has a content without parts.
- Images are ``inlineData``, or Markdown in the text where only their address is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec
from msgspec import UNSET

from relay.core import sse
from relay.core.answer import Answer
from relay.core.events import Event, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from relay.dialects.base import StreamClosed, coalesce
from relay.dialects.gemini import errors, wire
from relay.dialects.gemini.form import PLAIN, ReplyForm
from relay.dialects.gemini.pieces import Frame, candidate, last_candidate
from relay.dialects.gemini.telling import Telling
from relay.errors import RelayError

_ARRAY_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
)
_encode: Final = msgspec.json.Encoder().encode


class GeminiVoice:
    """Tell one answer in Google's form; see :class:`relay.dialects.base.Voice`."""

    def __init__(self, answer_id: str, form: ReplyForm = PLAIN) -> None:
        self._id = answer_id
        self._form = form

    @property
    def stream_headers(self) -> Sequence[tuple[str, str]]:
        """Those of server-sent events, or of JSON that comes bit by bit."""
        return _ARRAY_HEADERS if self._form.array else sse.HEADERS

    def encoder(self, model: str) -> ResponseEncoder:
        """Return the encoder of the responses."""
        return ResponseEncoder(Frame(id=self._id, model=model, form=self._form))

    def whole(self, answer: Answer) -> bytes:
        """Return one ``GenerateContentResponse``."""
        return response(Frame(id=self._id, model=answer.model, form=self._form), answer)


class ResponseEncoder:
    """Encode one answer as a stream of responses; see :class:`relay.dialects.base.StreamEncoder`.

    What surrounds a text is rendered once, here: a piece of text costs its own encoding.
    """

    keep_alive = sse.BLANK

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._items: _Events | _Array = _Array() if frame.form.array else _Events()
        self._telling = Telling(thoughts=frame.form.thoughts)
        self._before_text, self._after_text = frame.response(candidate(wire.ToldPart(text=""))).split(b'""', 1)
        self._closed = False

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return the responses for `events`."""
        if self._closed:
            raise _closed()
        return b"".join(map(self._piece, coalesce(events)))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last item of the stream; Google's SDKs raise it."""
        if self._closed:
            raise _closed()
        self._closed = True
        return self._items.last(errors.body(error, self._frame.id))

    def _piece(self, event: Event) -> bytes:
        if self._closed:
            raise _closed()
        if isinstance(event, Finished):
            return self._finish(event)
        part = self._telling.part(event)
        if part is not None:
            return self._items.next(self._response(event, part))
        # The model is at work where nothing can be told yet, and the client may wait for a sign of it.
        return self.keep_alive if isinstance(event, ReasoningDelta | ToolCallDelta) else b""

    def _response(self, event: Event, part: wire.ToldPart) -> bytes:
        if isinstance(event, TextDelta):
            return b"%b%b%b" % (self._before_text, _encode(part.text), self._after_text)
        return self._frame.response(candidate(part))

    def _finish(self, finished: Finished) -> bytes:
        self._closed = True
        end = last_candidate([], finished.reason, self._telling.broken)
        return self._items.last(self._frame.response(end, self._telling.usage, finished.thinking))


def response(frame: Frame, answer: Answer) -> bytes:
    """Return `answer` as one ``GenerateContentResponse``."""
    telling = Telling(thoughts=frame.form.thoughts)
    parts = [part for event in answer.events if (part := telling.part(event)) is not None]
    end = last_candidate(list(_joined(parts)), answer.finish_reason, telling.broken)
    return frame.response(end, answer.usage, answer.thinking)


def _joined(parts: Iterable[wire.ToldPart]) -> Iterator[wire.ToldPart]:
    """Yield `parts` with neighbouring texts, or thoughts, as one."""
    for kind, run in groupby(parts, _kind_of_text):
        if kind is None:
            yield from run
        else:
            yield msgspec.structs.replace(kind, text="".join(part.text or "" for part in run))


def _kind_of_text(part: wire.ToldPart) -> wire.ToldPart | None:
    """Return what of a text others must share to be joined to it, ``None`` for a part that stands alone."""
    if part.text is UNSET or part.thought_signature is not UNSET:
        return None
    return msgspec.structs.replace(part, text="")


class _Events:
    """Responses as server-sent events."""

    def next(self, body: bytes) -> bytes:
        return sse.data(body)

    def last(self, body: bytes) -> bytes:
        return sse.data(body)


class _Array:
    """Responses as the items of one JSON array."""

    def __init__(self) -> None:
        self._before = b"["

    def next(self, body: bytes) -> bytes:
        before, self._before = self._before, b",\n"
        return before + body

    def last(self, body: bytes) -> bytes:
        return self.next(body) + b"]"


def _closed() -> StreamClosed:
    return StreamClosed("the stream has had its end")
