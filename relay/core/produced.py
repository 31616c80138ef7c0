"""What was made as a whole: the fold over the events of media."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from relay.core.events import Finished, TextDelta, Usage, UsageReport
from relay.core.media import AudioPart, EmbeddingPart, ImageMade, MediaEvent, Recording, Segment


class Produced(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer; only the fields of its method are set. ``sound_format`` is that of the first bytes."""

    model: str
    images: tuple[str, ...] = ()
    sound: bytes = b""
    sound_format: str = ""
    text: str = ""
    segments: tuple[Segment, ...] = ()
    recording: Recording = Recording()
    embeddings: tuple[tuple[float, ...], ...] = ()
    usage: Usage = Usage(input_tokens=0, output_tokens=0)


class Gatherer:
    """Feed the events of one answer, then ask for the result."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._images: list[str] = []
        self._sound: list[AudioPart] = []
        self._texts: list[str] = []
        self._segments: list[Segment] = []
        self._recording = Recording()
        self._embeddings: dict[int, tuple[float, ...]] = {}
        self._usage = Usage(input_tokens=0, output_tokens=0)

    def feed(self, events: Iterable[MediaEvent]) -> None:
        """Take in `events`."""
        for event in events:
            self._take(event)

    def _take(self, event: MediaEvent) -> None:
        match event:
            case ImageMade(url=url, partial=None):
                self._images.append(url)
            case AudioPart():
                self._sound.append(event)
            case TextDelta(text=text):
                self._texts.append(text)
            case Segment():
                self._segments.append(event)
            case Recording():
                self._recording = event
            case EmbeddingPart(index=index, values=values):
                self._embeddings[index] = values
            case UsageReport(usage=usage):
                self._usage = usage
            case ImageMade() | Finished():
                pass

    def result(self) -> Produced:
        """Return all of it; embeddings in the order of what was embedded."""
        return Produced(
            model=self._model,
            images=tuple(self._images),
            sound=b"".join(part.data for part in self._sound),
            sound_format=self._sound[0].format if self._sound else "",
            text="".join(self._texts),
            segments=tuple(self._segments),
            recording=self._recording,
            embeddings=tuple(self._embeddings[index] for index in sorted(self._embeddings)),
            usage=self._usage,
        )
