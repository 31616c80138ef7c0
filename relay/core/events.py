"""The hub events: a stream of these is every answer, whatever backend made it and whatever dialect reads it.

Order of a complete answer::

    Started
    (ReasoningDelta | ReasoningProof | TextDelta | ImagePart
        | ToolCallStarted (ToolCallDelta | ReasoningProof)* ToolCallEnded)*
    UsageReport?
    Finished

Tool calls never interleave: one ends before the next begins. Failure is an exception, not an event.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

import msgspec


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Token counts. ``input_tokens`` includes cached ones (read and written), ``output_tokens`` includes reasoning.

    ``estimated`` tells that relay counted because the session did not say.
    """

    input_tokens: Tokens
    output_tokens: Tokens
    cached_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0
    estimated: bool = False


class Started(msgspec.Struct, frozen=True):
    """A session accepted the call; ``model`` is what will answer."""

    model: str


class TextDelta(msgspec.Struct, frozen=True):
    """The next piece of the answer.

    ``thought`` marks reasoning, and the tags around it, that a client wants in the text: no answer, and not to be kept.
    """

    text: str
    thought: bool = False


ReasoningSource: TypeAlias = Literal["field", "tags", "responses_summary"]
ReasoningKind: TypeAlias = Literal["raw", "summary"]


class ReasoningDelta(msgspec.Struct, frozen=True):
    """The next piece of the reasoning, which is never part of the answer.

    ``source`` is ``field`` when the session told it apart, ``tags`` when relay split it from the text,
    ``responses_summary`` when it came as summary events. ``kind`` tells the chain of thought itself (``raw``) from what
    its owner wrote about it (``summary``).
    """

    text: str
    source: ReasoningSource = "field"
    kind: ReasoningKind = "raw"


class ReasoningProof(msgspec.Struct, frozen=True):
    """What shows its maker later that reasoning is its own: a signature or the encrypted reasoning.

    It is opaque, and good for the account that made it alone. It stands for the reasoning before it, or for the tool
    call with index ``call`` if it comes before that call's end.
    """

    kind: str
    data: str
    call: int | None = None


class ToolCallStarted(msgspec.Struct, frozen=True):
    """A tool call begins; ``index`` counts calls from 0."""

    index: int
    id: str
    name: str


class ToolCallDelta(msgspec.Struct, frozen=True):
    """The next piece of a call's argument JSON."""

    index: int
    arguments: str


class ToolCallEnded(msgspec.Struct, frozen=True):
    """The call's arguments are complete."""

    index: int


class ImagePart(msgspec.Struct, frozen=True):
    """An image in the answer, by URL (usually ``data:``)."""

    url: str


class UsageReport(msgspec.Struct, frozen=True):
    """What the answer cost."""

    usage: Usage


class Thinking(msgspec.Struct, frozen=True):
    """What a finished answer tells of its reasoning besides the text."""

    thinking_type: ReasoningKind | None = None
    thinking_source: ReasoningSource | Literal["none"] = "none"


NO_THINKING: Final = Thinking()


class Finished(msgspec.Struct, frozen=True):
    """The answer is complete.

    ``stop_sequence`` names the stop string that ended it, where one did. ``thinking`` is known once the answer has been
    read by :class:`relay.gateway.pipeline.Pipeline`.
    """

    reason: FinishReason
    stop_sequence: str | None = None
    thinking: Thinking = NO_THINKING


ContentEvent: TypeAlias = (
    TextDelta | ReasoningDelta | ReasoningProof | ToolCallStarted | ToolCallDelta | ToolCallEnded | ImagePart
)
"""What an answer is made of."""

Event: TypeAlias = Started | ContentEvent | UsageReport | Finished


def thinking_metadata(first: ReasoningDelta | None) -> Thinking:
    """Return what is told of an answer whose first piece of reasoning is `first`; ``None`` if there was none."""
    return NO_THINKING if first is None else Thinking(first.kind, first.source)
