"""The blocks of an answer, one open at a time: what a stream tells of them, and what a whole message holds.

Blocks are rows of pieces: opened, added to, signed where they are thoughts, closed. Both forms of an answer are made
from the same pieces, so they say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import msgspec

from relay.core.events import (
    ContentEvent,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.surrogates import mend_json
from relay.dialects.anthropic import proofs, wire
from relay.dialects.anthropic.form import Display
from relay.dialects.images import markdown_image
from relay.errors import BackendFailed

NO_INPUT: Final = msgspec.Raw(b"{}")


class Opened(msgspec.Struct, frozen=True):
    """A block begins; what comes is added to it."""

    block: wire.AnswerBlock


class Added(msgspec.Struct, frozen=True):
    """More text, thinking or JSON of the block that is open."""

    text: str


class Signed(msgspec.Struct, frozen=True):
    """The signature of the thinking block that is open, ``""`` if nobody signed it."""

    signature: str


class Closed(msgspec.Struct, frozen=True):
    """The block is complete."""


Piece: TypeAlias = Opened | Added | Signed | Closed
_CLOSED: Final = Closed()


class Blocks:
    """Turn the content of one answer into pieces."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._open: wire.AnswerBlock | None = None
        self._has_text = False
        self._call = _Arguments("")
        self._called = False
        self._broken: str | None = None

    def feed(self, event: ContentEvent) -> list[Piece]:
        """Return the pieces that `event` adds."""
        match event:
            case TextDelta(text=text):
                return self._text(text)
            case ReasoningDelta(text=text):
                return self._thought(text)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                return self._tool_call(event)
            case ReasoningProof():
                return self._proof(event)
            case ImagePart(url=url):
                return self._text(markdown_image(url, first=not self._has_text))

    def close(self) -> list[Piece]:
        """Return the end of the open block, nothing if none is open."""
        block, self._open = self._open, None
        match block:
            case None:
                return []
            case wire.AnswerThinking(signature=signature):
                return [Signed(signature), _CLOSED]
            case _:
                return [_CLOSED]

    def stop_reason(self, reason: FinishReason, stop_sequence: str | None) -> str:
        """Return Anthropic's word for the end; clients take it as the order to run tools, so the calls decide.

        Raises:
            BackendFailed: the model wrote a call that is no call, although nothing cut it off.
        """
        match reason:
            case FinishReason.LENGTH:
                return "max_tokens"
            case FinishReason.CONTENT_FILTER:
                return "refusal"
            case FinishReason.STOP | FinishReason.TOOL_CALLS:
                if self._broken is not None:
                    raise BackendFailed(f"The model called {self._broken} with what is no JSON object; ask again.")
                if self._called:
                    return "tool_use"
                return "end_turn" if stop_sequence is None else "stop_sequence"

    def _text(self, text: str) -> list[Piece]:
        if not text:
            return []
        self._has_text = True
        if isinstance(self._open, wire.TextBlock):
            return [Added(text)]
        return [*self._opened(wire.TextBlock("")), Added(text)]

    def _thought(self, text: str) -> list[Piece]:
        if self._display is Display.NONE or not text:
            return []
        pieces = [] if isinstance(self._open, wire.AnswerThinking) else self._opened(wire.AnswerThinking("", ""))
        return [*pieces, Added(text)] if self._display is Display.SHOWN else pieces

    def _proof(self, proof: ReasoningProof) -> list[Piece]:
        """Return the block that carries `proof`; those of other vendors stay with relay."""
        if self._display is Display.NONE:
            return []
        match proof.kind:
            case proofs.SIGNATURE:
                signed = wire.AnswerThinking("", proof.data)
                pieces = (
                    [] if isinstance(self._open, wire.AnswerThinking) else self._opened(wire.AnswerThinking("", ""))
                )
                self._open = signed
                return [*pieces, *self.close()]
            case proofs.REDACTED:
                return [*self._opened(wire.RedactedThinkingBlock(proof.data)), *self.close()]
            case _:
                return []

    def _tool_call(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded) -> list[Piece]:
        match event:
            case ToolCallStarted(id=call_id, name=name):
                self._called, self._call = True, _Arguments(name)
                return self._opened(wire.AnswerToolUse(call_id, name, NO_INPUT))
            case ToolCallDelta(arguments=arguments):
                text = self._call.feed(arguments)
                return [Added(text)] if text else []
            case ToolCallEnded():
                if not self._call.is_object():
                    self._broken = self._call.name
                return self.close()

    def _opened(self, block: wire.AnswerBlock) -> list[Piece]:
        before = self.close()
        self._open = block
        return [*before, Opened(block)]


class _Arguments:
    """The JSON of one call as it comes.

    Nothing is let out before it is clear that an object begins: clients read what comes as the call's input at once,
    and ``null`` or a list is none.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._pieces: list[str] = []
        self._begun: bool | None = None

    def feed(self, text: str) -> str:
        """Return what of `text`, and what was held back, may go out."""
        self._pieces.append(text)
        if self._begun is None:
            text = "".join(self._pieces).lstrip()
            self._begun = text.startswith("{") if text else None
        return text if self._begun else ""

    def is_object(self) -> bool:
        """Return whether all of it is a JSON object, or nothing, which means the empty one."""
        text = "".join(self._pieces).strip()
        return text in ("", "null") or parsed(text) is not None


def parsed(arguments: str) -> msgspec.Raw | None:
    """Return the JSON object in `arguments`, ``None`` if it is none."""
    text = mend_json(arguments.encode())
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    return msgspec.Raw(text)


def fold(pieces: Iterable[Piece]) -> tuple[wire.AnswerBlock, ...]:
    """Return the blocks that `pieces` make; the input of a call that was cut off is empty."""
    blocks: list[wire.AnswerBlock] = []
    added: list[str] = []
    for piece in pieces:
        match piece:
            case Opened(block=block):
                blocks.append(block)
                added.clear()
            case Added(text=text):
                added.append(text)
            case Signed(signature=signature):
                blocks[-1] = msgspec.structs.replace(blocks[-1], signature=signature)
            case Closed():
                blocks[-1] = _filled(blocks[-1], "".join(added))
    return tuple(blocks)


def _filled(block: wire.AnswerBlock, text: str) -> wire.AnswerBlock:
    match block:
        case wire.TextBlock():
            return wire.TextBlock(text)
        case wire.AnswerThinking(signature=signature):
            return wire.AnswerThinking(text, signature)
        case wire.AnswerToolUse(id=call_id, name=name):
            return wire.AnswerToolUse(call_id, name, parsed(text) or NO_INPUT)
        case wire.RedactedThinkingBlock():
            return block
