"""Items of a conversation to hub messages.

A turn of the model is several items here (reasoning, messages, calls) and one message in the hub. What has no
counterpart there: ``phase``, ids and annotations, which stay in the stored items; calls of tools that OpenAI runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Message,
    Part,
    Proof,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects import freeform
from relay.dialects.openai_responses import wire
from relay.dialects.openai_responses.form import ENCRYPTED_REASONING
from relay.dialects.openai_responses.tools import hub_name
from relay.dialects.reading import typed
from relay.errors import InvalidRequest, UnsupportedFeature

_IMAGE_SCHEMES: Final = ("data:", "https:", "http:")
_read_item: Final[type[wire.ReadItem]] = wire.ReadItem  # type: ignore[assignment]  # mypy has no type of a union
_SUMMARY: Final = "Summary of the conversation so far:\n\n"


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What the items say.

    Attributes:
        messages: the turns.
        added_tools: declarations within the items, with the place of each.
        ignored: types of items without a counterpart.
    """

    messages: tuple[Message, ...]
    added_tools: tuple[tuple[str, list[wire.Item]], ...]
    ignored: tuple[str, ...]


def convert(items: Iterable[tuple[str, wire.Item]], unseal: Callable[[str], str]) -> Conversation:
    """Return the hub form of `items`, each with its place in the body.

    `unseal` returns the text of a compaction, or raises ``InvalidRequest``.

    Raises:
        InvalidRequest: an item is malformed, or the result of a call that nobody made.
        UnsupportedFeature: an item holds what no session takes.
    """
    added: list[tuple[str, list[wire.Item]]] = []
    ignored: dict[str, None] = {}
    readable: list[tuple[str, wire.ReadItem]] = []
    for where, item in items:
        kind = item["type"]
        if kind in wire.HOSTED_ITEMS or ":" in kind:
            ignored[kind] = None
        elif kind == "additional_tools":
            added.append((where, typed(item, wire.AdditionalTools, where).tools))
        else:
            readable.append((where, typed(item, _read_item, where)))
    return Conversation(messages=tuple(_messages(readable, unseal)), added_tools=tuple(added), ignored=tuple(ignored))


def _messages(items: list[tuple[str, wire.ReadItem]], unseal: Callable[[str], str]) -> Iterator[Message]:
    turn = _Turn()
    names: dict[str, str] = {}
    for where, item in items:
        if not turn.takes(item):
            yield from turn.end()
        match item:
            case wire.Reasoning():
                turn.think(item)
            case wire.FunctionCall() | wire.CustomCall():
                call = _call(item)
                names[call.id] = call.name
                turn.tool_calls.append(call)
            case wire.Message(role="assistant"):
                turn.say(item, where)
            case wire.FunctionOutput(call_id=call_id) | wire.CustomOutput(call_id=call_id):
                yield _result(item, where, names.get(call_id))
            case wire.Message():
                yield _message(item, where)
            case wire.Compaction(encrypted_content=sealed):
                yield UserMessage(content=(Text(text=_SUMMARY + unseal(sealed)),))
    yield from turn.end()


class _Turn:
    """A turn of the model while its items come in."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.content: list[Part] = []
        self.reasoning: list[str] = []
        self.proofs: list[Proof] = []
        self.refusals: list[str] = []
        self.tool_calls: list[ToolCall] = []

    def takes(self, item: wire.ReadItem) -> bool:
        """Return whether `item` belongs to this turn. Text between calls and their results must not part them."""
        match item:
            case wire.FunctionCall() | wire.CustomCall():
                return True
            case wire.Reasoning() | wire.Message(role="assistant"):
                return bool(self.tool_calls) or not (self.content or self.refusals)
            case _:
                return False

    def think(self, item: wire.Reasoning) -> None:
        """Add reasoning: the text itself where it is there, else what is told of it."""
        self.reasoning += [part.text for part in item.content or item.summary or () if part.text]
        if item.encrypted_content:
            self.proofs.append(Proof(kind=ENCRYPTED_REASONING, data=item.encrypted_content))

    def say(self, item: wire.Message, where: str) -> None:
        """Add a message."""
        parts = item.content if isinstance(item.content, list) else []
        self.refusals += [part.refusal for part in parts if isinstance(part, wire.Refusal)]
        self.content += _parts(item.content, where)

    def end(self) -> Iterator[AssistantMessage]:
        """Yield the message, unless there is nothing but reasoning in it, and begin another."""
        if self.content or self.refusals or self.tool_calls:
            yield AssistantMessage(
                content=tuple(self.content),
                reasoning="\n\n".join(self.reasoning) or None,
                proofs=tuple(self.proofs),
                refusal="".join(self.refusals) or None,
                tool_calls=tuple(self.tool_calls),
            )
        self._clear()


def _call(item: wire.FunctionCall | wire.CustomCall) -> ToolCall:
    arguments = item.arguments if isinstance(item, wire.FunctionCall) else freeform.wrap(item.input)
    return ToolCall(id=item.call_id, name=hub_name(item.name, item.namespace), arguments=arguments)


def _result(item: wire.FunctionOutput | wire.CustomOutput, where: str, name: str | None) -> ToolMessage:
    if name is None:
        param = f"{where}.call_id"
        raise InvalidRequest(f"{param}: No tool call found with call_id {item.call_id!r}.", param=param)
    return ToolMessage(call_id=item.call_id, content=_parts(item.output, where, "output"), name=name)


def _message(item: wire.Message, where: str) -> Message:
    content = _parts(item.content, where)
    if item.role == "user":
        return UserMessage(content=content)
    return SystemMessage(content=content, developer=item.role == "developer")


def _parts(content: wire.Content | None, where: str, field: str = "content") -> tuple[Part, ...]:
    if not content:
        return ()
    if isinstance(content, str):
        return (Text(text=content),)
    placed_parts = ((f"{where}.{field}[{index}]", part) for index, part in enumerate(content))
    return tuple(converted for place, part in placed_parts if (converted := _part(part, place)))


def _part(part: wire.ContentPart, where: str) -> Part | None:
    """Return the hub form of `part`; a refusal has none here."""
    match part:
        case wire.InputText(text=text) | wire.OutputText(text=text) | wire.PlainText(text=text):
            return Text(text=text)
        case wire.InputImage():
            return _image(part, where)
        case wire.InputFile():
            return _file(part, where)
        case wire.InputAudio(input_audio=audio):
            return Audio(data=audio.data, format=audio.format)
        case wire.InputVideo():
            raise UnsupportedFeature(f"{where}: relay has no session that takes films.", param=where)
        case wire.Refusal():
            return None


def _image(image: wire.InputImage, where: str) -> Image:
    if image.file_id and not image.image_url:
        param = f"{where}.file_id"
        raise UnsupportedFeature(f"{param}: relay keeps no uploaded files; send image_url.", param=param)
    if not (image.image_url or "").lower().startswith(_IMAGE_SCHEMES):
        param = f"{where}.image_url"
        raise InvalidRequest(f"{param} must be a data:, https: or http: URL.", param=param)
    return Image(url=image.image_url or "", detail=image.detail)


def _file(file: wire.InputFile, where: str) -> File:
    if not (file.file_id or file.file_data or file.file_url):
        raise InvalidRequest(f"{where} needs file_data, file_url or file_id.", param=where)
    return File(name=file.filename, data=file.file_data, url=file.file_url, id=file.file_id)
