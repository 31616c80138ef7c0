"""Answers in OpenAI's form, streamed and whole.

Chunks: https://platform.openai.com/docs/api-reference/chat-streaming. The order is the role first, then reasoning, text
and tool calls as they come, an empty delta with the finish reason, the usage where it was asked for, ``[DONE]``.

Four things have no place in OpenAI's document:

- Reasoning goes into ``reasoning_content``, the field that DeepSeek introduced
  (https://api-docs.deepseek.com/guides/reasoning_model) and most clients read. Where it came from and what it is
  stands in ``relay``, an object beside the choices of the last chunk that has any.
- Images become Markdown in the text, ``![image](url)`` in a paragraph of its own, so that every client shows them.
  There is no second copy in a field: clients that read both would show them twice.
- A streamed call of a custom tool comes as a function call with ``{"input": …}``: OpenAI has no streamed form for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from relay.core import sse
from relay.core.answer import Answer
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import Image, Text, ToolCall
from relay.dialects import freeform
from relay.dialects.base import StreamClosed, coalesce
from relay.dialects.images import markdown_image
from relay.dialects.openai_chat import errors, wire
from relay.dialects.openai_chat.form import PLAIN, ReplyForm
from relay.errors import RelayError

_encode: Final = msgspec.json.Encoder().encode


class ChatVoice:
    """Tell one answer in OpenAI's form; see :class:`relay.dialects.base.Voice`."""

    stream_headers = sse.HEADERS

    def __init__(self, answer_id: str, created: int, form: ReplyForm = PLAIN) -> None:
        self._id = answer_id
        self._created = created
        self._form = form

    def encoder(self, model: str) -> ChunkEncoder:
        """Return the encoder of the chunks."""
        return ChunkEncoder(self._id, self._created, model, self._form)

    def whole(self, answer: Answer) -> bytes:
        """Return one ``chat.completion``."""
        return completion(self._id, self._created, answer, self._form)


class ChunkEncoder:
    """Encode one answer as a stream of ``chat.completion.chunk``; see :class:`relay.dialects.base.StreamEncoder`.

    Everything but the delta is rendered once, here: a chunk costs the encoding of its own text.
    """

    keep_alive = sse.COMMENT

    def __init__(self, answer_id: str, created: int, model: str, form: ReplyForm = PLAIN) -> None:
        self._form = form
        self._start = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"choices":[' % (
            _encode(answer_id),
            created,
            _encode(model),
        )
        self._delta = self._start + b'{"index":0,"delta":'
        self._content = self._delta + b'{"content":'
        self._reasoning = self._delta + b'{"reasoning_content":'
        self._last = b"]%b" % (b',"usage":null' if form.include_usage else b"")
        self._end = self._last + b"}\n\n"
        self._delta_end = b',"logprobs":null,"finish_reason":null}' + self._end
        self._text_end = b"}" + self._delta_end
        self._usage: Usage | None = None
        self._called = self._has_content = self._closed = False

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return the chunks of `events`."""
        if self._closed:
            raise _closed()
        return b"".join(map(self._chunk, coalesce(events)))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event of the stream, which then has no ``[DONE]``."""
        if self._closed:
            raise _closed()
        self._closed = True
        return errors.event(error)

    def _chunk(self, event: Event) -> bytes:
        if self._closed:
            raise _closed()
        chunk = b""
        match event:
            case TextDelta(text=text):
                self._has_content = True
                chunk = b"%b%b%b" % (self._content, _encode(text), self._text_end)
            case ReasoningDelta():
                chunk = self._reason(event)
            case ToolCallStarted() | ToolCallDelta():
                chunk = self._call(event)
            case ImagePart(url=url):
                chunk = self.encode([TextDelta(markdown_image(url, first=not self._has_content))])
            case Started():
                chunk = b'%b{"role":"assistant","content":""}%b' % (self._delta, self._delta_end)
            case UsageReport(usage=usage):
                self._usage = usage
            case ToolCallEnded() | ReasoningProof():
                pass
            case Finished():
                chunk = self._finish(event)
        return chunk

    def _reason(self, event: ReasoningDelta) -> bytes:
        if not self._form.reasoning:
            return self.keep_alive  # else a client would take long thinking for a dead connection
        return b"%b%b%b" % (self._reasoning, _encode(event.text), self._text_end)

    def _call(self, event: ToolCallStarted | ToolCallDelta) -> bytes:
        call: dict[str, Any]
        match event:
            case ToolCallStarted(id=call_id, name=name):
                self._called = True
                call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
            case ToolCallDelta(arguments=arguments):
                call = {"function": {"arguments": arguments}}
        if not self._form.legacy_functions:
            delta = {"tool_calls": [{"index": event.index, **call}]}
        elif event.index == 0:
            delta = {"function_call": call["function"]}
        else:
            return b""
        return b"%b%b%b" % (self._delta, _encode(delta), self._delta_end)

    def _finish(self, finished: Finished) -> bytes:
        self._closed = True
        word = _encode(_finish_reason(finished.reason, called=self._called, form=self._form))
        thinking = _encode(finished.thinking)
        last = b'%b{},"logprobs":null,"finish_reason":%b}%b,"relay":%b}\n\n' % (self._delta, word, self._last, thinking)
        return last + self._usage_chunk() + sse.DONE

    def _usage_chunk(self) -> bytes:
        if self._usage is None or not self._form.include_usage:
            return b""
        return b'%b],"usage":%b}\n\n' % (self._start, _encode(_usage(self._usage)))


