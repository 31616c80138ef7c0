"""Tools for a session that has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from relay.core.events import (
    Event,
    FinishReason,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.request import Request, ToolChoice
from relay.core.rounds import Rounds
from relay.core.think import split_unopened
from relay.core.toolcall import write
from relay.core.toolcall.extract import Block, CallExtractor, Item
from relay.core.toolcall.heads import RESULT
from relay.core.toolcall.read import Call, read_block

_MADE_UP: Final = re.compile(rf"^[ \t]*[`~]{{3,}}[ \t]*{RESULT}\b", re.MULTILINE)


_MENDABLE: Final = (FinishReason.STOP, FinishReason.TOOL_CALLS)
"""How an answer ends that is complete: only that can be wrong. One that was cut off would be cut off again."""


class _Found:
    """What an answer holds.

    Attributes:
        calls: the valid calls.
        problems: what is wrong with the others.
        text: what is to be said beside the calls: all text but that of valid blocks.
        broken: the text of the blocks with problems.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self.text = ""
        self.broken = ""


class ToolEmulation(Rounds):
    """Declare the tools of a request in its prompt, and read the calls back from the answer.

    Text before the first call streams on. What follows it is held to the end of the answer, because the calls go out
    together or not at all: if one is invalid, or one is missing where ``tool_choice`` demands it, none has been made
    and the model is asked once to write them again. Is the second answer no better, the client gets as text what the
    model wrote, both times.
    """

    def __init__(self, request: Request, new_id: Callable[[], str]) -> None:
        choice = request.tool_choice or ToolChoice()
        usable = [tool for tool in request.tools if not choice.names or tool.name in choice.names]
        self._tools = {tool.name: tool for tool in usable} if choice.mode != "none" else {}
        self._required = choice.mode == "required" and bool(self._tools)
        self._parallel = request.parallel_tool_calls is not False
        self._new_id = new_id
        super().__init__(self._declare(request))
        self._extractor = CallExtractor()
        self._items: list[Item] = []
        self._unsent = ""
        self._said = False
        self._reason = FinishReason.STOP

    def _declare(self, request: Request) -> Request:
        messages = tuple(write.as_text(request.messages))
        if self._tools:
            tools = list(self._tools.values())
            text = write.instructions(tools, required=self._required, parallel=self._parallel)
            messages = write.instruct(messages, text)
        return msgspec.structs.replace(request, messages=messages, tools=(), tool_choice=None, parallel_tool_calls=None)

    def _text(self, text: str, out: list[Event]) -> None:
        if self._tools:
            self._add(self._extractor.feed(text), out)
        else:
            out.append(TextDelta(text))

    def _add(self, items: Iterable[Item], out: list[Event]) -> None:
        for item in items:
            if self._items or isinstance(item, Block) or not self._first:
                self._items.append(item)
            else:
                self._say(item, out)

    def _end(self, reason: FinishReason, out: list[Event]) -> None:
        self._add(self._extractor.flush(), out)
        found, held = self._read(), "".join(map(_source, self._items))
        missing = self._required and not found.calls and not self._next_index
        if self._first and reason in _MENDABLE and (found.problems or missing):
            self._unsent, self._reason = held, reason
            self._extractor, self._items = CallExtractor(), []
            self._correct(write.correction(found.problems, list(self._tools.values())))
        elif found.calls:
            self._append(found.text if self._first else found.broken, out)
            self._call(found.calls, out)
            self._finish(FinishReason.TOOL_CALLS, out)
        else:
            if self._first:
                self._say(held, out)
            else:
                self._say(self._unsent, out)
                self._append(held, out)
            self._finish(reason, out)

    def _give_up(self, out: list[Event]) -> None:
        self._say(self._unsent, out)
        self._finish(self._reason, out)

    def _read(self) -> _Found:
        found = _Found()
        answer = "".join(self._raw)
        reasoned = len(split_unopened(answer)[0])
        position = len(answer) - sum(len(_source(item)) for item in self._items)
        for item in _without_made_up_results(self._items):
            position += len(source := _source(item))
            if isinstance(item, str) or position <= reasoned or (read := read_block(item, self._tools)) is None:
                found.text += source
                continue
            read = read if self._parallel else read[: not found.calls]
            problems = [problem for problem in read if isinstance(problem, str)]
            found.calls += [call for call in read if isinstance(call, Call)]
            found.problems += problems
            if problems:
                found.text += item.raw
                found.broken += item.raw
        return found

    def _append(self, text: str, out: list[Event]) -> None:
        """Say `text` in a paragraph of its own."""
        if text := text.strip():
            self._say(f"\n\n{text}" if self._said else text, out)

    def _say(self, text: str, out: list[Event]) -> None:
        if text:
            self._said = True
            out.append(TextDelta(text))

    def _call(self, calls: Iterable[Call], out: list[Event]) -> None:
        for index, call in enumerate(calls, self._next_index):
            out += [
                ToolCallStarted(index, self._new_id(), call.name),
                ToolCallDelta(index, call.arguments),
                ToolCallEnded(index),
            ]


def _source(item: Item) -> str:
    return item if isinstance(item, str) else item.raw


def _without_made_up_results(items: Iterable[Item]) -> Iterator[Item]:
    """Yield `items` up to where the model goes on by itself with the results of its calls."""
    called = False
    for item in items:
        if isinstance(item, str) and called and (match := _MADE_UP.search(item)):
            yield item[: match.start()]
            return
        called = called or isinstance(item, Block)
        yield item
