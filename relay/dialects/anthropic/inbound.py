"""Messages requests to hub requests: https://platform.claude.com/docs/en/api/messages/create."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from relay.core.reasoning import read_effort
from relay.core.request import Request, ResponseFormat
from relay.dialects.anthropic import wire
from relay.dialects.anthropic.form import Display, ReplyForm
from relay.dialects.anthropic.messages import convert, system
from relay.dialects.anthropic.notes import Notes
from relay.dialects.anthropic.tools import convert_choice, convert_parallel, convert_tools
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.reading import Reader, check_count, check_depth
from relay.errors import InvalidRequest

WITHOUT_SAMPLING: Final = "2026-10-21"
"""The first version of the API without ``temperature``, ``top_p`` and ``top_k``."""


class MessagesCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request: what is asked, and how the answer shall look.

    ``ignored`` names what would change the answer and relay cannot hand on.
    """

    request: Request
    stream: bool
    form: ReplyForm
    ignored: tuple[str, ...]


def decode(body: bytes, *, version: str, default_model: str, limits: Limits = DEFAULT_LIMITS) -> MessagesCall:
    """Return the call in `body`, sent with `version` in the header ``anthropic-version``.

    A request without a model asks for `default_model`. A client that names no version, or what is none, speaks the
    oldest one.

    Raises:
        InvalidRequest: not JSON, or a field is missing, malformed or contradictory; ``param`` names it.
        UnsupportedFeature: something is asked for that relay cannot do at all.
    """
    wire_body, extra = _reader.read(body)
    if wire_body.max_tokens is None:
        raise InvalidRequest("max_tokens: This field is required.", param="max_tokens")
    _check_sampling(wire_body, version)
    _check_budget(wire_body)
    return _call(wire_body, extra, default_model, limits)


def decode_count(body: bytes, *, default_model: str, limits: Limits = DEFAULT_LIMITS) -> Request:
    """Return the request in `body` whose tokens shall be counted; it says nothing about the answer's length.

    Raises:
        RequestError: as :func:`decode`.
    """
    wire_body, extra = _reader.read(body)
    return _call(wire_body, extra, default_model, limits).request


_reader: Final = Reader(wire.Body)


def _call(body: wire.Body, extra: dict[str, Any], default_model: str, limits: Limits) -> MessagesCall:
    _check_size(body, extra, limits)
    notes = Notes()
    request = _request(body, extra, default_model, notes)
    for name, matters in _CHANGES_ANSWER.items():
        if matters(extra.get(name)):
            notes.ignore(name)
    return MessagesCall(request=request, stream=bool(body.stream), form=_form(body.thinking), ignored=notes.ignored)


_CHANGES_ANSWER: Final[dict[str, Callable[[Any], bool]]] = {
    "container": bool,
    "mcp_servers": bool,
    "context_management": lambda value: isinstance(value, dict) and bool(value.get("edits")),
}
"""Fields that nothing here has a counterpart for, and the values with which they do something."""


# --- checks


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _check_sampling(body: wire.Body, version: str) -> None:
    if _DATE.fullmatch(version) and version >= WITHOUT_SAMPLING:
        for name in ("temperature", "top_p", "top_k"):
            if getattr(body, name) is not None:
                message = f"{name}: Version {version} of the API does not take this field; 2023-06-01 does."
                raise InvalidRequest(message, param=name)


def _check_budget(body: wire.Body) -> None:
    """Refuse thinking that leaves nothing for the answer; between tool calls it may be as long as it likes.

    https://platform.claude.com/docs/en/build-with-claude/extended-thinking#interleaved-thinking
    """
    budget = None if body.thinking is None else body.thinking.budget_tokens
    if budget is not None and body.max_tokens is not None and budget >= body.max_tokens and not body.tools:
        param = "thinking.budget_tokens"
        raise InvalidRequest(f"{param} must be less than max_tokens.", param=param)


def _check_size(body: wire.Body, extra: dict[str, Any], limits: Limits) -> None:
    if not body.messages:
        raise InvalidRequest("messages must hold at least one message.", param="messages")
    check_count("messages", body.messages, limits.messages)
    check_count("tools", body.tools, limits.tools)
    check_count("stop_sequences", body.stop_sequences, limits.stops)
    form = _output_format(body)
    check_depth(
        {
            "messages": [message.content for message in body.messages],
            "tools": [[tool.input_schema, tool.input_examples] for tool in body.tools or ()],
            "output_config": [None if form is None else form.schema],
            **{name: [value] for name, value in extra.items()},
        },
        limits.depth,
    )


# --- structs to hub types


def _request(body: wire.Body, extra: dict[str, Any], default_model: str, notes: Notes) -> Request:
    messages = (*system(body.system), *convert(body.messages, notes))
    tools = convert_tools(body, notes)
    effort, budget = _reasoning(body)
    return Request(
        model=body.model or default_model,
        messages=messages,
        tools=tools,
        tool_choice=convert_choice(body, tools),
        parallel_tool_calls=convert_parallel(body.tool_choice),
        response_format=_response_format(_output_format(body)),
        max_tokens=body.max_tokens,
        stop=tuple(filter(None, body.stop_sequences or ())),
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        reasoning_effort=effort,
        reasoning_budget=budget,
        user=None if body.metadata is None else body.metadata.user_id,
        extra=extra,
    )


def _reasoning(body: wire.Body) -> tuple[str | None, int | None]:
    """Return effort and budget; adaptive thinking, also between tool calls alone, is what a model does by itself."""
    word = None if body.output_config is None else body.output_config.effort
    effort = None if word is None else read_effort(word, "output_config.effort")
    match body.thinking:
        case wire.Thinking(type="disabled"):
            return "none", None
        case wire.Thinking(type="enabled", budget_tokens=None):
            param = "thinking.budget_tokens"
            raise InvalidRequest(f"{param}: This field is required.", param=param)
        case wire.Thinking(type="enabled", budget_tokens=budget):
            return effort, budget
        case _:
            return effort, None


def _form(thinking: wire.Thinking | None) -> ReplyForm:
    if thinking is None:
        return ReplyForm()
    if thinking.type == "disabled":
        return ReplyForm(display=Display.NONE)
    return ReplyForm(display=Display.OMITTED if thinking.display == "omitted" else Display.SHOWN)


def _output_format(body: wire.Body) -> wire.OutputFormat | None:
    config = body.output_config
    return config.format if config is not None and config.format is not None else body.output_format


def _response_format(form: wire.OutputFormat | None) -> ResponseFormat | None:
    """Return the form of the answer; Anthropic promises that answers follow it."""
    return None if form is None else ResponseFormat(type="json_schema", schema=form.schema, strict=True)
