"""From the parts of a page to hub events."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from relay.bridge.frames import (
    AudioOutPart,
    EmbeddingOutPart,
    ImageOutPart,
    MediaPart,
    Part,
    ProofPart,
    ReasoningPart,
    RecordingPart,
    SegmentPart,
    TextPart,
    ToolCallPart,
)
from relay.core.events import (
    Event,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.errors import BridgeViolation

IMAGE_URLS = ("data:", "https://", "http://")


class PartReader:
    """Turn parts into events, and give tool calls their index.

    Neighbouring pieces of text of one batch become one delta: a batch is what piled up while the reader was busy, and a
    reader that is behind is helped by fewer, larger deltas.
    """

    def __init__(self) -> None:
        self._call: str | None = None
        self._seen: set[str] = set()
        self._index = -1

    def feed(self, parts: Iterable[Part]) -> list[Event]:
        """Return the events that `parts` mean.

        Raises:
            BridgeViolation: the pieces of tool calls are mixed up, or a part is not one of a chat.
        """
        out: list[Event] = []
        texts: list[str] = []
        thoughts: list[ReasoningPart] = []
        for _, run in groupby(parts, type):
            for part in run:
                match part:
                    case TextPart(text=text):
                        texts.append(text)
                    case ReasoningPart():
                        thoughts.append(part)
                    case _:
                        self._whole(out, part)
            if texts:
                self._text(out, "".join(texts))
                texts.clear()
            if thoughts:
                self._reasoning(out, thoughts)
                thoughts.clear()
        return out

    def end(self) -> list[Event]:
        """Return the events that the end of the answer means."""
        out: list[Event] = []
        self._end_call(out)
        return out

    def _text(self, out: list[Event], text: str) -> None:
        if text:
            self._end_call(out)
            out.append(TextDelta(text))

    def _reasoning(self, out: list[Event], thoughts: Iterable[ReasoningPart]) -> None:
        for kind, same in groupby(thoughts, attrgetter("kind")):
            if text := "".join([part.text for part in same]):
                self._end_call(out)
                out.append(ReasoningDelta(text, kind=kind))

    def _whole(self, out: list[Event], part: ToolCallPart | ProofPart | ImageOutPart | MediaPart) -> None:
        match part:
            case ToolCallPart():
                self._tool_call(out, part)
            case ProofPart():
                self._proof(out, part)
            case ImageOutPart(url=url, partial=None):
                self._image(out, url)
            case ImageOutPart():
                pass  # an unfinished picture, shown meanwhile; a chat waits for the whole one
            case AudioOutPart() | SegmentPart() | RecordingPart() | EmbeddingOutPart():
                raise BridgeViolation("The page answered a chat with a part of another method.")

    def _image(self, out: list[Event], url: str) -> None:
        if not url.startswith(IMAGE_URLS):
            raise BridgeViolation("The page sent an image whose URL is neither data: nor http(s):.")
        self._end_call(out)
        out.append(ImagePart(url))

    def _proof(self, out: list[Event], part: ProofPart) -> None:
        if part.call is None:
            self._end_call(out)
        elif part.call != self._call:
            raise BridgeViolation(f"The page sent a proof of tool call {part.call!r}, which is not the open one.")
        out.append(ReasoningProof(part.kind, part.data, None if part.call is None else self._index))

    def _tool_call(self, out: list[Event], part: ToolCallPart) -> None:
        if part.id != self._call:
            if part.id in self._seen:
                raise BridgeViolation(f"The page went back to tool call {part.id!r}, which had ended.")
            if not part.name:
                raise BridgeViolation(f"The page began tool call {part.id!r} without a name.")
            self._end_call(out)
            self._call = part.id
            self._seen.add(part.id)
            self._index += 1
            out.append(ToolCallStarted(self._index, part.id, part.name))
        if part.arguments:
            out.append(ToolCallDelta(self._index, part.arguments))

    def _end_call(self, out: list[Event]) -> None:
        if self._call is not None:
            self._call = None
            out.append(ToolCallEnded(self._index))
