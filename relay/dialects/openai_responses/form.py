"""How a client wants its answer, beyond what the answer says, and what of its request the answer repeats."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from relay.dialects.openai_responses.wire import Item

ReasoningForm: TypeAlias = Literal["summary", "open_responses", "openai", "none"]
"""How reasoning is told.

``summary``: as summary events, which every client reads. ``open_responses`` and ``openai``: raw reasoning as
``response.reasoning.*`` and as ``response.reasoning_text.*``, two names for one thing of which either document refuses
the other; summaries stay summaries. ``none``: not at all.
"""


class CalledAs(msgspec.Struct, frozen=True):
    """How the client knows a tool: ``name`` within ``namespace``; ``freeform`` if it takes one text."""

    name: str
    namespace: str | None = None
    freeform: bool = False


class TextEcho(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text options of a request."""

    format: Item
    verbosity: str | None = None


class ReasoningEcho(msgspec.Struct, frozen=True):
    """The reasoning options of a request."""

    effort: str | None = None
    summary: str | None = None


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """What every response object repeats of its request; the defaults are those of the documents."""

    previous_response_id: str | None = None
    instructions: str | None = None
    tools: tuple[Item, ...] = ()
    tool_choice: str | Item = "auto"
    truncation: str = "disabled"
    parallel_tool_calls: bool = True
    text: TextEcho = TextEcho({"type": "text"})
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    top_logprobs: int = 0
    temperature: float = 1.0
    reasoning: ReasoningEcho = ReasoningEcho()
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    store: bool = True
    background: bool = False
    service_tier: str = "default"
    metadata: dict[str, str] = {}
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None


class ReplyForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of the request shapes the answer.

    Attributes:
        model: what the client asked for; an answer names what answered.
        echo: what the response object repeats.
        reasoning: how reasoning is told.
        encrypted_reasoning: the client wants the proofs of reasoning, to give them back.
        tools: the tools that the client knows by another name or in another form than the model does.
        callable: the only tools that may be called, by the model's names; ``None`` is no limit.
        max_tool_calls: further calls are not passed on.
    """

    model: str
    echo: Echo = Echo()
    reasoning: ReasoningForm = "summary"
    encrypted_reasoning: bool = False
    tools: dict[str, CalledAs] = {}
    callable: frozenset[str] | None = None
    max_tool_calls: int | None = None


ENCRYPTED_REASONING: Final = "openai.encrypted"
"""The kind of :class:`relay.core.events.ReasoningProof` that OpenAI's ``encrypted_content`` is."""
