"""What a request puts before the model, message by message and tool by tool, flattened."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from relay.core.request import AssistantMessage, JsonSchema, Part, Request, Text


def parts(request: Request) -> Iterator[Part]:
    """Yield the content of all messages."""
    for message in request.messages:
        yield from message.content


def texts(request: Request) -> Iterator[str]:
    """Yield every text of the prompt: messages with reasoning and tool calls, tools, the schema of the answer."""
    for part in parts(request):
        if isinstance(part, Text):
            yield part.text
    for message in request.messages:
        if isinstance(message, AssistantMessage):
            yield message.reasoning or ""
            yield message.refusal or ""
            for call in message.tool_calls:
                yield call.name
                yield call.arguments
    for tool in request.tools:
        yield tool.name
        yield tool.description or ""
        yield _json(tool.parameters)
    if request.response_format is not None:
        yield _json(request.response_format.schema)


def _json(schema: JsonSchema | None) -> str:
    return "" if schema is None else msgspec.json.encode(schema).decode()
