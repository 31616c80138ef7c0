"""Chat Completions requests to hub requests: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from relay.core.request import Request, ResponseFormat
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.openai_chat import wire
from relay.dialects.openai_chat.form import ReplyForm
from relay.dialects.openai_chat.messages import convert
from relay.dialects.openai_chat.reasoning import asked, excluded
from relay.dialects.openai_chat.tools import convert_choice, convert_tools
from relay.dialects.reading import Reader, check_count, check_depth
from relay.errors import InvalidRequest, UnsupportedFeature


class ChatCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request: what is asked, and how the answer shall look.

    ``ignored`` names the parameters of OpenAI that would change the answer and that relay cannot hand on.
    """

    request: Request
    stream: bool
    form: ReplyForm
    ignored: tuple[str, ...]


def decode(body: bytes, *, default_model: str, limits: Limits = DEFAULT_LIMITS) -> ChatCall:
    """Return the call in `body`; a request without a model asks for `default_model`.

    Raises:
        InvalidRequest: not JSON, or a field is missing, malformed or contradictory; ``param`` names it.
        UnsupportedFeature: more than one choice is asked for.
    """
    wire_body, extra = _reader.read(body)
    _check(wire_body, limits)
    request = _request(wire_body, extra, default_model)
    check_depth({**_free_values(request), **{name: [value] for name, value in extra.items()}}, limits.depth)
    return ChatCall(
        request=request,
        stream=bool(wire_body.stream),
        form=ReplyForm(
            include_usage=bool(wire_body.stream_options and wire_body.stream_options.include_usage),
            reasoning=not excluded(extra),
            legacy_functions=bool(wire_body.functions) and not wire_body.tools,
            freeform=frozenset(tool.name for tool in request.tools if tool.freeform),
        ),
        ignored=tuple(name for name, matters in _CHANGES_ANSWER.items() if matters(extra.get(name))),
    )


def _asks_for_sound(modalities: Any) -> bool:
    return isinstance(modalities, list) and any(modality != "text" for modality in modalities)


_CHANGES_ANSWER: Final[dict[str, Callable[[Any], bool]]] = {
    "logprobs": bool,
    "top_logprobs": bool,
    "logit_bias": bool,
    "prediction": bool,
    "modalities": _asks_for_sound,
    "audio": bool,
    "web_search_options": lambda value: value is not None,
}
"""Parameters that sessions have no counterpart for, and the values with which they do something."""


_reader: Final = Reader(wire.Body)


def _check(body: wire.Body, limits: Limits) -> None:
    if not body.messages:
        raise InvalidRequest("messages must hold at least one message.", param="messages")
    if body.n is not None and body.n > 1:
        raise UnsupportedFeature("relay gives one choice an answer; send the request n times instead.", param="n")
    check_count("messages", body.messages, limits.messages)
    check_count("tools", body.tools, limits.tools)
    check_count("functions", body.functions, limits.tools)
    check_count("stop", body.stop if isinstance(body.stop, list) else None, limits.stops)


def _free_values(request: Request) -> dict[str, list[Any]]:
    schema = None if request.response_format is None else request.response_format.schema
    return {"tools": [tool.parameters for tool in request.tools], "response_format": [schema]}


def _request(body: wire.Body, extra: dict[str, Any], default_model: str) -> Request:
    tools = convert_tools(body)
    effort, budget = asked(body, extra)
    return Request(
        model=body.model or default_model,
        messages=tuple(convert(body.messages)),
        tools=tools,
        tool_choice=convert_choice(body, tools),
        parallel_tool_calls=False if body.functions and not body.tools else body.parallel_tool_calls,
        response_format=_response_format(body.response_format),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stop=_stops(body.stop),
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        seed=body.seed,
        reasoning_effort=effort,
        reasoning_budget=budget,
        verbosity=body.verbosity,
        user=body.user,
        extra=extra,
    )


def _stops(stop: str | list[str] | None) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else stop or []
    return tuple(text for text in stops if text)


def _response_format(form: wire.ResponseFormat | None) -> ResponseFormat | None:
    if form is None:
        return None
    if form.type != "json_schema":
        return ResponseFormat(type=form.type)
    if form.json_schema is None:
        param = "response_format.json_schema"
        raise InvalidRequest(f"{param}: This field is required.", param=param)
    schema = form.json_schema
    return ResponseFormat(
        type="json_schema",
        name=schema.name,
        description=schema.description,
        schema=schema.schema,
        strict=schema.strict,
    )
