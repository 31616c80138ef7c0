"""Completions, OpenAI's API before chat: https://platform.openai.com/docs/api-reference/completions.

The prompt becomes one message of the user, so a chat model answers it rather than going on with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from relay.core import sse
from relay.core.answer import Answer
from relay.core.events import Event, Finished, FinishReason, ImagePart, TextDelta, Usage, UsageReport
from relay.core.request import Request, Text, UserMessage
from relay.dialects.base import DEFAULT_LIMITS, Limits, StreamClosed, coalesce
from relay.dialects.images import markdown_image
from relay.dialects.openai_misc.streams import ErrorBody
from relay.dialects.reading import Reader, check_count
from relay.errors import InvalidRequest, RelayError, UnsupportedFeature

Number = Annotated[float, Meta(ge=-1000, le=1000)]


class _StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool | None = None


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    prompt: str | list[Any]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    stop: str | list[str] | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    presence_penalty: Number | None = None
    frequency_penalty: Number | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    user: str | None = None
    n: int | None = None
    best_of: int | None = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None
    logit_bias: dict[str, float] | None = None


_body: Final = Reader(_Body)
_encode: Final = msgspec.json.Encoder().encode


class CompletionCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request; ``ignored`` names what would change the answer and has no counterpart."""

    request: Request
    stream: bool
    include_usage: bool
    ignored: tuple[str, ...]


def decode(body: bytes, *, default_model: str, limits: Limits = DEFAULT_LIMITS) -> CompletionCall:
    """Return the call in `body`; a request without a model asks for `default_model`.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
        UnsupportedFeature: it asks for what a chat cannot do.
    """
    asked, extra = _body.read(body)
    _check(asked, limits)
    request = Request(
        model=asked.model or default_model,
        messages=(UserMessage(content=(Text(text=_prompt(asked.prompt)),)),),
        max_tokens=asked.max_tokens,
        stop=tuple(text for text in ([asked.stop] if isinstance(asked.stop, str) else asked.stop or []) if text),
        temperature=asked.temperature,
        top_p=asked.top_p,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
        seed=asked.seed,
        user=asked.user,
        extra=extra,
    )
    return CompletionCall(
        request=request,
        stream=bool(asked.stream),
        include_usage=bool(asked.stream_options and asked.stream_options.include_usage),
        ignored=tuple(name for name in ("logprobs", "logit_bias") if getattr(asked, name)),
    )


def _check(asked: _Body, limits: Limits) -> None:
    for name in ("n", "best_of"):
        if (getattr(asked, name) or 1) > 1:
            raise UnsupportedFeature(f"relay gives one choice an answer ({name}); send the request again.", param=name)
    for name in ("echo", "suffix"):
        if getattr(asked, name):
            raise UnsupportedFeature(f"A chat cannot do that ({name}); use chat completions.", param=name)
    check_count("stop", asked.stop if isinstance(asked.stop, list) else None, limits.stops)


def _prompt(prompt: str | list[Any]) -> str:
    texts = [prompt] if isinstance(prompt, str) else prompt
    if not texts or not all(isinstance(text, str) for text in texts):
        raise InvalidRequest("prompt must be a text; relay reads no tokens.", param="prompt")
    if len(texts) > 1:
        raise UnsupportedFeature("relay answers one prompt a request; send each by itself.", param="prompt")
    return str(texts[0])


class CompletionVoice:
    """Tell one answer as a ``text_completion``; see :class:`relay.dialects.base.Voice`. It has no reasoning."""

    stream_headers = sse.HEADERS

    def __init__(self, answer_id: str, created: int, *, include_usage: bool, error_body: ErrorBody) -> None:
        self._id = answer_id
        self._created = created
        self._include_usage = include_usage
        self._error_body = error_body

    def encoder(self, model: str) -> CompletionEncoder:
        """Return the encoder of the chunks."""
        return CompletionEncoder(self._head(model), self._include_usage, self._error_body)

    def whole(self, answer: Answer) -> bytes:
        """Return one ``text_completion``."""
        text = ""
        for part in answer.content:
            text += part.text if isinstance(part, Text) else markdown_image(part.url, first=not text)
        body = {**self._head(answer.model), "choices": [_choice(text, answer.finish_reason)]}
        return _encode(body if answer.usage is None else {**body, "usage": _usage(answer.usage)})

    def _head(self, model: str) -> dict[str, Any]:
        return {"id": self._id, "object": "text_completion", "created": self._created, "model": model}


class CompletionEncoder:
    """Encode one answer as a stream; see :class:`relay.dialects.base.StreamEncoder`."""

    keep_alive = sse.COMMENT

    def __init__(self, head: dict[str, Any], include_usage: bool, error_body: ErrorBody) -> None:
        self._head = head
        self._include_usage = include_usage
        self._error_body = error_body
        self._usage: Usage | None = None
        self._begun = self._closed = False

    def encode(self, events: Iterable[Event]) -> bytes:
        """Return the chunks of `events`."""
        self._open()
        return b"".join(map(self._chunk, coalesce(events)))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event of the stream, which then has no ``[DONE]``."""
        self._open()
        self._closed = True
        return sse.data(self._error_body(error))

    def _chunk(self, event: Event) -> bytes:
        self._open()
        match event:
            case TextDelta(text=text):
                return self._text(text)
            case ImagePart(url=url):
                return self._text(markdown_image(url, first=not self._begun))
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished(reason=reason):
                self._closed = True
                return self._data(choices=[_choice("", reason)]) + self._usage_chunk() + sse.DONE
            case _:
                pass  # reasoning, and tools, which nobody can declare here
        return b""

    def _open(self) -> None:
        if self._closed:
            raise StreamClosed("the stream has had its end")

    def _text(self, text: str) -> bytes:
        self._begun = True
        return self._data(choices=[_choice(text, None)])

    def _usage_chunk(self) -> bytes:
        if self._usage is None or not self._include_usage:
            return b""
        return self._data(choices=[], usage=_usage(self._usage))

    def _data(self, **fields: Any) -> bytes:
        return sse.data(_encode({**self._head, **fields}))


def _choice(text: str, reason: FinishReason | None) -> dict[str, Any]:
    word = "stop" if reason is FinishReason.TOOL_CALLS else reason
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": word}


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
