"""The JSON of Anthropic Messages as structs, in Anthropic's spelling.

https://platform.claude.com/docs/en/api/messages is the source. Requests are read leniently: every optional field may be
null, unknown fields are no error, and so are types of blocks and tools that relay does not know: the list is open, new
ones come with every beta.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core import events

Json: TypeAlias = dict[str, Any]
Kind = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
"""The type of a block or tool: relay names those that it leaves out in a response header."""
ToolName = Annotated[str, Meta(min_length=1, max_length=256)]
MediaType = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.+_-]{1,100}/[A-Za-z0-9.+_-]{1,100}\Z")]
StopText = Annotated[str, Meta(max_length=512)]
AtLeastOne = Annotated[int, Meta(ge=1)]


# --- where content is


class Base64Source(msgspec.Struct, frozen=True, tag_field="type", tag="base64"):
    """Content in the request."""

    data: str
    media_type: MediaType


class UrlSource(msgspec.Struct, frozen=True, tag_field="type", tag="url"):
    """Content on some server."""

    url: str


class FileSource(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    """A file that was uploaded before."""

    file_id: str


class TextSource(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A plain text."""

    data: str


class ContentSource(msgspec.Struct, frozen=True, tag_field="type", tag="content"):
    """A document made of blocks."""

    content: str | list[TextBlock | ImageBlock]


# --- content blocks


class TextBlock(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str


class ImageBlock(msgspec.Struct, frozen=True, tag_field="type", tag="image"):
    """An image."""

    source: Base64Source | UrlSource | FileSource


class Citations(msgspec.Struct, frozen=True):
    """Whether the answer shall cite."""

    enabled: bool | None = None


class DocumentBlock(msgspec.Struct, frozen=True, tag_field="type", tag="document"):
    """A document."""

    source: Base64Source | UrlSource | FileSource | TextSource | ContentSource
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


class SearchResultBlock(msgspec.Struct, frozen=True, tag_field="type", tag="search_result"):
    """What a search of the client's own found."""

    source: str
    title: str
    content: list[TextBlock]
    citations: Citations | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    """What the model thought."""

    thinking: str | None = None
    signature: str | None = None


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    """What the model thought, for its maker only."""

    data: str


class ToolUseBlock(msgspec.Struct, frozen=True, tag_field="type", tag="tool_use"):
    """A tool call."""

    id: str
    name: str
    input: Json | None = None


class ToolReferenceBlock(msgspec.Struct, frozen=True, tag_field="type", tag="tool_reference"):
    """A tool that a search of the client's own found among the declared ones."""

    tool_name: str


class ToolResultBlock(msgspec.Struct, frozen=True, tag_field="type", tag="tool_result"):
    """What a tool call gave."""

    tool_use_id: str
    content: str | list[Json] | None = None
    is_error: bool | None = None


class UnknownBlock(msgspec.Struct, frozen=True):
    """A block that relay has no counterpart for."""

    type: Kind


Block: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolReferenceBlock
    | ToolResultBlock
    | UnknownBlock
)

BLOCKS: Final[dict[object, type[Block]]] = {
    "text": TextBlock,
    "image": ImageBlock,
    "document": DocumentBlock,
    "search_result": SearchResultBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": RedactedThinkingBlock,
    "tool_use": ToolUseBlock,
    "tool_reference": ToolReferenceBlock,
    "tool_result": ToolResultBlock,
}
"""The types of blocks that relay knows; any other is an :class:`UnknownBlock`."""


class Message(msgspec.Struct, frozen=True):
    """A turn. Its blocks are read one by one, each as the struct of its type."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Json]


# --- tools


class Tool(msgspec.Struct, frozen=True):
    """A tool that the client runs; one with another ``type`` than ``custom`` is Anthropic's own."""

    type: Kind | None = None
    name: ToolName | None = None
    description: str | None = None
    input_schema: Json | None = None
    strict: bool | None = None
    defer_loading: bool | None = None
    input_examples: list[Json] | None = None


class AutoChoice(msgspec.Struct, frozen=True, tag_field="type", tag="auto"):
    """The model decides."""

    disable_parallel_tool_use: bool | None = None


class AnyChoice(msgspec.Struct, frozen=True, tag_field="type", tag="any"):
    """Some tool must be called."""

    disable_parallel_tool_use: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True, tag_field="type", tag="tool"):
    """This tool must be called."""

    name: str
    disable_parallel_tool_use: bool | None = None


class NoneChoice(msgspec.Struct, frozen=True, tag_field="type", tag="none"):
    """No tool may be called."""


Choice: TypeAlias = AutoChoice | AnyChoice | ToolChoice | NoneChoice


# --- the request


class Thinking(msgspec.Struct, frozen=True):
    """How the model shall think, and what the client gets to see of it."""

    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: Annotated[int, Meta(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(msgspec.Struct, frozen=True):
    """The form of the answer."""

    type: Literal["json_schema"]
    schema: Json


class OutputConfig(msgspec.Struct, frozen=True):
    """How much work goes into the answer, and its form."""

    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(msgspec.Struct, frozen=True):
    """Who asks."""

    user_id: str | None = None


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a request that relay understands. ``output_format`` is an older place of the answer's form."""

    messages: list[Message]
    model: str | None = None
    max_tokens: AtLeastOne | None = None
    system: str | list[TextBlock] | None = None
    stream: bool | None = None
    stop_sequences: list[StopText] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    tools: list[Tool] | None = None
    tool_choice: Choice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    metadata: Metadata | None = None


# --- the answer


class OutputTokensDetails(msgspec.Struct, frozen=True):
    """What the answer was made of."""

    thinking_tokens: int


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answer cost; ``estimated`` is relay's own field, present when the session did not count."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    output_tokens_details: OutputTokensDetails | msgspec.UnsetType = msgspec.UNSET
    estimated: bool = False


class AnswerThinking(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    """What the model thought."""

    thinking: str
    signature: str


class AnswerToolUse(msgspec.Struct, frozen=True, tag_field="type", tag="tool_use"):
    """A tool call."""

    id: str
    name: str
    input: msgspec.Raw


AnswerBlock: TypeAlias = TextBlock | AnswerThinking | RedactedThinkingBlock | AnswerToolUse


class StopDetails(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """More about a refusal, of which relay knows no more."""

    category: None = None
    explanation: None = None


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer ended."""

    stop_reason: str
    stop_sequence: str | None
    stop_details: StopDetails | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A whole answer; ``relay`` is relay's own field."""

    id: str
    role: str = "assistant"
    model: str
    content: tuple[AnswerBlock, ...] = ()
    stop_reason: str | None
    stop_sequence: str | None
    stop_details: StopDetails | None = None
    usage: Usage
    relay: events.Thinking | msgspec.UnsetType = msgspec.UNSET


class MessageDelta(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message_delta"):
    """The end of a streamed answer; ``relay`` is relay's own field."""

    delta: Delta
    usage: Usage
    relay: events.Thinking
