"""The JSON of Gemini's generateContent as structs: https://ai.google.dev/api/generate-content.

Requests come here after :mod:`relay.dialects.gemini.spelling`, so every name is in Google's camel case. They are read
leniently: every field may be null and unknown fields are no error.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

Schema: TypeAlias = dict[str, Any]
FunctionName = Annotated[str, Meta(min_length=1, max_length=256)]
StopText = Annotated[str, Meta(max_length=512)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Read(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What comes in."""


class _Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What goes out."""


# --- content


class Blob(_Read, frozen=True):
    """Bytes in base64, of either alphabet."""

    mime_type: str
    data: str
    display_name: str | None = None


class FileData(_Read, frozen=True):
    """A file by its address."""

    file_uri: str
    mime_type: str | None = None
    display_name: str | None = None


class FunctionCall(_Read, frozen=True):
    """A call that the model made."""

    name: FunctionName
    args: dict[str, Any] | None = None
    id: str | None = None


class FunctionResponsePart(_Read, frozen=True):
    """What a function gave besides JSON."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(_Read, frozen=True):
    """What a function gave."""

    name: str | None = None
    response: Any = None
    id: str | None = None
    parts: list[FunctionResponsePart] | None = None


class ExecutableCode(_Read, frozen=True):
    """Code that the model ran on Google's side."""

    code: str
    language: str | None = None


class CodeExecutionResult(_Read, frozen=True):
    """What that code printed."""

    output: str | None = None
    outcome: str | None = None


class Part(_Read, frozen=True):
    """One of the kinds of content, with the marks that any of them may have."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeExecutionResult | None = None


class Content(_Read, frozen=True):
    """A turn."""

    parts: list[Part] | None = None
    role: str | None = None


# --- tools


class FunctionDeclaration(_Read, frozen=True):
    """A function that the model may call; its parameters as Google's Schema or as JSON Schema."""

    name: FunctionName
    description: str | None = None
    parameters: Schema | None = None
    parameters_json_schema: Schema | None = None


class Tool(_Read, frozen=True):
    """Declared functions; Google's own tools are the fields that are not named here."""

    function_declarations: list[FunctionDeclaration] | None = None


class FunctionCallingConfig(_Read, frozen=True):
    """How functions may be called."""

    mode: str | int | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(_Read, frozen=True):
    """How tools may be used."""

    function_calling_config: FunctionCallingConfig | None = None


# --- the request


class ThinkingConfig(_Read, frozen=True):
    """How much to think, and whether to tell it."""

    include_thoughts: bool | None = None
    thinking_budget: Annotated[int, Meta(ge=-1, le=2**53)] | None = None
    thinking_level: str | None = None


class GenerationConfig(_Read, frozen=True):
    """How to answer. What has no counterpart is read as it is, so that it can be named."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: Int64 | None = None
    candidate_count: int | None = None
    max_output_tokens: AtLeastOne | None = None
    stop_sequences: list[StopText] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: Int64 | None = None
    response_mime_type: str | None = None
    response_schema: Schema | None = None
    response_json_schema: Schema | None = None
    thinking_config: ThinkingConfig | None = None
    media_resolution: str | None = None
    response_modalities: list[str] | None = None
    response_logprobs: Any = None
    logprobs: Any = None
    speech_config: Any = None
    image_config: Any = None


class Body(_Read, frozen=True):
    """The fields of a request that relay understands."""

    contents: list[Content]
    system_instruction: Content | str | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig | None = None


class Envelope(_Read, frozen=True):
    """A request inside what Google's code assistants put around it."""

    request: Any
    model: str | None = None


class CountBody(_Read, frozen=True):
    """What to count: contents alone, or a whole request."""

    contents: Any = None
    generate_content_request: Any = None


# --- the answer


class ToldCall(_Told, frozen=True):
    """A call; ``args`` is JSON already."""

    id: str
    name: str
    args: Raw


class ToldBlob(_Told, frozen=True):
    """Bytes in base64."""

    mime_type: str
    data: str


class ToldPart(_Told, frozen=True):
    """A piece of the answer."""

    text: str | UnsetType = UNSET
    thought: bool | UnsetType = UNSET
    inline_data: ToldBlob | UnsetType = UNSET
    function_call: ToldCall | UnsetType = UNSET
    thought_signature: str | UnsetType = UNSET


class ToldContent(_Told, frozen=True):
    """The model's turn."""

    parts: tuple[ToldPart, ...]
    role: str = "model"


class Candidate(_Told, frozen=True):
    """The one candidate of an answer."""

    content: ToldContent
    finish_reason: str | UnsetType = UNSET
    finish_message: str | UnsetType = UNSET
    index: int = 0


class UsageMetadata(_Told, frozen=True):
    """What the answer cost; ``estimated`` is relay's own field, present when the session did not count."""

    prompt_token_count: int
    candidates_token_count: int
    thoughts_token_count: int
    cached_content_token_count: int
    total_token_count: int
    estimated: bool | UnsetType = UNSET


class Response(_Told, frozen=True, kw_only=True):
    """A whole answer, or the next piece of one; ``relay`` is relay's own field."""

    candidates: tuple[Candidate, ...]
    usage_metadata: UsageMetadata | UnsetType = UNSET
    model_version: str
    response_id: str
    relay: Any = UNSET
