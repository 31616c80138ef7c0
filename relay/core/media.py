"""The hub types of everything but chat: pictures, speech, transcripts and embeddings.

The bridge sends the requests to pages as the JSON of these structs (docs/reference/bridge-protocol.md, "Media"), so a
change here is a change of the bridge protocol: ``tests/data/bridge`` pins the shape. An answer is a stream of
:data:`MediaEvent`, and ends with ``Finished``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

import msgspec

from relay.core.events import Finished, TextDelta, UsageReport

Method: TypeAlias = Literal["chat", "image", "speech", "transcription", "embedding"]
"""What a page can be asked for."""


class _Request(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What all requests have in common.

    Attributes:
        METHOD: the word for it in the bridge protocol.
        BINDING: fields without which the answer would be another one; who does not know them cannot serve the request.
    """

    METHOD: ClassVar[Method]
    BINDING: ClassVar[frozenset[str]]
    _GIVEN: ClassVar[frozenset[str]]

    model: str
    user: str | None = None

    def options(self) -> Iterator[str]:
        """Yield the names of the optional fields that are set, as a page lists them: ``image.size``."""
        for name, field in zip(self.__struct_fields__, msgspec.structs.fields(self), strict=True):
            if name not in self._GIVEN and getattr(self, name) != field.default:
                yield f"{self.METHOD}.{name}"


class ImageRequest(_Request, frozen=True):
    """Make ``n`` pictures of `prompt`, or of `images` (``data:`` URLs) where there are some."""

    METHOD = "image"
    BINDING = frozenset({"image.images", "image.mask", "image.n"})
    _GIVEN = frozenset({"model", "user", "prompt", "partial_images"})

    prompt: str
    n: int = 1
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    background: str | None = None
    moderation: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    input_fidelity: str | None = None
    partial_images: int = 0
    images: tuple[str, ...] = ()
    mask: str | None = None


class SpeechRequest(_Request, frozen=True):
    """Say `text`; ``format`` is a wish, the answer tells what it is."""

    METHOD = "speech"
    BINDING = frozenset[str]()
    _GIVEN = frozenset({"model", "user", "text"})

    text: str
    voice: str | None = None
    format: str | None = None
    instructions: str | None = None
    speed: float | None = None


class TranscriptionRequest(_Request, frozen=True):
    """Write down what is said in the recording `data` (base64), in English with ``translate``."""

    METHOD = "transcription"
    BINDING = frozenset({"transcription.translate", "transcription.segments"})
    _GIVEN = frozenset({"model", "user", "data", "format"})

    data: str
    format: str
    translate: bool = False
    segments: bool = False
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None


class EmbeddingRequest(_Request, frozen=True):
    """Embed each of `texts`, or each list of token numbers in ``tokens``."""

    METHOD = "embedding"
    BINDING = frozenset({"embedding.tokens", "embedding.dimensions"})
    _GIVEN = frozenset({"model", "user", "texts"})

    texts: tuple[str, ...] = ()
    tokens: tuple[tuple[int, ...], ...] = ()
    dimensions: int | None = None

    @property
    def count(self) -> int:
        """How many embeddings are wanted."""
        return len(self.texts) or len(self.tokens)


MediaRequest: TypeAlias = ImageRequest | SpeechRequest | TranscriptionRequest | EmbeddingRequest


class ImageMade(msgspec.Struct, frozen=True):
    """A picture by ``data:`` or ``http(s):`` URL; with ``partial`` an unfinished one, counted from 0."""

    url: str
    partial: int | None = None


class AudioPart(msgspec.Struct, frozen=True):
    """The next bytes of the speech."""

    data: bytes
    format: str


class Segment(msgspec.Struct, frozen=True):
    """When a piece of the transcript was said, in seconds."""

    text: str
    start: float
    end: float


class Recording(msgspec.Struct, frozen=True):
    """What was heard of the recording as a whole: its language, and its length in seconds."""

    language: str | None = None
    duration: float | None = None


class EmbeddingPart(msgspec.Struct, frozen=True):
    """The embedding of text number ``index``."""

    index: int
    values: tuple[float, ...]


MediaEvent: TypeAlias = ImageMade | AudioPart | TextDelta | Segment | Recording | EmbeddingPart | UsageReport | Finished
