"""What generationConfig says of the answer, in hub types."""

from __future__ import annotations

from typing import Final

from relay.core.reasoning import read_effort
from relay.core.request import JsonSchema, ResponseFormat
from relay.dialects.gemini import wire
from relay.dialects.gemini.schemas import json_schema
from relay.errors import InvalidRequest, UnsupportedFeature

_WHERE: Final = "generationConfig"
_DETAILS: Final = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}
_NO_COUNTERPART: Final = {
    "response_logprobs": "responseLogprobs",
    "logprobs": "logprobs",
    "speech_config": "speechConfig",
    "image_config": "imageConfig",
}


def response_format(config: wire.GenerationConfig) -> ResponseFormat | None:
    """Return the form of the answer, ``None`` for text.

    Google promises that answers follow a schema: https://ai.google.dev/gemini-api/docs/structured-output.

    Raises:
        InvalidRequest: there are two schemas, or one for text.
        UnsupportedFeature: a media type that is neither text nor JSON.
    """
    schema = _schema(config)
    match config.response_mime_type or ("text/plain" if schema is None else "application/json"):
        case "text/plain" if schema is None:
            return None
        case "text/plain":
            raise InvalidRequest(
                f"{_WHERE}.responseMimeType must be application/json for an answer by a schema.",
                param=f"{_WHERE}.responseMimeType",
            )
        case "application/json" if schema is None:
            return ResponseFormat(type="json_object")
        case "application/json":
            return ResponseFormat(type="json_schema", schema=schema, strict=True)
        case mime:
            raise UnsupportedFeature(
                f"relay cannot hold an answer to {mime}; text/plain and application/json are possible.",
                param=f"{_WHERE}.responseMimeType",
            )


def effort(thinking: wire.ThinkingConfig) -> str | None:
    """Return the wanted effort.

    Raises:
        InvalidRequest: the level is unknown, or there is a budget as well.
    """
    level = thinking.thinking_level
    if not level or level.upper() == "THINKING_LEVEL_UNSPECIFIED":
        return None
    param = f"{_WHERE}.thinkingConfig.thinkingLevel"
    if thinking.thinking_budget is not None:
        raise InvalidRequest(f"{param} and thinkingBudget exclude each other.", param=param)
    return read_effort(level, param)


def budget(thinking: wire.ThinkingConfig) -> int | None:
    """Return the wanted number of tokens; -1 leaves it to the model, as saying nothing does."""
    return None if thinking.thinking_budget in (None, -1) else thinking.thinking_budget


def detail(config: wire.GenerationConfig) -> str | None:
    """Return the resolution in which images shall be read."""
    return _DETAILS.get(config.media_resolution or "")


def ignored(config: wire.GenerationConfig) -> list[str]:
    """Return the names of the fields that would change the answer and that nobody honours."""
    names = [name for field, name in _NO_COUNTERPART.items() if getattr(config, field)]
    if any(modality.upper() != "TEXT" for modality in config.response_modalities or ()):
        names.append("responseModalities")
    return [f"{_WHERE}.{name}" for name in names]


def _schema(config: wire.GenerationConfig) -> JsonSchema | None:
    if config.response_schema is not None and config.response_json_schema is not None:
        param = f"{_WHERE}.responseSchema"
        raise InvalidRequest(f"{param} and responseJsonSchema exclude each other.", param=param)
    schema = config.response_schema if config.response_json_schema is None else config.response_json_schema
    return None if schema is None else json_schema(schema)
