"""Gemini requests to hub requests: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from relay.core.request import Request
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.gemini import generation, wire
from relay.dialects.gemini.contents import convert
from relay.dialects.gemini.spelling import Spelling, camel
from relay.dialects.gemini.tools import convert_choice, convert_tools
from relay.dialects.reading import check_count, check_depth, parse_json, typed
from relay.errors import InvalidRequest, UnsupportedFeature

_BODY: Final = Spelling(wire.Body)
_CONFIG: Final = Spelling(wire.GenerationConfig)
_TOOL: Final = Spelling(wire.Tool)
_ENVELOPE: Final = Spelling(wire.Envelope)
_COUNT: Final = Spelling(wire.CountBody)
_NO_CONFIG: Final = wire.GenerationConfig()
_NO_THINKING: Final = wire.ThinkingConfig()
_CHANGES_ANSWER: Final = ("safetySettings", "cachedContent")
_NAME: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_MOST_NAMED: Final = 8
"""Of the parts and tools that relay does not know: they are named in a header, which has little room."""


class GeminiCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request: what is asked, and whether the client wants to see the reasoning.

    ``ignored`` names the fields that would change the answer and that relay cannot hand on.
    """

    request: Request
    thoughts: bool
    ignored: tuple[str, ...]


def decode(body: bytes, *, model: str, limits: Limits = DEFAULT_LIMITS) -> GeminiCall:
    """Return the call in `body`; `model` stands in the path of the route.

    Raises:
        InvalidRequest: not JSON, or a field is missing, malformed or contradictory; ``param`` names it.
        UnsupportedFeature: well formed, but more than relay can do.
    """
    return _call(parse_json(body), model, limits)


def decode_envelope(body: bytes, *, default_model: str, limits: Limits = DEFAULT_LIMITS) -> GeminiCall:
    """Return the call in `body`, ``{"project", "model", "request"}`` as Google's code assistants send it.

    Raises:
        InvalidRequest: as of :func:`decode`.
        UnsupportedFeature: as of :func:`decode`.
    """
    envelope = typed(_ENVELOPE.normal(parse_json(body)), wire.Envelope)
    return _call(envelope.request, (envelope.model or default_model).removeprefix("models/"), limits)


def decode_count(body: bytes, *, model: str, limits: Limits = DEFAULT_LIMITS) -> Request:
    """Return the request whose tokens `body` asks to count.

    Raises:
        InvalidRequest: as of :func:`decode`.
        UnsupportedFeature: as of :func:`decode`.
    """
    value = parse_json(body)
    count = typed(_COUNT.normal(value), wire.CountBody)
    whole = value if count.generate_content_request is None else count.generate_content_request
    return _call(whole, model, limits).request


def _call(value: Any, model: str, limits: Limits) -> GeminiCall:
    if isinstance(value, dict):
        check_depth({name: [inner] for name, inner in value.items()}, limits.depth)
    normal = _BODY.normal(value)
    body = typed(normal, wire.Body)
    config = body.generation_config or _NO_CONFIG
    _check(body, config, limits)
    conversation = convert(body, generation.detail(config))
    if not conversation.messages:
        raise InvalidRequest("contents must hold at least one message.", param="contents")
    tools = convert_tools(body.tools or [])
    check_count("tools", tools, limits.tools)
    extra = _extra(normal)
    thinking = config.thinking_config or _NO_THINKING
    return GeminiCall(
        request=Request(
            model=model,
            messages=conversation.messages,
            tools=tools,
            tool_choice=convert_choice(body.tool_config, tools),
            response_format=generation.response_format(config),
            max_tokens=config.max_output_tokens,
            stop=tuple(text for text in config.stop_sequences or () if text),
            temperature=config.temperature,
            top_p=config.top_p,
            top_k=config.top_k,
            presence_penalty=config.presence_penalty,
            frequency_penalty=config.frequency_penalty,
            seed=config.seed,
            reasoning_effort=generation.effort(thinking),
            reasoning_budget=generation.budget(thinking),
            extra=extra,
        ),
        thoughts=bool(thinking.include_thoughts),
        ignored=(
            *conversation.skipped[:_MOST_NAMED],
            *_built_in(extra.get("tools", ()))[:_MOST_NAMED],
            *generation.ignored(config),
            *(name for name in _CHANGES_ANSWER if extra.get(name)),
        ),
    )


def _built_in(tools: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of Google's own tools; they go into a header, so what is no name is left out."""
    names = dict.fromkeys(camel(name) for tool in tools for name in tool)
    return [f"tools.{name}" for name in names if _NAME.fullmatch(name)]


def _check(body: wire.Body, config: wire.GenerationConfig, limits: Limits) -> None:
    check_count("contents", body.contents, limits.messages)
    check_count("generationConfig.stopSequences", config.stop_sequences, limits.stops)
    if config.candidate_count is not None and config.candidate_count > 1:
        param = "generationConfig.candidateCount"
        raise UnsupportedFeature("relay gives one candidate an answer; send the request again instead.", param=param)


def _extra(normal: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that relay does not understand, those of the configuration and the tools in their places."""
    extra = _BODY.unknown(normal)
    if config := _CONFIG.unknown(normal.get("generationConfig") or {}):
        extra["generationConfig"] = config
    if tools := [found for tool in normal.get("tools") or () if (found := _TOOL.unknown(tool))]:
        extra["tools"] = tools
    return extra
