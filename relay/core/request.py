"""The hub request: what every dialect decodes into and every backend answers.

The bridge sends it to pages as the JSON of these structs (docs/reference/bridge-protocol.md, "The request"), so a
change here is a change of the bridge protocol: ``tests/data/bridge`` pins the shape.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

JsonSchema: TypeAlias = dict[str, Any]


class _Value(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Immutable, and as short as possible on the wire."""


class Text(_Value, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str


class Image(_Value, frozen=True, tag_field="type", tag="image"):
    """An image by ``http(s):`` or ``data:`` URL; ``detail`` is the client's resolution wish."""

    url: str
    detail: str | None = None


class Audio(_Value, frozen=True, tag_field="type", tag="audio"):
    """Recorded sound: base64 data and its format (``wav``, ``mp3``)."""

    data: str
    format: str


class File(_Value, frozen=True, tag_field="type", tag="file"):
    """A document: a ``data:`` URL or base64 in ``data``, an ``http(s):`` ``url``, or the site's own ``id``."""

    name: str | None = None
    data: str | None = None
    url: str | None = None
    id: str | None = None


Part: TypeAlias = Text | Image | Audio | File


class ToolCall(_Value, frozen=True):
    """A call the model made; ``arguments`` is the JSON text exactly as the model wrote it."""

    id: str
    name: str
    arguments: str


class Proof(_Value, frozen=True):
    """A proof of reasoning that comes back to its maker (:class:`relay.core.events.ReasoningProof`).

    ``call_id`` names the tool call that it belongs to, where it belongs to one.
    """

    kind: str
    data: str
    call_id: str | None = None


class SystemMessage(_Value, frozen=True, tag_field="role", tag="system"):
    """Instructions. ``developer`` tells OpenAI's newer role name, which means the same."""

    content: tuple[Part, ...]
    developer: bool = False


class UserMessage(_Value, frozen=True, tag_field="role", tag="user"):
    """A turn of the user."""

    content: tuple[Part, ...]
    name: str | None = None


class AssistantMessage(_Value, frozen=True, tag_field="role", tag="assistant"):
    """A turn of the model: its answer, its reasoning where the client sent it back, its tool calls."""

    content: tuple[Part, ...] = ()
    reasoning: str | None = None
    proofs: tuple[Proof, ...] = ()
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()


class ToolMessage(_Value, frozen=True, tag_field="role", tag="tool"):
    """The result of the tool call ``call_id``."""

    call_id: str
    content: tuple[Part, ...]
    name: str | None = None
    is_error: bool = False


Message: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage


class Tool(_Value, frozen=True):
    """A function the model may call; ``parameters`` is a JSON Schema.

    ``freeform`` marks a tool that takes one text instead of JSON: it is declared with the single string argument
    ``input``, which the dialect unwraps in the answer.
    """

    name: str
    description: str | None = None
    parameters: JsonSchema | None = None
    strict: bool | None = None
    freeform: bool = False


class ToolChoice(_Value, frozen=True):
    """How tools may be used; ``names`` narrows the choice to some of the declared tools."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()


class ResponseFormat(_Value, frozen=True):
    """The form of the answer: free text, any JSON object, or JSON of ``schema``."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: JsonSchema | None = None
    strict: bool | None = None


class Request(_Value, frozen=True):
    """One call for one answer.

    ``None`` (or an empty tuple) means that the client did not say. ``reasoning_effort`` is ``none``, ``minimal``,
    ``low``, ``medium``, ``high``, ``xhigh`` or ``max``, ``reasoning_budget`` a number of tokens. ``extra`` keeps fields
    that the dialect does not know, so that a hop to a backend of the same dialect loses nothing; it is not sent to
    pages. ``conversation`` names the site's own conversation that ``messages`` go on in; no client sets it.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    reasoning_budget: int | None = None
    verbosity: str | None = None
    user: str | None = None
    conversation: str | None = None
    extra: dict[str, Any] = {}

    def parameters(self) -> tuple[str, ...]:
        """Names of the optional parameters that the client set, for capability checks."""
        return tuple(name for name in PARAMETERS if getattr(self, name) not in (None, ()))


PARAMETERS = (
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "max_tokens",
    "stop",
    "temperature",
    "top_p",
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "reasoning_effort",
    "reasoning_budget",
    "verbosity",
    "user",
)
