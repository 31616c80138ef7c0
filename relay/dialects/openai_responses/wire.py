"""The JSON of Responses requests as structs, in the vendors' spelling.

Open Responses (https://www.openresponses.org/) is the document, OpenAI's own API
(https://platform.openai.com/docs/api-reference/responses) is wider. Requests are read leniently: optional fields may be
null, unknown ones are no error, and forms that only one of the two knows are taken as well.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Item: TypeAlias = dict[str, Any]
"""An item or an object as it goes over the wire and into the store."""

Schema: TypeAlias = dict[str, Any]
ToolName = Annotated[str, Meta(min_length=1, max_length=256)]
CallId = Annotated[str, Meta(min_length=1, max_length=512)]
"""The documents say 64 at most; ids that sessions give may be longer, and come back like that."""


class _Struct(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


# --- content parts


class InputText(_Struct, frozen=True, tag="input_text"):
    """A piece of text."""

    text: str


class PlainText(_Struct, frozen=True, tag="text"):
    """A piece of text under an older name."""

    text: str


class OutputText(_Struct, frozen=True, tag="output_text"):
    """A piece of an answer."""

    text: str


class Refusal(_Struct, frozen=True, tag="refusal"):
    """What the model refused with."""

    refusal: str


class InputImage(_Struct, frozen=True, tag="input_image"):
    """An image by URL, or by the id of an uploaded file."""

    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None


class InputFile(_Struct, frozen=True, tag="input_file"):
    """A document by content, by URL, or by the id of an uploaded file."""

    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None


class AudioBody(msgspec.Struct, frozen=True):
    """Base64 sound."""

    data: str
    format: str


class InputAudio(_Struct, frozen=True, tag="input_audio"):
    """A recording."""

    input_audio: AudioBody


class InputVideo(_Struct, frozen=True, tag="input_video"):
    """A film."""

    video_url: str


class SummaryText(_Struct, frozen=True, tag="summary_text"):
    """What is told of reasoning."""

    text: str


class ReasoningText(_Struct, frozen=True, tag="reasoning_text"):
    """The reasoning itself."""

    text: str


ContentPart: TypeAlias = InputText | PlainText | OutputText | Refusal | InputImage | InputFile | InputAudio | InputVideo
Content: TypeAlias = str | list[ContentPart]
ReasoningPart: TypeAlias = SummaryText | ReasoningText | PlainText


# --- items


class Message(_Struct, frozen=True, tag="message"):
    """A turn of anybody."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Content | None = None


class Reasoning(_Struct, frozen=True, tag="reasoning"):
    """What the model thought before what follows."""

    summary: list[ReasoningPart] | None = None
    content: list[ReasoningPart] | None = None
    encrypted_content: str | None = None


class FunctionCall(_Struct, frozen=True, tag="function_call"):
    """A call of a function; ``namespace`` is the group that it was declared in."""

    call_id: CallId
    name: ToolName
    arguments: str
    namespace: str | None = None


class CustomCall(_Struct, frozen=True, tag="custom_tool_call"):
    """A call of a custom tool."""

    call_id: CallId
    name: ToolName
    input: str
    namespace: str | None = None


class FunctionOutput(_Struct, frozen=True, tag="function_call_output"):
    """The result of a function."""

    call_id: CallId
    output: Content


class CustomOutput(_Struct, frozen=True, tag="custom_tool_call_output"):
    """The result of a custom tool."""

    call_id: CallId
    output: Content


class Compaction(_Struct, frozen=True, tag="compaction"):
    """A conversation so far, in a form that only its maker can read."""

    encrypted_content: str


class AdditionalTools(_Struct, frozen=True, tag="additional_tools"):
    """Tools that become available with this item."""

    tools: list[Item]


ReadItem: TypeAlias = Message | Reasoning | FunctionCall | CustomCall | FunctionOutput | CustomOutput | Compaction
"""What can be read of a conversation by itself."""

HOSTED_ITEMS: Final = frozenset(
    {
        "apply_patch_call",
        "apply_patch_call_output",
        "code_interpreter_call",
        "compaction_trigger",
        "computer_call",
        "computer_call_output",
        "configuration_update",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
        "program",
        "program_output",
        "shell_call",
        "shell_call_output",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)
"""Items of tools that OpenAI runs itself; nothing else can make use of them."""


# --- tools


class FunctionTool(_Struct, frozen=True, tag="function"):
    """A function that the model may call."""

    name: ToolName
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None


class CustomFormat(msgspec.Struct, frozen=True):
    """Free text or a grammar."""

    type: Literal["text", "grammar"] = "text"
    syntax: str | None = None
    definition: str | None = None


class CustomTool(_Struct, frozen=True, tag="custom"):
    """A tool that takes one text."""

    name: ToolName
    description: str | None = None
    format: CustomFormat | None = None


class NamespaceTool(_Struct, frozen=True, tag="namespace"):
    """A named group of tools; a call tells the name of the group and that of the tool apart."""

    name: ToolName
    tools: list[Item]
    description: str | None = None


class NamedChoice(msgspec.Struct, frozen=True, kw_only=True):
    """This tool; one that OpenAI runs has no name."""

    type: str
    name: str | None = None
    namespace: str | None = None


class AllowedToolsChoice(_Struct, frozen=True, tag="allowed_tools"):
    """Only these tools."""

    tools: Annotated[list[NamedChoice], Meta(min_length=1)]
    mode: Literal["none", "auto", "required"] = "auto"


Mode: TypeAlias = Literal["none", "auto", "required"]
Choice: TypeAlias = Mode | Item


# --- the request


class TextFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema: Schema | None = None
    strict: bool | None = None


class TextOptions(msgspec.Struct, frozen=True):
    """How the text shall be."""

    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningOptions(msgspec.Struct, frozen=True):
    """How much to think, and how much to tell of it."""

    effort: str | None = None
    summary: str | None = None


Label = Annotated[str, Meta(max_length=64)]
Metadata = Annotated[dict[Label, Annotated[str, Meta(max_length=512)]], Meta(max_length=16)]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a request that relay understands."""

    model: str | None = None
    input: str | list[Item] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    include: list[str] | None = None
    tools: list[Item] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: Annotated[int, Meta(ge=1)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    metadata: Metadata | None = None
    store: bool | None = None
    background: bool | None = None
    generate: bool | None = None
    stream: bool | None = None
    service_tier: str | None = None
    safety_identifier: Label | None = None
    prompt_cache_key: Label | None = None
    user: str | None = None
