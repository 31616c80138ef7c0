"""Messages of a Chat Completions request to hub messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Message,
    Part,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects import freeform
from relay.dialects.openai_chat import wire
from relay.dialects.openai_chat.reasoning import earlier, proofs
from relay.errors import InvalidRequest

_IMAGE_SCHEMES: Final = ("data:", "https:", "http:")


def convert(messages: list[wire.Message]) -> Iterator[Message]:
    """Yield the hub form of `messages`.

    The old function messages have no ids: they get some from their place, and a result belongs to the last call of its
    name. A result without a call is let through, as the model may still make sense of it.
    """
    called: dict[str, str] = {}
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        match message:
            case wire.UserMessage(content=content, name=name):
                yield UserMessage(content=_parts(content, where), name=name)
            case wire.AssistantMessage(function_call=function_call):
                legacy: tuple[ToolCall, ...] = ()
                if function_call is not None:
                    legacy = (_function_call(f"call_{index}", function_call),)
                    called[function_call.name] = legacy[0].id
                yield _assistant(message, where, legacy)
            case wire.ToolMessage(tool_call_id=call_id, content=content, name=name):
                yield ToolMessage(call_id=call_id, content=_parts(content, where), name=name)
            case wire.FunctionMessage(name=name, content=content):
                yield ToolMessage(call_id=called.get(name, f"call_{index}"), content=_parts(content, where), name=name)
            case wire.SystemMessage(content=content):
                yield SystemMessage(content=_parts(content, where))
            case wire.DeveloperMessage(content=content):
                yield SystemMessage(content=_parts(content, where), developer=True)


def _assistant(message: wire.AssistantMessage, where: str, legacy: tuple[ToolCall, ...]) -> AssistantMessage:
    parts = message.content if isinstance(message.content, list) else []
    refusals = [part.refusal for part in parts if isinstance(part, wire.RefusalPart)]
    texts: list[wire.InputPart] = [part for part in parts if isinstance(part, wire.TextPart)]
    calls = (_tool_call(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(message.tool_calls or ()))
    return AssistantMessage(
        content=_parts(message.content if isinstance(message.content, str) else texts, where),
        reasoning=earlier(message),
        proofs=tuple(proofs(message)),
        refusal=message.refusal or "".join(refusals) or None,
        tool_calls=(*calls, *legacy),
    )


def _tool_call(call: wire.ToolCall, where: str) -> ToolCall:
    if call.function is not None:
        return _function_call(call.id, call.function)
    if call.custom is not None:
        return ToolCall(id=call.id, name=call.custom.name, arguments=freeform.wrap(call.custom.input))
    raise InvalidRequest(f"{where}.{call.type}: This field is required.", param=f"{where}.{call.type}")


def _function_call(call_id: str, call: wire.FunctionCall) -> ToolCall:
    return ToolCall(id=call_id, name=call.name, arguments=call.arguments or "")


def _parts(content: wire.Content | None, where: str) -> tuple[Part, ...]:
    if not content:
        return ()
    if isinstance(content, str):
        return (Text(text=content),)
    return tuple(_part(part, f"{where}.content[{index}]") for index, part in enumerate(content))


def _part(part: wire.InputPart, where: str) -> Part:
    match part:
        case wire.TextPart(text=text):
            return Text(text=text)
        case wire.ImagePart(image_url=image):
            return _image(wire.ImageUrl(image) if isinstance(image, str) else image, where)
        case wire.AudioPart(input_audio=audio):
            return Audio(data=audio.data, format=audio.format)
        case wire.FilePart(file=file):
            return _file(file, where)


def _image(image: wire.ImageUrl, where: str) -> Image:
    if not image.url.lower().startswith(_IMAGE_SCHEMES):
        param = f"{where}.image_url.url"
        raise InvalidRequest(f"{param} must be a data:, https: or http: URL.", param=param)
    return Image(url=image.url, detail=image.detail)


def _file(file: wire.FileBody, where: str) -> File:
    if not file.file_id and not file.file_data:
        param = f"{where}.file"
        raise InvalidRequest(f"{param} needs file_data or file_id.", param=param)
    return File(name=file.filename, data=file.file_data, id=file.file_id)
