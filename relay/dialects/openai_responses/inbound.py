"""Responses requests to hub requests: https://www.openresponses.org/specification.

Two steps, because what a request goes on from may have to be fetched between them: :func:`read` checks the body and
tells what to fetch, :func:`decode` makes the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from relay.core.reasoning import read_effort
from relay.core.request import Message, Request, ResponseFormat, SystemMessage, Text, ToolChoice
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.openai_responses import wire
from relay.dialects.openai_responses.form import CalledAs, Echo, ReasoningEcho, ReasoningForm, ReplyForm, TextEcho
from relay.dialects.openai_responses.items import normalized, references, resolved
from relay.dialects.openai_responses.messages import convert
from relay.dialects.openai_responses.tools import Toolbox, choice_echo, convert_choice, convert_tools
from relay.dialects.reading import check_count, check_depth, parse_json, typed
from relay.errors import InvalidRequest, UnsupportedFeature


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is read and checked, before what it goes on from is there.

    Attributes:
        body: the fields that relay understands.
        extra: the others that are set.
        input: the new items, normalised.
        references: ids of stored items that they refer to.
        limits: how much it may hold together with what is fetched.
    """

    body: wire.Body
    extra: dict[str, Any]
    input: tuple[wire.Item, ...]
    references: tuple[str, ...]
    limits: Limits

    @property
    def stream(self) -> bool:
        """The client wants events."""
        return bool(self.body.stream)

    @property
    def background(self) -> bool:
        """The client does not wait for the answer."""
        return bool(self.body.background)

    @property
    def store(self) -> bool:
        """The response may be fetched later."""
        return self.body.store is not False

    @property
    def generates(self) -> bool:
        """The model shall answer; else the message only prepares a later one, which goes on from it.

        A WebSocket knows this, a POST does not: https://platform.openai.com/docs/guides/websocket-mode.
        """
        return self.body.generate is not False

    @property
    def previous_response_id(self) -> str | None:
        """The response that this one goes on from."""
        return self.body.previous_response_id


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What a request goes on from.

    Attributes:
        unseal: returns the text of a compaction item, or raises ``InvalidRequest``.
        history: input and output of the responses before, in order.
        found: the stored items that the request refers to, by id; those of ``history`` need not be there.
    """

    unseal: Callable[[str], str]
    history: tuple[wire.Item, ...] = ()
    found: Mapping[str, wire.Item] = {}


class ResponsesCall(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request: what is asked, and how the answer shall look.

    Attributes:
        request: what is asked.
        form: how the answer shall look.
        ignored: names of what would change the answer and cannot be handed on.
        input: the new items with nothing left to look up.
    """

    request: Request
    form: ReplyForm
    ignored: tuple[str, ...]
    input: tuple[wire.Item, ...]


def read(body: bytes, *, new_id: Callable[[str], str], limits: Limits = DEFAULT_LIMITS, socket: bool = False) -> Asked:
    """Return the request in `body`.

    Args:
        body: JSON; with `socket` a ``response.create`` message of a WebSocket.
        new_id: makes the id of an item from its prefix.
        limits: how much the request may hold.
        socket: the message has a ``type``, and how it is answered is settled.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
        UnsupportedFeature: it goes on from something that only OpenAI has.
    """
    return read_object(parse_json(body), new_id=new_id, limits=limits, socket=socket)


def read_object(
    value: Any, *, new_id: Callable[[str], str], limits: Limits = DEFAULT_LIMITS, socket: bool = False
) -> Asked:
    """Return the request in the parsed JSON `value`; see :func:`read`."""
    fields = typed(value, wire.Item)
    if socket:
        fields = {name: content for name, content in fields.items() if name not in _SETTLED_ON_A_SOCKET}
    body = typed(fields, wire.Body)
    extra = {name: content for name, content in fields.items() if name not in _KNOWN and content is not None}
    _check(fields, body, extra, limits)
    items = normalized(body.input, new_id)
    return Asked(body=body, extra=extra, input=items, references=references(items), limits=limits)


def read_compact(body: bytes, *, new_id: Callable[[str], str], limits: Limits = DEFAULT_LIMITS) -> Asked:
    """Return the request to compact in `body`, which has to name a model.

    Raises:
        InvalidRequest: as :func:`read`, or there is no model.
    """
    asked = read(body, new_id=new_id, limits=limits)
    if asked.body.model is None:
        raise InvalidRequest("model: This field is required.", param="model")
    return asked


def decode(asked: Asked, before: Before, *, default_model: str, reasoning: ReasoningForm = "summary") -> ResponsesCall:
    """Return the call that `asked` makes after `before`.

    Args:
        asked: what the client sent.
        before: what it goes on from.
        default_model: answers where it names no model.
        reasoning: how reasoning is told, unless the client wants none.

    Raises:
        InvalidRequest: an item is malformed, refers to nothing, or is the result of a call that nobody made.
        UnsupportedFeature: the request needs what only OpenAI has.
    """
    body = asked.body
    known = {item["id"]: item for item in before.history if "id" in item} | dict(before.found)
    items = resolved(asked.input, known)
    check_count("input", [*before.history, *items], asked.limits.messages)
    placed_items = [(f"input[{index}]", item) for index, item in enumerate(items)]
    talk = convert([*(("previous_response_id", item) for item in before.history), *placed_items], before.unseal)
    if not talk.messages:
        raise InvalidRequest("input must hold at least one item.", param="input")
    box = convert_tools(body.tools, talk.added_tools)
    check_count("tools", box.tools, asked.limits.tools)
    request = _request(asked, (*_instructions(body), *talk.messages), box, default_model)
    return ResponsesCall(
        request=request,
        form=_form(request, body, box, reasoning),
        ignored=(
            *_ignored(asked),
            *(f"tools.{kind}" for kind in box.ignored),
            *(f"input.{kind}" for kind in talk.ignored),
        ),
        input=items,
    )


