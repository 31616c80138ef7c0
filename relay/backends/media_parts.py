"""From the parts of a page to the events of media, with a check that what was asked for is there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from relay.backends.parts import IMAGE_URLS
from relay.bridge.frames import (
    AudioOutPart,
    EmbeddingOutPart,
    ImageOutPart,
    Part,
    RecordingPart,
    SegmentPart,
    TextPart,
)
from relay.core.events import TextDelta
from relay.core.media import (
    AudioPart,
    EmbeddingPart,
    EmbeddingRequest,
    ImageMade,
    ImageRequest,
    MediaEvent,
    MediaRequest,
    Method,
    Recording,
    Segment,
    SpeechRequest,
    TranscriptionRequest,
)
from relay.errors import BackendFailed, BridgeViolation

_EXPECTED: Final[dict[Method, tuple[type[Part], ...]]] = {
    "image": (ImageOutPart,),
    "speech": (AudioOutPart,),
    "transcription": (TextPart, SegmentPart, RecordingPart),
    "embedding": (EmbeddingOutPart,),
}


class MediaReader:
    """Read the answer to `request`."""

    def __init__(self, request: MediaRequest) -> None:
        self._request = request
        self._expected = _EXPECTED[request.METHOD]
        self._pictures = 0
        self._sound = False
        self._said = False
        self._embedded: set[int] = set()

    def feed(self, parts: Iterable[Part]) -> list[MediaEvent]:
        """Return the events that `parts` mean.

        Raises:
            BridgeViolation: a part does not belong to the method, or is none.
        """
        return [self._read(part) for part in parts]

    def end(self) -> None:
        """The page says that this was all.

        Raises:
            BackendFailed: it is not what was asked for.
        """
        missing = self._missing()
        if missing:
            raise BackendFailed(f"The site answered without a {missing}.")

    def _missing(self) -> str | None:
        match self._request:
            case ImageRequest():
                return None if self._pictures else "picture"
            case SpeechRequest():
                return None if self._sound else "sound"
            case TranscriptionRequest():
                return None if self._said else "transcript"
            case EmbeddingRequest(count=count):
                return None if len(self._embedded) == count else "embedding for each input"

    def _read(self, part: Part) -> MediaEvent:
        match part if isinstance(part, self._expected) else None:
            case ImageOutPart() as picture:
                return self._picture(picture)
            case AudioOutPart() as sound:
                return self._audio(sound)
            case TextPart(text=text):
                self._said = True
                return TextDelta(text)
            case SegmentPart(text=text, start=start, end=end):
                return Segment(text, start, end)
            case RecordingPart(language=language, duration=duration):
                return Recording(language, duration)
            case EmbeddingOutPart() as embedding:
                return self._embedding(embedding)
            case _:
                method = self._request.METHOD
                raise BridgeViolation(f"The page answered a call for {method} with a part of another method.")

    def _picture(self, part: ImageOutPart) -> ImageMade:
        if not part.url.startswith(IMAGE_URLS):
            raise BridgeViolation("The page sent an image whose URL is neither data: nor http(s):.")
        self._pictures += part.partial is None
        return ImageMade(part.url, part.partial)

    def _audio(self, part: AudioOutPart) -> AudioPart:
        try:
            data = base64.b64decode(part.data, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise BridgeViolation("The page sent sound that is not base64.") from exc
        self._sound = self._sound or bool(data)
        return AudioPart(data, part.format)

    def _embedding(self, part: EmbeddingOutPart) -> EmbeddingPart:
        count = self._request.count if isinstance(self._request, EmbeddingRequest) else 0
        if part.index >= count or part.index in self._embedded:
            raise BridgeViolation(f"The page sent an embedding of text {part.index}, which is not awaited.")
        self._embedded.add(part.index)
        return EmbeddingPart(part.index, part.values)
