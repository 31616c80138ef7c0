"""The JSON of OpenAI Chat Completions as structs, in OpenAI's spelling.

https://github.com/openai/openai-openapi is the source. Requests are read leniently: every optional field may be null,
unknown fields are no error, and what real clients send beside the letter of the document (an image URL as a bare
string, a tool call without ``type``) is taken as well.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core.events import Thinking

Schema: TypeAlias = dict[str, Any]
ToolName = Annotated[str, Meta(min_length=1, max_length=256)]
StopText = Annotated[str, Meta(max_length=512)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


# --- content parts


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str


class ImageUrl(msgspec.Struct, frozen=True):
    """Where an image is."""

    url: str
    detail: str | None = None


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """An image."""

    image_url: ImageUrl | str


class InputAudio(msgspec.Struct, frozen=True):
    """Base64 sound."""

    data: str
    format: str


class AudioPart(msgspec.Struct, frozen=True, tag_field="type", tag="input_audio"):
    """A recording."""

    input_audio: InputAudio


class FileBody(msgspec.Struct, frozen=True):
    """A file by id or by content."""

    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None


class FilePart(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    """A document."""

    file: FileBody


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """What the model refused with."""

    refusal: str


InputPart: TypeAlias = TextPart | ImagePart | AudioPart | FilePart
Content: TypeAlias = str | list[InputPart]


# --- messages


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions."""

    content: Content


class DeveloperMessage(msgspec.Struct, frozen=True, tag_field="role", tag="developer"):
    """Instructions under their newer name."""

    content: Content


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """A turn of the user."""

    content: Content
    name: str | None = None


class FunctionCall(msgspec.Struct, frozen=True):
    """Which function, and with what."""

    name: str
    arguments: str | None = None


class CustomCall(msgspec.Struct, frozen=True):
    """Which custom tool, and with what."""

    name: str
    input: str


class ToolCall(msgspec.Struct, frozen=True):
    """A tool call in the history."""

    id: str
    type: Literal["function", "custom"] = "function"
    function: FunctionCall | None = None
    custom: CustomCall | None = None


class AssistantMessage(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """A turn of the model; reasoning comes back under one of three names."""

    content: str | list[TextPart | RefusalPart] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    reasoning_details: Any = None


class ReasoningDetail(msgspec.Struct, frozen=True):
    """A piece of reasoning or a proof of it: https://openrouter.ai/docs/use-cases/reasoning-tokens."""

    type: str
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None
    format: str | None = None
    id: str | None = None


class ToolMessage(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """The result of a tool call."""

    tool_call_id: str
    content: Content | None = None
    name: str | None = None


class FunctionMessage(msgspec.Struct, frozen=True, tag_field="role", tag="function"):
    """The result of a function call in the old form, which has no id."""

    name: str
    content: Content | None = None


Message: TypeAlias = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage


# --- tools


class Function(msgspec.Struct, frozen=True):
    """A function that the model may call."""

    name: ToolName
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None


class Grammar(msgspec.Struct, frozen=True):
    """What a custom tool takes."""

    syntax: str
    definition: str


class CustomFormat(msgspec.Struct, frozen=True):
    """Free text or a grammar."""

    type: Literal["text", "grammar"]
    grammar: Grammar | None = None


class Custom(msgspec.Struct, frozen=True):
    """A tool that takes one text."""

    name: ToolName
    description: str | None = None
    format: CustomFormat | None = None


class FunctionTool(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """A declared function."""

    function: Function


class CustomTool(msgspec.Struct, frozen=True, tag_field="type", tag="custom"):
    """A declared custom tool."""

    custom: Custom


class Named(msgspec.Struct, frozen=True):
    """A tool by its name."""

    name: str


class FunctionChoice(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """This function."""

    function: Named


class CustomChoice(msgspec.Struct, frozen=True, tag_field="type", tag="custom"):
    """This custom tool."""

    custom: Named


class AllowedTools(msgspec.Struct, frozen=True):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: list[FunctionChoice | CustomChoice]


class AllowedToolsChoice(msgspec.Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Only these tools."""

    allowed_tools: AllowedTools


Mode: TypeAlias = Literal["none", "auto", "required"]
Choice: TypeAlias = FunctionChoice | CustomChoice | AllowedToolsChoice


# --- the request


class JsonSchemaFormat(msgspec.Struct, frozen=True):
    """A named schema."""

    name: str | None = None
    description: str | None = None
    schema: Schema | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    """How to stream."""

    include_usage: bool | None = None


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a request that relay understands."""

    messages: list[Message]
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[FunctionTool | CustomTool] | None = None
    tool_choice: Mode | Choice | None = None
    functions: list[Function] | None = None
    function_call: Literal["none", "auto"] | Named | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_completion_tokens: AtLeastOne | None = None
    max_tokens: AtLeastOne | None = None
    n: AtLeastOne | None = None
    stop: StopText | list[StopText] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Int64 | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: Int64 | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    user: str | None = None


# --- asking for reasoning in other words


class ReasoningWish(msgspec.Struct, frozen=True):
    """``reasoning``: https://openrouter.ai/docs/use-cases/reasoning-tokens."""

    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None
    exclude: bool | None = None


class ThinkingWish(msgspec.Struct, frozen=True):
    """``thinking``, as Anthropic, Z.AI and others have it."""

    type: str
    budget_tokens: int | None = None


class TemplateWish(msgspec.Struct, frozen=True):
    """``chat_template_kwargs``: https://docs.vllm.ai/en/latest/features/reasoning_outputs.html."""

    enable_thinking: bool | None = None
    thinking: bool | None = None


# --- the answer


class PromptTokensDetails(msgspec.Struct, frozen=True):
    """What the prompt was made of."""

    cached_tokens: int
    cache_write_tokens: int | msgspec.UnsetType = msgspec.UNSET


class CompletionTokensDetails(msgspec.Struct, frozen=True):
    """What the answer was made of."""

    reasoning_tokens: int


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answer cost; ``estimated`` is relay's own field, present when the session did not count."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails
    estimated: bool = False


class FunctionToolCall(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """A call of a function."""

    id: str
    function: FunctionCall


class CustomToolCall(msgspec.Struct, frozen=True, tag_field="type", tag="custom"):
    """A call of a custom tool."""

    id: str
    custom: CustomCall


class AnswerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="role", tag="assistant"):
    """The model's turn in an answer."""

    content: str | None
    refusal: str | None = None
    annotations: tuple[()] = ()
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: tuple[FunctionToolCall | CustomToolCall, ...] | msgspec.UnsetType = msgspec.UNSET
    function_call: FunctionCall | msgspec.UnsetType = msgspec.UNSET


class AnswerChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The one choice of an answer."""

    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: str


class Completion(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="chat.completion"):
    """A whole answer."""

    id: str
    created: int
    model: str
    choices: tuple[AnswerChoice, ...]
    usage: Usage | msgspec.UnsetType = msgspec.UNSET
    relay: Thinking
