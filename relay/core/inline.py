"""Reasoning in the text, for clients that know no other place for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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

OPENING: Final = "<think>"
CLOSING: Final = "</think>\n\n"


class InlineWriter:
    """Turn reasoning into text between ``<think>`` and ``</think>``, piece by piece.

    Proofs of it are left out, as nothing remains that they could stand beside; those of tool calls stay.
    """

    def __init__(self) -> None:
        self._inside = False
        self._begun = False

    def feed(self, events: Iterable[Event]) -> list[Event]:
        """Return `events` with their reasoning as text."""
        out: list[Event] = []
        for event in events:
            self._take(event, out)
        return out

    def _take(self, event: Event, out: list[Event]) -> None:
        match event:
            case ReasoningDelta(text=text):
                if text:
                    out.append(TextDelta(self._opening() + text, thought=True))
            case ReasoningProof(call=call):
                if call is not None:
                    out.append(event)
            case TextDelta(text=text):
                if text:
                    self._close(out)
                    out.append(event)
            case ImagePart() | ToolCallStarted() | UsageReport() | Finished():
                self._close(out)
                out.append(event)
            case Started() | ToolCallDelta() | ToolCallEnded():
                out.append(event)

    def _opening(self) -> str:
        if self._inside:
            return ""
        self._inside = True
        return OPENING if not self._begun else f"\n\n{OPENING}"

    def _close(self, out: list[Event]) -> None:
        self._begun = True
        if self._inside:
            self._inside = False
            out.append(TextDelta(CLOSING, thought=True))
