"""JSON answers from a session that promises none.

What OpenAI promises (https://platform.openai.com/docs/guides/structured-outputs) decides how it ends when the second
answer is no better. ``json_object`` and ``json_schema`` with ``strict`` are promises: the call fails, because a program
that was promised JSON must not get something else as if nothing had happened. Without ``strict`` the schema is a wish:
JSON that does not follow it is passed on. An answer that the session cut off is passed on with the reason, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from relay.core import schema
from relay.core.events import Event, FinishReason, TextDelta
from relay.core.request import Request, ResponseFormat
from relay.core.rounds import Rounds
from relay.core.think import split_unopened
from relay.core.toolcall.read import parse, trouble, write
from relay.core.toolcall.write import instruct
from relay.errors import BackendFailed

_OBJECT: Final = "Answer with one JSON object and nothing else: no words before or after it, no code fence."
_SCHEMA: Final = """\
Answer with JSON{name} that follows the JSON Schema below, and nothing else: no words before or after it, no code fence.
{description}{schema}"""
_REPAIR: Final = """\
Your answer could not be used:
{problems}

Write it again, corrected: only the JSON, complete, with no words around it."""

_FENCE: Final = re.compile(r"\s*(`{3,}|~{3,})(.*)", re.DOTALL)


class _Judged(NamedTuple):
    """The JSON in an answer, if there is some, and what is wrong with the answer."""

    json: str | None
    problems: list[str]


class JsonEmulation(Rounds):
    """Ask for JSON in the prompt, and check that the answer is JSON.

    The answer is held to its end and goes out as the JSON alone, without a fence or words around it. An answer with
    tool calls is none in the sense of ``response_format`` and goes out as it is.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(_asking(request))
        self._format = request.response_format or ResponseFormat(type="text")
        self._earlier = _Judged(None, [])

    def _text(self, text: str, out: list[Event]) -> None:
        if self._format.type == "text":
            out.append(TextDelta(text))

    def _end(self, reason: FinishReason, out: list[Event]) -> None:
        text = "".join(self._raw)
        if self._format.type == "text":
            self._finish(reason, out)
        elif self._next_index or reason is not FinishReason.STOP:
            self._give(text, reason, out)
        elif not (judged := _judge(split_unopened(text)[1], self._format)).problems:
            self._give(judged.json or "", reason, out)
        elif self._first:
            self._earlier = judged
            self._correct(_REPAIR.format(problems="\n".join(f"- {problem}" for problem in judged.problems)))
        else:
            self._settle(judged if judged.json is not None else self._earlier, judged, out)

    def _give_up(self, out: list[Event]) -> None:
        self._settle(self._earlier, self._earlier, out)

    def _settle(self, best: _Judged, last: _Judged, out: list[Event]) -> None:
        """End with JSON that is not what was asked for, if that is better than nothing."""
        if best.json is None or self._format.type == "json_object" or self._format.strict:
            raise BackendFailed(
                f"The model did not answer with the JSON that was asked for: {'; '.join(last.problems)}"
            )
        self._give(best.json, FinishReason.STOP, out)

    def _give(self, text: str, reason: FinishReason, out: list[Event]) -> None:
        if text:
            out.append(TextDelta(text))
        self._finish(reason, out)


def _asking(request: Request) -> Request:
    form = request.response_format
    if form is None or form.type == "text":
        return request
    text = _OBJECT
    if form.schema is not None:
        text = _SCHEMA.format(
            name=f" named {form.name}" if form.name else "",
            description=f"{form.description}\n" if form.description else "",
            schema=write(form.schema),
        )
    return msgspec.structs.replace(request, messages=instruct(request.messages, text), response_format=None)


def _judge(text: str, form: ResponseFormat) -> _Judged:
    """Return the JSON in `text`, the one closest to what was asked for."""
    judged = _Judged(None, [trouble(text.strip())])
    for candidate in _candidates(text):
        try:
            value = parse(candidate)
            json = candidate if _strict(candidate) else write(value)
        except ValueError:
            continue
        problems = _problems(value, form)
        if not problems:
            return _Judged(json, [])
        if judged.json is None:
            judged = _Judged(json, problems)
    return judged


def _candidates(text: str) -> Iterator[str]:
    """Yield what may be the JSON of an answer: all of it, a fenced block, from the first bracket to the last."""
    yield text.strip()
    yield from _fenced(text)
    for opening, closing in ("{}", "[]"):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            yield text[start : end + 1]


def _fenced(text: str) -> Iterator[str]:
    """Yield what stands in each code block."""
    fence, lines = "", list[str]()
    for line in text.splitlines(keepends=True):
        match = _FENCE.fullmatch(line)
        if not fence:
            fence, lines = match[1] if match else "", []
        elif match and match[1].startswith(fence) and not match[2].strip():
            yield "".join(lines).strip()
            fence = ""
        else:
            lines.append(line)


def _strict(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def _problems(value: Any, form: ResponseFormat) -> list[str]:
    if form.type == "json_object":
        return [] if isinstance(value, dict) else ["the answer must be a JSON object"]
    return schema.problems(form.schema, value, "$")
