"""One answer out of up to two rounds with the model: the answer, and one correction where it was not usable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

import msgspec

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import AssistantMessage, Message, Request, Text, UserMessage
from relay.core.think import Delta, ThinkSplitter
from relay.errors import BackendFailed

HELD_CHARACTERS: Final = 64 * 2**20


class Rounds(ABC):
    """What all emulations share: the events of the rounds become those of one answer.

    ``Started`` comes once, usage is added up, reasoning (also in tags), images and native tool calls pass through.

    Attributes:
        request: what the session gets.
        correction: after the end of a round: the request whose events are to be fed next, ``None`` when ``Finished``
            has been given out.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.correction: Request | None = None
        self._splitter = ThinkSplitter()
        self._raw: list[str] = []
        self._held = 0
        self._started = False
        self._reports: list[Usage | None] = [None]
        self._next_index = 0

    def feed(self, events: Iterable[Event]) -> list[Event]:
        """Return the events for the client that `events` of the session mean.

        Raises:
            BackendFailed: the answer is of no use, or larger than can be held.
        """
        out: list[Event] = []
        for event in events:
            self._take(event, out)
        return out

    def abandon(self) -> list[Event]:
        """Return the end of the answer when the correction cannot be asked for.

        Raises:
            BackendFailed: what there is is of no use.
        """
        out: list[Event] = []
        self.correction = None
        self._give_up(out)
        return out

    @abstractmethod
    def _text(self, text: str, out: list[Event]) -> None:
        """Take in the next piece of the answer."""

    @abstractmethod
    def _end(self, reason: FinishReason, out: list[Event]) -> None:
        """Take in that the round is over: correct or finish."""

    @abstractmethod
    def _give_up(self, out: list[Event]) -> None:
        """End with what the first round gave."""

    @property
    def _first(self) -> bool:
        """Whether this is the first round."""
        return len(self._reports) == 1

    def _correct(self, message: str) -> None:
        """Ask the model to mend its answer."""
        said: list[Message] = [AssistantMessage(content=(Text(text=raw),))] if (raw := "".join(self._raw)) else []
        said.append(UserMessage(content=(Text(text=message),)))
        self.correction = msgspec.structs.replace(self.request, messages=(*self.request.messages, *said))
        self._splitter, self._raw, self._held = ThinkSplitter(), [], 0
        self._reports.append(None)

    def _finish(self, reason: FinishReason, out: list[Event]) -> None:
        if usage := _total(self._reports):
            out.append(UsageReport(usage))
        out.append(Finished(reason))

    def _take(self, event: Event, out: list[Event]) -> None:
        match event:
            case TextDelta(text=text):
                self._deliver(self._splitter.feed(text), out)
            case ReasoningDelta() | ImagePart():
                out.append(event)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded() | ReasoningProof():
                out.append(self._renumbered(event))
            case UsageReport(usage=usage):
                self._reports[-1] = usage
            case Started():
                if not self._started:
                    self._started = True
                    out.append(event)
            case Finished(reason=reason):
                self._deliver(self._splitter.flush(), out)
                self.correction = None
                self._end(reason, out)

    def _renumbered(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded | ReasoningProof) -> Event:
        """Return `event` with the index that its call has among those of all rounds."""
        if isinstance(event, ToolCallStarted):
            self._next_index += 1
        if not isinstance(event, ReasoningProof):
            return msgspec.structs.replace(event, index=self._next_index - 1)
        return event if event.call is None else msgspec.structs.replace(event, call=self._next_index - 1)

    def _deliver(self, deltas: Iterable[Delta], out: list[Event]) -> None:
        for delta in deltas:
            if isinstance(delta, ReasoningDelta):
                out.append(delta)
                continue
            self._held += len(delta.text)
            if self._held > HELD_CHARACTERS:
                raise BackendFailed("The answer is larger than relay can hold while it looks for calls in it.")
            self._raw.append(delta.text)
            self._text(delta.text, out)


def _total(reports: Iterable[Usage | None]) -> Usage | None:
    """Return the sum; it is an estimate if a part of it is, or is not known."""
    rounds = list(reports)
    known = [usage for usage in rounds if usage is not None]
    if not known:
        return None
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in known),
        output_tokens=sum(usage.output_tokens for usage in known),
        cached_tokens=sum(usage.cached_tokens for usage in known),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in known),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in known),
        estimated=len(known) < len(rounds) or any(usage.estimated for usage in known),
    )
