"""The whole answer: the fold over a stream of events that a client gets who did not ask for a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from relay.core.events import (
    ContentEvent,
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    Thinking,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import Image, Text, ToolCall
from relay.errors import StreamTruncated


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer.

    ``content`` keeps the order of text and images; neighbouring texts are joined. ``thinking`` says what its reasoning
    is. ``proofs`` are in order, those of calls with the index of the call. ``events`` has all
    of that as it came, for dialects whose answers are rows of blocks.
    """

    model: str
    content: tuple[Text | Image, ...] = ()
    reasoning: str | None = None
    thinking: Thinking = Thinking()
    proofs: tuple[ReasoningProof, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    finish_reason: FinishReason
    stop_sequence: str | None = None
    events: tuple[ContentEvent, ...] = ()

    @property
    def text(self) -> str:
        """The text of the answer without its images."""
        return "".join(part.text for part in self.content if isinstance(part, Text))

    @property
    def images(self) -> tuple[str, ...]:
        """The URLs of the images."""
        return tuple(part.url for part in self.content if isinstance(part, Image))


class Collector:
    """Collect the events of one answer."""

    def __init__(self) -> None:
        self._model = ""
        self._content: list[Text | Image] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._proofs: list[ReasoningProof] = []
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self._events: list[ContentEvent] = []

    def feed(self, events: Iterable[Event]) -> None:
        """Take in the next events."""
        for event in events:
            self._take(event)

    def result(self) -> Answer:
        """Return the answer.

        Raises:
            StreamTruncated: the events ended without ``Finished``.
        """
        if self._finished is None:
            raise StreamTruncated("The answer stopped without an end; send the request again.")
        self._end_text()
        return Answer(
            model=self._model,
            content=tuple(self._content),
            reasoning="".join(self._reasoning) or None,
            thinking=self._finished.thinking,
            proofs=tuple(self._proofs),
            tool_calls=tuple(
                ToolCall(id=call, name=name, arguments="".join(pieces)) for call, name, pieces in self._calls.values()
            ),
            usage=self._usage,
            finish_reason=self._finished.reason,
            stop_sequence=self._finished.stop_sequence,
            events=tuple(_joined(self._events)),
        )

    def _take(self, event: Event) -> None:
        match event:
            case UsageReport(usage=usage):
                self._usage = usage
            case Started(model=model):
                self._model = model
            case Finished():
                self._finished = event
            case _:
                self._events.append(event)
                self._take_content(event)

    def _take_content(self, event: ContentEvent) -> None:
        match event:
            case TextDelta(text=text):
                self._text.append(text)
            case ReasoningDelta(text=text):
                self._reasoning.append(text)
            case ReasoningProof():
                self._proofs.append(event)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                self._take_call(event)
            case ImagePart(url=url):
                self._end_text()
                self._content.append(Image(url=url))

    def _take_call(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded) -> None:
        match event:
            case ToolCallStarted(index=index, id=id, name=name):
                self._calls[index] = (id, name, [])
            case ToolCallDelta(index=index, arguments=arguments):
                self._calls[index][2].append(arguments)
            case ToolCallEnded():
                pass

    def _end_text(self) -> None:
        if text := "".join(self._text):
            self._content.append(Text(text=text))
        self._text.clear()


def _joined(events: Iterable[ContentEvent]) -> Iterator[ContentEvent]:
    """Join neighbouring deltas of a kind: how an answer was cut is no part of it."""
    for _, run in groupby(events, _kind):
        first, *more = run
        if isinstance(first, TextDelta | ReasoningDelta):
            texts = [event.text for event in more if isinstance(event, TextDelta | ReasoningDelta)]
            yield msgspec.structs.replace(first, text="".join((first.text, *texts)))
        elif isinstance(first, ToolCallDelta):
            pieces = [event.arguments for event in more if isinstance(event, ToolCallDelta)]
            yield ToolCallDelta(first.index, "".join((first.arguments, *pieces)))
        else:
            yield from (first, *more)


def _kind(event: ContentEvent) -> tuple[object, ...]:
    match event:
        case TextDelta(thought=thought):
            return TextDelta, thought
        case ReasoningDelta(source=source, kind=kind):
            return ReasoningDelta, source, kind
        case ToolCallDelta(index=index):
            return ToolCallDelta, index
        case _:
            return (type(event),)
