"""Remembering what accounts want to have back with their tool calls: the reasoning behind them, and the proofs of it.

Some models refuse the result of a call unless the reasoning that led to it comes back word for word
(https://api-docs.deepseek.com/guides/thinking_mode), signed or encrypted
(https://ai.google.dev/gemini-api/docs/thought-signatures), and most clients cannot send what their API has no place
for. So it is kept here, in memory alone, bounded, and given back to the account and model that made it: nobody else
can use a proof, and nobody else may see the reasoning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from relay.core.events import (
    Event,
    Finished,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReport,
)
from relay.core.request import AssistantMessage, Message, Proof, Request, ToolCall

ANSWERS: Final = 4096
CHARS: Final = 32 * 2**20

Maker: TypeAlias = tuple[str, str]
"""An account and its model."""

_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What one answer came with; ``calls`` are the digests of its tool calls."""

    maker: Maker
    reasoning: str
    proofs: tuple[Proof, ...]
    calls: frozenset[bytes]

    @property
    def size(self) -> int:
        """How many characters this holds."""
        return len(self.reasoning) + sum(len(proof.data) for proof in self.proofs)


class Proofs:
    """What the last ``answers`` answers with tool calls came with, ``chars`` characters in all at most.

    An answer counts as used whenever a client sends it back, and what was not used for the longest time is forgotten.
    """

    def __init__(self, answers: int = ANSWERS, chars: int = CHARS) -> None:
        self._most = answers
        self._largest = chars // 4
        self._room = chars
        self._answers: dict[Given, None] = {}
        self._by_call: dict[bytes, Given] = {}

    def of(self, owner: str) -> Memory:
        """Return what one request of the key with the id `owner` may use."""
        return Memory(self, owner)

    def keep(self, given: Given) -> None:
        """Remember `given`, unless it would drive out too much; an older answer with the same call is forgotten."""
        if given.size > self._largest:
            return
        for call in given.calls & self._by_call.keys():
            if (older := self._by_call.get(call)) is not None:
                self._forget(older)
        self._answers[given] = None
        self._by_call.update(dict.fromkeys(given.calls, given))
        self._room -= given.size
        while self._room < 0 or len(self._answers) > self._most:
            self._forget(next(iter(self._answers)))

    def find(self, call: bytes, maker: Maker) -> Given | None:
        """Return what the answer with `call` came with, if it was made by `maker`."""
        given = self._by_call.get(call)
        if given is None or given.maker != maker:
            return None
        self._answers[given] = self._answers.pop(given)
        return given

    def _forget(self, given: Given) -> None:
        del self._answers[given]
        self._room += given.size
        for call in given.calls:
            del self._by_call[call]


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)

    def whole(self) -> ToolCall:
        return ToolCall(id=self.id, name=self.name, arguments="".join(self.arguments))


class Memory:
    """What one request gets back, and what its answer leaves for later ones."""

    def __init__(self, proofs: Proofs, owner: str) -> None:
        self._proofs = proofs
        self._owner = owner
        self._maker: Maker | None = None
        self._reasoning: list[str] = []
        self._given: list[ReasoningProof] = []
        self._calls: dict[int, _Call] = {}

    def recall(self, request: Request, account: str, model: str) -> Request:
        """Return `request` for `account`, which is about to answer it: with its own reasoning and proofs, no others.

        What clients send as proofs counts only as long as it is known here: no account can use another's.
        """
        self._maker = (account, model)
        told: set[Given] = set()
        messages = tuple(self._restored(message, self._maker, told) for message in request.messages)
        return msgspec.structs.replace(request, messages=messages)

    def note(self, events: Iterable[Event]) -> None:
        """Take in events of the answer; without a :meth:`recall` before nobody wants them back."""
        if self._maker is None:
            return
        for event in events:
            match event:
                case ReasoningDelta(text=text):
                    self._reasoning.append(text)
                case ReasoningProof():
                    self._given.append(event)
                case ToolCallStarted(index=index, id=call_id, name=name):
                    self._calls[index] = _Call(call_id, name)
                case ToolCallDelta(index=index, arguments=arguments):
                    self._calls[index].arguments.append(arguments)
                case Finished():
                    self._keep(self._maker)
                case Started() | TextDelta() | ImagePart() | ToolCallEnded() | UsageReport():
                    pass

    def _keep(self, maker: Maker) -> None:
        if not self._calls or not (self._reasoning or self._given):
            return
        calls = {index: call.whole() for index, call in self._calls.items()}
        proofs = tuple(
            Proof(kind=each.kind, data=each.data, call_id=None if each.call is None else calls[each.call].id)
            for each in self._given
        )
        digests = frozenset(self._digest(call) for call in calls.values())
        self._proofs.keep(Given(maker, "".join(self._reasoning), proofs, digests))

    def _restored(self, message: Message, maker: Maker, told: set[Given]) -> Message:
        if not isinstance(message, AssistantMessage):
            return message
        reasoning = message.reasoning
        proofs: list[Proof] = []
        for call in message.tool_calls:
            given = self._proofs.find(self._digest(call), maker)
            if given is None:
                continue
            if given not in told:  # a client may have made several messages of one answer
                told.add(given)
                reasoning = reasoning or given.reasoning or None
                proofs += (proof for proof in given.proofs if proof.call_id is None)
            proofs += (proof for proof in given.proofs if proof.call_id == call.id)
        if not proofs and not message.proofs and reasoning == message.reasoning:
            return message
        return msgspec.structs.replace(message, reasoning=reasoning, proofs=tuple(proofs))

    def _digest(self, call: ToolCall) -> bytes:
        """Return what tells `call` from all others: sites count their calls anew in each answer.

        Clients may have parsed and written the arguments in between.
        """
        encoded = _ENCODER.encode((self._owner, call.id, call.name)) + _essence(call.arguments)
        return hashlib.blake2b(encoded, digest_size=16).digest()


def _essence(arguments: str) -> bytes:
    try:
        return _ENCODER.encode(msgspec.json.decode(arguments or "{}"))
    except (msgspec.DecodeError, RecursionError, OverflowError, UnicodeError):  # what no client can have read either
        return arguments.encode("utf-8", "surrogatepass")
