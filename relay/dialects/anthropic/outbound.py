"""Answers in Anthropic's form, streamed and whole.

Events: https://platform.claude.com/docs/en/build-with-claude/streaming. The order is ``message_start``, for each block
``content_block_start``, its deltas and ``content_block_stop``, then ``message_delta`` with the reason of the end and
the usage, ``message_stop``. One block is open at a time and their indexes have no gaps: clients address blocks by them.

Four things have no place in Anthropic's document:

- Images become Markdown in the text, ``![image](url)`` in a paragraph of its own.
- Thinking that nobody signed has the signature ``""``.
- ``usage.estimated`` tells that the session did not count.
- ``relay`` in ``message_delta`` and in a whole message says where the reasoning came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from relay.core import sse
from relay.core.answer import Answer
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    Started,
    Usage,
    UsageReport,
)
from relay.dialects.anthropic import errors, wire
from relay.dialects.anthropic.form import PLAIN, ReplyForm
from relay.dialects.anthropic.pieces import Added, Blocks, Closed, Opened, Piece, Signed, fold
from relay.dialects.base import StreamClosed, coalesce
from relay.errors import RelayError

PING: Final = sse.event("ping", b'{"type":"ping"}')
_STOP: Final = sse.event("message_stop", b'{"type":"message_stop"}')

_encode: Final = msgspec.json.Encoder().encode


class MessageVoice:
    """Tell one answer in Anthropic's form; see :class:`relay.dialects.base.Voice`.

    `input_tokens` is the estimate that a stream begins with: its clients want a number before there is one.
    """

    stream_headers = sse.HEADERS

    def __init__(self, message_id: str, form: ReplyForm = PLAIN, input_tokens: int = 0) -> None:
        self._id = message_id
        self._form = form
        self._input_tokens = input_tokens

    def encoder(self, model: str) -> EventEncoder:
        """Return the encoder of the events."""
        return EventEncoder(self._id, model, self._form, self._input_tokens)

    def whole(self, answer: Answer) -> bytes:
        """Return one message."""
        return message(self._id, answer, self._form)


class EventEncoder:
    """Encode one answer as a stream of events; see :class:`relay.dialects.base.StreamEncoder`.

    What the deltas of a block have in common is rendered once, when it opens: a delta costs the encoding of its own
    text.
    """

    keep_alive = PING

    def __init__(self, message_id: str, model: str, form: ReplyForm = PLAIN, input_tokens: int = 0) -> None:
        self._start = wire.Answer(
            id=message_id,
            model=model,
            stop_reason=None,
            stop_sequence=None,
            usage=_usage(Usage(input_tokens=input_tokens, output_tokens=0)),
        )
        self._blocks = Blocks(form.display)
        self._index = -1
        self._delta = b""
        self._usage = self._start.usage
        self._closed = False

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return the SSE events of `events`.

        Raises:
            BackendFailed: the model wrote a call that is no call.
        """
        if self._closed:
            raise _closed()
        return b"".join(map(self._event, coalesce(events)))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event of the stream."""
        if self._closed:
            raise _closed()
        self._closed = True
        return errors.event(error)

    def _event(self, event: Event) -> bytes:
        if self._closed:
            raise _closed()
        match event:
            case Started():
                return sse.event("message_start", b'{"type":"message_start","message":%b}' % _encode(self._start))
            case UsageReport(usage=usage):
                self._usage = _usage(usage)
                return b""
            case Finished():
                return self._finish(event)
            case _:
                return b"".join(map(self._piece, self._blocks.feed(event)))

    def _piece(self, piece: Piece) -> bytes:
        match piece:
            case Added(text=text):
                return b"%b%b}}\n\n" % (self._delta, _encode(text))
            case Signed(signature=signature):
                return b"%b%b}}\n\n" % (self._delta_head("signature_delta", "signature"), _encode(signature))
            case Closed():
                data = b'{"type":"content_block_stop","index":%d}' % self._index
                return sse.event("content_block_stop", data)
            case Opened(block=block):
                self._index += 1
                self._delta = self._delta_head(*_DELTAS[type(block)])
                data = b'{"type":"content_block_start","index":%d,"content_block":%b}' % (self._index, _encode(block))
                return sse.event("content_block_start", data)

    def _delta_head(self, kind: str, field: str) -> bytes:
        head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
        return head % (self._index, kind.encode(), field.encode())

    def _finish(self, finished: Finished) -> bytes:
        end = wire.MessageDelta(
            delta=_end(self._blocks, finished.reason, finished.stop_sequence),
            usage=self._usage,
            relay=finished.thinking,
        )
        last = b"".join(map(self._piece, self._blocks.close()))
        self._closed = True
        return last + sse.event("message_delta", _encode(end)) + _STOP


_DELTAS: Final = {
    wire.TextBlock: ("text_delta", "text"),
    wire.AnswerThinking: ("thinking_delta", "thinking"),
    wire.AnswerToolUse: ("input_json_delta", "partial_json"),
    wire.RedactedThinkingBlock: ("", ""),
}


def _closed() -> StreamClosed:
    return StreamClosed("the stream has had its end")


def message(message_id: str, answer: Answer, form: ReplyForm = PLAIN) -> bytes:
    """Return `answer` as one message.

    Raises:
        BackendFailed: the model wrote a call that is no call.
    """
    blocks = Blocks(form.display)
    pieces = [piece for event in answer.events for piece in blocks.feed(event)]
    pieces += blocks.close()
    end = _end(blocks, answer.finish_reason, answer.stop_sequence)
    body = wire.Answer(
        id=message_id,
        model=answer.model,
        content=fold(pieces),
        stop_reason=end.stop_reason,
        stop_sequence=end.stop_sequence,
        stop_details=end.stop_details,
        usage=_usage(answer.usage or Usage(input_tokens=0, output_tokens=0)),
        relay=answer.thinking,
    )
    return _encode(body)


def _end(blocks: Blocks, reason: FinishReason, stop_sequence: str | None) -> wire.Delta:
    word = blocks.stop_reason(reason, stop_sequence)
    return wire.Delta(
        stop_reason=word,
        stop_sequence=stop_sequence if word == "stop_sequence" else None,
        stop_details=wire.StopDetails() if word == "refusal" else None,
    )


def _usage(usage: Usage) -> wire.Usage:
    """Return `usage` as Anthropic counts: what was cached is no part of the input tokens."""
    cached = usage.cached_tokens + usage.cache_write_tokens
    details = wire.OutputTokensDetails(usage.reasoning_tokens) if usage.reasoning_tokens else msgspec.UNSET
    return wire.Usage(
        input_tokens=max(0, usage.input_tokens - cached),
        cache_creation_input_tokens=usage.cache_write_tokens,
        cache_read_input_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        output_tokens_details=details,
        estimated=usage.estimated,
    )
