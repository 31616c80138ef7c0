"""What happens to every answer between backend and dialect: reasoning tags, stop strings, limits, usage.

No I/O: events in, events out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count

from relay.core.events import (
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
    thinking_metadata,
)
from relay.core.reasoning import CLIENTS_DECIDE, ReasoningTerms
from relay.core.request import AssistantMessage, Message, Request, ToolCall
from relay.core.stop import StopFilter
from relay.core.think import ThinkSplitter
from relay.core.tokens import TokenCounter, estimate_request
from relay.errors import BackendFailed


@dataclass(frozen=True, slots=True)
class Rules:
    """What relay does to requests and answers.

    ``unopened`` are patterns of models whose reasoning ends with a tag but begins without one, ``response_bytes``
    bounds the characters of an answer.
    """

    tags: bool = True
    response_bytes: int = 64 * 2**20
    reasoning: ReasoningTerms = CLIENTS_DECIDE
    unopened: tuple[str, ...] = ()

    def splitter(self, model: str) -> ThinkSplitter | None:
        """Return what finds the reasoning in the text of `model`, if anything shall."""
        if not self.tags:
            return None
        name = model.lower()
        return ThinkSplitter(starts_inside=any(fnmatchcase(name, pattern.lower()) for pattern in self.unopened))


class Pipeline:
    """Feed the backend's events, get the events for the client.

    The answer always ends with a usage report (the session's, else an estimate) and ``Finished``. When a stop string or
    the token limit ends it early, :attr:`finished` is set although the backend goes on: stop reading then.

    Attributes:
        finished: ``Finished`` has been returned; nothing may follow.
        usage: the final count, once finished.
        pieces: content events so far.
    """

    def __init__(self, request: Request, rules: Rules, enforced_by_page: Iterable[str], model: str = "") -> None:
        self.finished = False
        self.usage: Usage | None = None
        self.pieces = 0
        self._request = request
        self._splitter = rules.splitter(model)
        self._first_reasoning: ReasoningDelta | None = None
        self._stop = StopFilter(request.stop) if request.stop else None
        self._max_tokens = None if "max_tokens" in enforced_by_page else request.max_tokens
        self._counter = TokenCounter()
        self._reasoning = TokenCounter()
        self._room = rules.response_bytes
        self._calls = {call.id for message in request.messages for call in _calls(message)}
        self._open_call: int | None = None
        self._called = False
        self._reported: Usage | None = None

    @property
    def thinking(self) -> Thinking:
        """What is known of the reasoning besides its text."""
        return thinking_metadata(self._first_reasoning)

    def feed(self, events: Iterable[Event]) -> list[Event]:
        """Return what the client gets for `events`.

        Raises:
            BackendFailed: the answer is larger than allowed.
        """
        out: list[Event] = []
        for event in events:
            if self.finished:
                break
            self._apply(event, out)
        return out

    def _apply(self, event: Event, out: list[Event]) -> None:
        match event:
            case TextDelta(text=text):
                self._split(text, out)
            case ReasoningDelta():
                self._reason(event, out)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                self._tool_call(event, out)
            case ImagePart(url=url):
                self._flush(out)
                if not self.finished:
                    self._spend(len(url))
                    self._emit(event, out)
            case UsageReport(usage=usage):
                self._reported = usage
            case Started() | ReasoningProof():
                out.append(event)
            case Finished(reason=reason):
                self._flush(out)
                if not self.finished:
                    self._finish(out, reason, None)

    def _tool_call(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded, out: list[Event]) -> None:
        match event:
            case ToolCallStarted(index=index, name=name):
                self._flush(out)
                if self.finished:
                    return
                event = self._told_apart(event)
                self._open_call, self._called = index, True
                self._count(name)
            case ToolCallDelta(arguments=arguments):
                self._count(arguments)
            case ToolCallEnded():
                self._open_call = None
        self._emit(event, out)

    def _told_apart(self, call: ToolCallStarted) -> ToolCallStarted:
        """Give `call` an id that the conversation does not have: of two with one id clients lose a result."""
        if call.id in self._calls:
            # Not with "_": Claude Code takes a number after that for a copy of the call before, and drops its result.
            ids = (f"{call.id}-{number}" for number in count(2))
            call = ToolCallStarted(call.index, next(id_ for id_ in ids if id_ not in self._calls), call.name)
        self._calls.add(call.id)
        return call

    def _split(self, text: str, out: list[Event]) -> None:
        if self._splitter is None or self._splitter.passthrough:
            self._answer(text, out)
            return
        for delta in self._splitter.feed(text):
            self._deliver(delta, out)

    def _deliver(self, delta: TextDelta | ReasoningDelta, out: list[Event]) -> None:
        if isinstance(delta, TextDelta):
            self._answer(delta.text, out)
        else:
            self._reason(delta, out)

    def _reason(self, delta: ReasoningDelta, out: list[Event]) -> None:
        if self.finished:
            return
        if self._first_reasoning is None and self._splitter is not None:
            self._splitter.told_apart()
        text = self._fitting(delta.text)
        if text:
            self._first_reasoning = self._first_reasoning or delta
            self._reasoning.add(text)
            self._count(text)
            self._emit(ReasoningDelta(text, delta.source, delta.kind), out)
        self._end_if_full(delta.text, text, out)

    def _answer(self, text: str, out: list[Event]) -> None:
        if self.finished:
            return
        hit = None
        if self._stop is not None:
            text = self._stop.feed(text)
            hit = self._stop.hit
        self._text(text, out)
        if hit is not None and not self.finished:
            self._finish(out, FinishReason.STOP, hit)

    def _text(self, text: str, out: list[Event]) -> None:
        fitting = self._fitting(text)
        if fitting:
            self._count(fitting)
            self._emit(TextDelta(fitting), out)
        self._end_if_full(text, fitting, out)

    def _flush(self, out: list[Event]) -> None:
        """Let go of text that was held back."""
        if self._splitter is not None and not self._splitter.passthrough:
            for delta in self._splitter.flush():
                self._deliver(delta, out)
        if self._stop is not None and not self.finished:
            self._text(self._stop.flush(), out)

    def _finish(self, out: list[Event], reason: FinishReason, stop_sequence: str | None) -> None:
        if self._open_call is not None:
            out.append(ToolCallEnded(self._open_call))
        if self._called and reason is FinishReason.STOP and stop_sequence is None:
            reason = FinishReason.TOOL_CALLS
        self.usage = self._reported or self._estimate()
        self.finished = True
        out += [UsageReport(self.usage), Finished(reason, stop_sequence, self.thinking)]

    def _estimate(self) -> Usage:
        return Usage(
            input_tokens=estimate_request(self._request),
            output_tokens=self._counter.tokens,
            reasoning_tokens=self._reasoning.tokens,
            estimated=True,
        )

    def _fitting(self, text: str) -> str:
        return text if self._max_tokens is None else self._counter.fitting(text, self._max_tokens)

    def _end_if_full(self, text: str, fitting: str, out: list[Event]) -> None:
        """End the answer if `text` did not fit, or nothing more does."""
        if (
            text
            and self._max_tokens is not None
            and (len(fitting) < len(text) or self._counter.fills(self._max_tokens))
        ):
            self._finish(out, FinishReason.LENGTH, None)

    def _count(self, text: str) -> None:
        self._spend(len(text))
        self._counter.add(text)

    def _spend(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise BackendFailed("The answer is larger than relay passes on (limits.response_bytes).")

    def _emit(self, event: Event, out: list[Event]) -> None:
        self.pieces += 1
        out.append(event)


def _calls(message: Message) -> tuple[ToolCall, ...]:
    return message.tool_calls if isinstance(message, AssistantMessage) else ()
