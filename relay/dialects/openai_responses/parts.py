"""The output items of a response while they are told: each one's events, and the item in the end.

Every item begins with ``response.output_item.added`` and ends with ``response.output_item.done``, which holds the whole
item: clients make their history of that one. The order between is that of
https://www.openresponses.org/specification#streaming.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from relay.core.events import ReasoningKind
from relay.core.think import split
from relay.dialects import freeform
from relay.dialects.base import CHUNK_CHARS
from relay.dialects.openai_responses.form import CalledAs, ReasoningForm
from relay.dialects.openai_responses.wire import Item

_encode: Final = msgspec.json.Encoder().encode

Status: TypeAlias = Literal["completed", "incomplete"]


class Note(NamedTuple):
    """An event but for its sequence number: its name, and its JSON after that number.

    ``raw`` tells that it holds chain of thought.
    """

    type: str
    rest: bytes
    raw: bool = False


class _OutputItem:
    """What all items have: an id and a place, which every event names."""

    def __init__(self, item_id: str, index: int) -> None:
        self.id = item_id
        self._index = b',"output_index":%d' % index
        self._place = b',"item_id":%b%b' % (_encode(item_id), self._index)

    def _added(self, item: Item) -> Note:
        return Note("response.output_item.added", b'%b,"item":%b' % (self._index, _encode(item)))

    def _done(self, item: bytes, *, raw: bool = False) -> Note:
        return Note("response.output_item.done", b'%b,"item":%b' % (self._index, item), raw)


class MessageItem(_OutputItem):
    """The text of the answer."""

    def __init__(self, item_id: str, index: int) -> None:
        super().__init__(item_id, index)
        self._texts: list[str] = []
        self._answer: list[str] = []
        self._content = self._place + b',"content_index":0'
        self._delta = self._content + b',"delta":'

    @property
    def has_text(self) -> bool:
        """Some text has been told."""
        return bool(self._texts)

    @property
    def has_thoughts(self) -> bool:
        """Some of the text is reasoning: told as such, or left in it by the model."""
        return len(self._answer) < len(self._texts) or bool(split("".join(self._answer))[0])

    @property
    def answer(self) -> str:
        """The text without reasoning."""
        return split("".join(self._answer))[1]

    def opening(self) -> Iterator[Note]:
        """Yield the events before the text."""
        yield self._added(self._item("in_progress", []))
        yield self._part("response.content_part.added", "")

    def delta(self, text: str, *, thought: bool = False) -> Note:
        """Return the event of the next piece; a `thought` is told as any text, and is no part of the answer."""
        self._texts.append(text)
        if not thought:
            self._answer.append(text)
        return Note("response.output_text.delta", b'%b%b,"logprobs":[]' % (self._delta, _encode(text)))

    def closing(self, status: Status) -> tuple[bytes, list[Note]]:
        """Return the item, and the events after the text."""
        text = "".join(self._texts)
        item = _encode(self._item(status, [_text_part(text)]))
        told = b'%b,"text":%b,"logprobs":[]' % (self._content, _encode(text))
        done = Note("response.output_text.done", told)
        return item, [done, self._part("response.content_part.done", text), self._done(item)]

    def _part(self, name: str, text: str) -> Note:
        return Note(name, b'%b,"part":%b' % (self._content, _encode(_text_part(text))))

    def _item(self, status: str, content: list[Item]) -> Item:
        return {"type": "message", "id": self.id, "status": status, "role": "assistant", "content": content}


def _text_part(text: str) -> Item:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class ReasoningItem(_OutputItem):
    """What the model thought: summaries, and the reasoning itself where the client reads that."""

    def __init__(self, item_id: str, index: int, form: ReasoningForm) -> None:
        super().__init__(item_id, index)
        self._form = form
        self._raw = False
        self._encrypted: str | None = None
        self._parts: list[_ReasoningPart] = []

    def opening(self) -> Iterator[Note]:
        """Yield the event before the reasoning."""
        yield self._added(self._item("in_progress"))

    def delta(self, text: str, kind: ReasoningKind) -> Iterator[Note]:
        """Yield the events of the next piece."""
        self._raw |= kind == "raw"
        shape = _RAW_SHAPES.get(self._form, _SUMMARY) if kind == "raw" else _SUMMARY
        if not self._parts or self._parts[-1].shape is not shape:
            if self._parts:
                yield from self._parts[-1].closing()
            index = sum(part.shape is shape for part in self._parts)
            self._parts.append(_ReasoningPart(self._place, shape, index))
            yield self._parts[-1].opening()
        yield self._parts[-1].delta(text, raw=kind == "raw")

    def prove(self, data: str) -> None:
        """Add the encrypted reasoning, which is told with the whole item."""
        self._encrypted = data

    def closing(self, status: Status) -> tuple[bytes, list[Note]]:
        """Return the item, and the events after the reasoning."""
        item = _encode(self._item(status))
        last = self._parts[-1].closing() if self._parts else ()
        return item, [*last, self._done(item, raw=self._raw)]

    def _item(self, status: str) -> Item:
        item: Item = {"type": "reasoning", "id": self.id, "status": status, "summary": self._texts(_SUMMARY)}
        if self._form in _RAW_SHAPES:
            item["content"] = self._texts(_RAW_SHAPES[self._form])
        if self._encrypted is not None:
            item["encrypted_content"] = self._encrypted
        return item

    def _texts(self, shape: _Shape) -> list[Item]:
        return [part.whole() for part in self._parts if part.shape is shape]


class _Shape(NamedTuple):
    """What the events of one kind of reasoning are called."""

    part: str
    text: str
    number: bytes
    type: str


_SUMMARY: Final = _Shape(
    "response.reasoning_summary_part", "response.reasoning_summary_text", b',"summary_index":%d', "summary_text"
)
_RAW_SHAPES: Final[dict[ReasoningForm, _Shape]] = {
    "open_responses": _Shape("response.content_part", "response.reasoning", b',"content_index":%d', "reasoning_text"),
    "openai": _Shape("response.content_part", "response.reasoning_text", b',"content_index":%d', "reasoning_text"),
}


class _ReasoningPart:
    """One part of a reasoning item."""

    def __init__(self, place: bytes, shape: _Shape, index: int) -> None:
        self.shape = shape
        self._place = place + shape.number % index
        self._delta = self._place + b',"delta":'
        self._names = (f"{shape.text}.delta", f"{shape.text}.done", f"{shape.part}.added", f"{shape.part}.done")
        self._pieces: list[str] = []
        self._raw = False

    def opening(self) -> Note:
        return Note(self._names[2], b'%b,"part":%b' % (self._place, _encode(self.whole())))

    def delta(self, text: str, *, raw: bool) -> Note:
        self._pieces.append(text)
        self._raw |= raw
        return Note(self._names[0], self._delta + _encode(text), raw)

    def closing(self) -> Iterator[Note]:
        whole = self.whole()
        yield Note(self._names[1], b'%b,"text":%b' % (self._place, _encode(whole["text"])), self._raw)
        yield Note(self._names[3], b'%b,"part":%b' % (self._place, _encode(whole)), self._raw)

    def whole(self) -> Item:
        return {"type": self.shape.type, "text": "".join(self._pieces)}


class FunctionCallItem(_OutputItem):
    """A call of a function."""

    def __init__(self, item_id: str, index: int, call_id: str, tool: CalledAs) -> None:
        super().__init__(item_id, index)
        self._call_id = call_id
        self._tool = tool
        self._pieces: list[str] = []
        self._delta = self._place + b',"delta":'

    def opening(self) -> Iterator[Note]:
        """Yield the event before the arguments."""
        yield self._added(self._item("in_progress", ""))

    def delta(self, arguments: str) -> Iterator[Note]:
        """Yield the event of the next piece."""
        self._pieces.append(arguments)
        yield Note("response.function_call_arguments.delta", self._delta + _encode(arguments))

    def is_whole(self) -> bool:
        """Return whether the arguments are JSON, which a call that was cut off has not got to."""
        return _is_json("".join(self._pieces))

    def closing(self, status: Status) -> tuple[bytes, list[Note]]:
        """Return the item, and the events after the arguments."""
        notes: list[Note] = []
        if not self._pieces and status == "completed":
            notes += self.delta("{}")  # a call without arguments: clients parse them all the same
        arguments = "".join(self._pieces)
        item = _encode(self._item(status, arguments))
        told = b'%b,"arguments":%b' % (self._place, _encode(arguments))
        return item, [*notes, Note("response.function_call_arguments.done", told), self._done(item)]

    def _item(self, status: str, arguments: str) -> Item:
        item = {"type": "function_call", "id": self.id, "status": status, "call_id": self._call_id}
        return item | _names(self._tool) | {"arguments": arguments}


class CustomCallItem(_OutputItem):
    """A call of a custom tool, whose text is taken out of the arguments."""

    def __init__(self, item_id: str, index: int, call_id: str, tool: CalledAs) -> None:
        super().__init__(item_id, index)
        self._call_id = call_id
        self._tool = tool
        self._arguments: list[str] = []
        self._unwrapper = freeform.Unwrapper()
        self._texts: list[str] = []

    def opening(self) -> Iterator[Note]:
        """Yield the event before the text."""
        yield self._added(self._item("in_progress", ""))

    def delta(self, arguments: str) -> Iterator[Note]:
        """Yield the event of what the next piece of the arguments settles."""
        self._arguments.append(arguments)
        yield from self._told(self._unwrapper.feed(arguments))

    def is_whole(self) -> bool:
        """Return whether the arguments are JSON, which a call that was cut off has not got to."""
        return _is_json("".join(self._arguments))

    def closing(self, status: Status) -> tuple[bytes, list[Note]]:
        """Return the item, and the events of the rest of its text."""
        rest = list(self._told(self._unwrapper.flush()))
        text = "".join(self._texts)
        item = _encode(self._item(status, text))
        done = Note("response.custom_tool_call_input.done", b'%b,"input":%b' % (self._place, _encode(text)))
        return item, [*rest, done, self._done(item)]

    def _told(self, text: str) -> Iterator[Note]:
        for start in range(0, len(text), CHUNK_CHARS):
            piece = text[start : start + CHUNK_CHARS]
            self._texts.append(piece)
            yield Note("response.custom_tool_call_input.delta", b'%b,"delta":%b' % (self._place, _encode(piece)))

    def _item(self, status: str, text: str) -> Item:
        item = {"type": "custom_tool_call", "id": self.id, "status": status, "call_id": self._call_id}
        return item | _names(self._tool) | {"input": text}


CallItem: TypeAlias = FunctionCallItem | CustomCallItem
OutputItem: TypeAlias = MessageItem | ReasoningItem | CallItem


def _names(tool: CalledAs) -> Item:
    return {"name": tool.name} if tool.namespace is None else {"name": tool.name, "namespace": tool.namespace}


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True