_KNOWN: Final = frozenset(wire.Body.__struct_fields__)
_SETTLED_ON_A_SOCKET: Final = frozenset({"type", "stream", "stream_options", "background"})
_ONLY_AT_OPENAI: Final = {
    "conversation": "relay keeps no conversations; use previous_response_id or send the whole input.",
    "prompt": "relay keeps no prompt templates; send instructions and input.",
}


def _check(fields: wire.Item, body: wire.Body, extra: dict[str, Any], limits: Limits) -> None:
    for name, advice in _ONLY_AT_OPENAI.items():
        if name in extra:
            raise UnsupportedFeature(f"{name}: {advice}", param=name)
    if body.background and body.store is False:
        raise InvalidRequest("background needs store: a response that nobody waits for has to be kept.", param="store")
    check_count("input", body.input if isinstance(body.input, list) else None, limits.messages)
    check_count("tools", body.tools, limits.tools)
    check_depth({name: [value] for name, value in fields.items()}, limits.depth)


def _ignored(asked: Asked) -> tuple[str, ...]:
    body = asked.body
    names = {
        "top_logprobs": bool(body.top_logprobs),
        "include.message.output_text.logprobs": "message.output_text.logprobs" in (body.include or ()),
        "generate": not asked.generates,
        "context_management": bool(asked.extra.get("context_management")),
    }
    return tuple(name for name, matters in names.items() if matters)


def _instructions(body: wire.Body) -> tuple[SystemMessage, ...]:
    return (SystemMessage(content=(Text(text=body.instructions),)),) if body.instructions else ()


def _request(asked: Asked, messages: tuple[Message, ...], box: Toolbox, default_model: str) -> Request:
    body = asked.body
    return Request(
        model=body.model or default_model,
        messages=messages,
        tools=box.tools,
        tool_choice=convert_choice(body.tool_choice, box),
        parallel_tool_calls=body.parallel_tool_calls,
        response_format=_response_format(body),
        max_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        reasoning_effort=_effort(body.reasoning),
        verbosity=body.text.verbosity if body.text else None,
        user=body.user,
        extra=asked.extra,
    )


def _effort(reasoning: wire.ReasoningOptions | None) -> str | None:
    if reasoning is None or reasoning.effort is None:
        return None
    return read_effort(reasoning.effort, "reasoning.effort")


def _response_format(body: wire.Body) -> ResponseFormat | None:
    form = body.text.format if body.text else None
    if form is None:
        return None
    if form.type != "json_schema":
        return ResponseFormat(type=form.type)
    if form.schema is None:
        raise InvalidRequest("text.format.schema: This field is required.", param="text.format.schema")
    return ResponseFormat(
        type="json_schema",
        name=form.name,
        description=form.description,
        schema=form.schema,
        strict=form.strict,
    )


# --- how the answer shall look


def _form(request: Request, body: wire.Body, box: Toolbox, reasoning: ReasoningForm) -> ReplyForm:
    silent = body.reasoning is not None and body.reasoning.summary == "none"
    return ReplyForm(
        model=request.model,
        echo=_echo(body, box, request.reasoning_effort),
        reasoning="none" if silent else reasoning,
        encrypted_reasoning="reasoning.encrypted_content" in (body.include or ()),
        tools={name: tool for name, tool in box.called_as.items() if tool != CalledAs(name)},
        callable=_callable(request.tool_choice),
        max_tool_calls=body.max_tool_calls,
    )


def _callable(choice: ToolChoice | None) -> frozenset[str] | None:
    if choice is None:
        return None
    if choice.mode == "none":
        return frozenset()
    return frozenset(choice.names) or None


def _echo(body: wire.Body, box: Toolbox, effort: str | None) -> Echo:
    given = {name: value for name in _ECHOED if (value := getattr(body, name)) is not None}
    return Echo(
        **given,
        tools=box.echo,
        tool_choice=choice_echo(body.tool_choice),
        text=_text_echo(body.text),
        reasoning=ReasoningEcho(effort, _summary(body.reasoning)),
    )


_ECHOED: Final = (
    "previous_response_id",
    "instructions",
    "truncation",
    "parallel_tool_calls",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "max_output_tokens",
    "max_tool_calls",
    "store",
    "background",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
)


def _text_echo(text: wire.TextOptions | None) -> TextEcho:
    form = (text and text.format) or wire.TextFormat()
    said: wire.Item = {"type": form.type}
    if form.type == "json_schema":
        said |= {
            "name": form.name or "answer",
            "description": form.description,
            "schema": form.schema,
            "strict": bool(form.strict),
        }
    return TextEcho(said, text.verbosity if text else None)


def _summary(reasoning: wire.ReasoningOptions | None) -> str | None:
    return None if reasoning is None or reasoning.summary == "none" else reasoning.summary
