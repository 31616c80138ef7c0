"""Contents of a request to hub messages.

Google's turns hold what other dialects keep in several messages: results of functions stand among the parts of the
user, and a turn of the model may come in as many pieces as it was streamed in. Calls need no ids: then a result belongs
to the first call of its name that has none yet, among those of the last turn with calls.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import count, groupby
from typing import Final, Literal

import msgspec

from relay.core.request import (
    AssistantMessage,
    Message,
    Part,
    Proof,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects.gemini import parts, wire
from relay.errors import InvalidRequest

SIGNATURE: Final = "gemini.signature"
"""The kind of the proofs that Google calls thought signatures."""

_NO_SIGNATURES: Final = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
"""What clients write where they have none: https://ai.google.dev/gemini-api/docs/thought-signatures."""


class Conversation(msgspec.Struct, frozen=True):
    """The messages, and where the parts stand that relay does not know."""

    messages: tuple[Message, ...]
    skipped: tuple[str, ...]


def convert(body: wire.Body, detail: str | None) -> Conversation:
    """Return the conversation of `body`, its system instruction first.

    `detail` is the resolution in which the client wants its images read.

    Raises:
        InvalidRequest: a part is malformed or has no place in its turn; ``param`` names it.
    """
    reader = _Reader(detail)
    messages = tuple(reader.messages(body))
    return Conversation(messages, tuple(reader.skipped))


class _Speaker(Enum):
    USER = auto()
    MODEL = auto()
    SYSTEM = auto()


_SPEAKERS: Final = {
    "": _Speaker.USER,
    "user": _Speaker.USER,
    "function": _Speaker.USER,
    "tool": _Speaker.USER,
    "model": _Speaker.MODEL,
    "assistant": _Speaker.MODEL,
    "system": _Speaker.SYSTEM,
    "developer": _Speaker.SYSTEM,
}
"""Google has ``user`` and ``model`` and had ``function``; the others are what clients of more dialects mix up."""


class _Placed(msgspec.Struct, frozen=True):
    """A part, where it stands, and the id for a call there that has none."""

    part: wire.Part
    where: str
    made_id: str


class _Turn(msgspec.Struct, frozen=True):
    """What one content holds."""

    speaker: _Speaker
    parts: tuple[_Placed, ...]


class _Waiting:
    """Calls without a result, found by id and by name; the first of several comes first."""

    def __init__(self, calls: Iterable[ToolCall]) -> None:
        self._calls = dict(enumerate(calls))
        self._known: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        for index, call in self._calls.items():
            self._known["id", call.id].append(index)
            self._known["name", call.name].append(index)

    def take(self, field: Literal["id", "name"], value: str | None) -> str | None:
        """Return the id of the first call with `value` in `field`, which then waits no more."""
        places = self._known.get((field, value)) if value is not None else None
        while places:
            if (call := self._calls.pop(places.popleft(), None)) is not None:
                return call.id
        return None