def _closed() -> StreamClosed:
    return StreamClosed("the stream has had its end")


def completion(answer_id: str, created: int, answer: Answer, form: ReplyForm = PLAIN) -> bytes:
    """Return `answer` as one ``chat.completion``."""
    called = bool(answer.tool_calls)
    choice = wire.AnswerChoice(
        message=_message(answer, form),
        finish_reason=_finish_reason(answer.finish_reason, called=called, form=form),
    )
    usage = msgspec.UNSET if answer.usage is None else _usage(answer.usage)
    body = wire.Completion(
        id=answer_id, created=created, model=answer.model, choices=(choice,), usage=usage, relay=answer.thinking
    )
    return _encode(body)


def _message(answer: Answer, form: ReplyForm) -> wire.AnswerMessage:
    content = ""
    for part in answer.content:
        match part:
            case Text(text=text):
                content += text
            case Image(url=url):
                content += markdown_image(url, first=not content)
    return wire.AnswerMessage(
        content=content if content or not answer.tool_calls else None,
        reasoning_content=(answer.reasoning if form.reasoning else None) or msgspec.UNSET,
        **_calls(answer.tool_calls, form),
    )


def _calls(calls: tuple[ToolCall, ...], form: ReplyForm) -> dict[str, Any]:
    if not calls:
        return {}
    if form.legacy_functions:
        return {"function_call": wire.FunctionCall(calls[0].name, calls[0].arguments)}
    return {"tool_calls": tuple(_tool_call(call, form) for call in calls)}


def _tool_call(call: ToolCall, form: ReplyForm) -> wire.FunctionToolCall | wire.CustomToolCall:
    if call.name in form.freeform:
        return wire.CustomToolCall(call.id, wire.CustomCall(call.name, freeform.unwrap(call.arguments)))
    return wire.FunctionToolCall(call.id, wire.FunctionCall(call.name, call.arguments))


def _finish_reason(reason: FinishReason, *, called: bool, form: ReplyForm) -> str:
    """Return OpenAI's word; clients take it as the order to run tools, or not to, so the calls themselves decide."""
    if reason in (FinishReason.LENGTH, FinishReason.CONTENT_FILTER):
        return reason.value
    if not called:
        return FinishReason.STOP.value
    return "function_call" if form.legacy_functions else FinishReason.TOOL_CALLS.value


def _usage(usage: Usage) -> wire.Usage:
    return wire.Usage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        prompt_tokens_details=wire.PromptTokensDetails(usage.cached_tokens, usage.cache_write_tokens or msgspec.UNSET),
        completion_tokens_details=wire.CompletionTokensDetails(usage.reasoning_tokens),
        estimated=usage.estimated,
    )