class _Reader:
    """Read one conversation; the calls of the last turn that has some wait for their results."""

    def __init__(self, detail: str | None) -> None:
        self.skipped: list[str] = []
        self._detail = detail
        self._waiting = _Waiting(())

    def messages(self, body: wire.Body) -> Iterator[Message]:
        if body.system_instruction is not None:
            yield from self._system([_instruction(body.system_instruction)])
        turns = map(_turn, count(), body.contents)
        for speaker, run in groupby(turns, _speaker):
            match speaker:
                case _Speaker.USER:
                    yield from self._user(list(run))
                case _Speaker.MODEL:
                    yield from self._model([placed for turn in run for placed in turn.parts])
                case _Speaker.SYSTEM:
                    yield from self._system(list(run))

    def _system(self, turns: list[_Turn]) -> Iterator[Message]:
        for turn in turns:
            if said := self._said(turn.parts):
                yield SystemMessage(content=tuple(said))

    def _user(self, turns: list[_Turn]) -> Iterator[Message]:
        """Yield the results first: elsewhere they follow their calls at once."""
        yield from self._results([placed for turn in turns for placed in turn.parts])
        for turn in turns:
            said = self._said(placed for placed in turn.parts if placed.part.function_response is None)
            if said:
                yield UserMessage(content=tuple(said))

    def _results(self, run: list[_Placed]) -> Iterator[Message]:
        given = [(placed, found) for placed in run if (found := placed.part.function_response) is not None]
        by_id = [self._waiting.take("id", response.id) for _, response in given]
        for (placed, response), known in zip(given, by_id, strict=True):
            call_id = known or self._waiting.take("name", response.name) or response.id or placed.made_id
            content, is_error = parts.result(response, f"{placed.where}.functionResponse")
            yield ToolMessage(call_id=call_id, content=content, name=response.name, is_error=is_error)

    def _model(self, run: list[_Placed]) -> Iterator[Message]:
        calls = tuple(_calls(run))
        self._waiting = _Waiting(calls) if calls else self._waiting
        others = [placed for placed in run if placed.part.function_call is None]
        thoughts = [placed for placed in others if placed.part.thought]
        self.skipped += [placed.where for placed in thoughts if placed.part.text is None]
        message = AssistantMessage(
            content=tuple(_joined(self._said(placed for placed in others if not placed.part.thought))),
            reasoning="".join(placed.part.text or "" for placed in thoughts) or None,
            proofs=tuple(_proofs(run)),
            tool_calls=calls,
        )
        if message != AssistantMessage():
            yield message

    def _said(self, run: Iterable[_Placed]) -> list[Part]:
        said = []
        for placed in run:
            part = placed.part
            if part.function_call is not None or part.function_response is not None:
                raise InvalidRequest(
                    f"{placed.where}: calls are for turns of the model, their responses for those of the user.",
                    param=placed.where,
                )
            found = parts.content(part, placed.where, self._detail)
            if found is None and part.thought_signature is None:
                self.skipped.append(placed.where)
            elif found is not None and found != Text(text=""):
                said.append(found)
        return said


def _speaker(turn: _Turn) -> _Speaker:
    return turn.speaker


def _turn(index: int, content: wire.Content) -> _Turn:
    where = f"contents[{index}]"
    speaker = _SPEAKERS.get((content.role or "").lower())
    if speaker is None:
        raise InvalidRequest(f"{where}.role must be user or model.", param=f"{where}.role")
    if speaker is _Speaker.USER and not content.parts:
        raise InvalidRequest(f"{where}.parts must hold at least one part.", param=f"{where}.parts")
    return _placed(speaker, content, where, f"call_{index}")


def _instruction(instruction: wire.Content | str) -> _Turn:
    content = wire.Content(parts=[wire.Part(text=instruction)]) if isinstance(instruction, str) else instruction
    return _placed(_Speaker.SYSTEM, content, "systemInstruction", "")


def _placed(speaker: _Speaker, content: wire.Content, where: str, made_id: str) -> _Turn:
    places = enumerate(content.parts or ())
    return _Turn(speaker, tuple(_Placed(part, f"{where}.parts[{i}]", f"{made_id}_{i}") for i, part in places))


def _calls(run: list[_Placed]) -> Iterator[ToolCall]:
    for placed in run:
        call = placed.part.function_call
        if call is not None:
            arguments = msgspec.json.encode(call.args or {}).decode()
            yield ToolCall(id=call.id or placed.made_id, name=call.name, arguments=arguments)


def _proofs(run: list[_Placed]) -> Iterator[Proof]:
    """Yield the signatures, those of calls with the id of the call."""
    for placed in run:
        part = placed.part
        if part.thought_signature and part.thought_signature not in _NO_SIGNATURES:
            call_id = None if part.function_call is None else part.function_call.id or placed.made_id
            yield Proof(kind=SIGNATURE, data=parts.standard(part.thought_signature), call_id=call_id)


def _joined(said: list[Part]) -> Iterator[Part]:
    """Yield `said` with neighbouring texts joined: a streamed answer comes back in its pieces."""
    for is_text, run in groupby(said, lambda part: isinstance(part, Text)):
        if is_text:
            yield Text(text="".join(part.text for part in run if isinstance(part, Text)))
        else:
            yield from run
