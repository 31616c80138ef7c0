"""Speech: https://platform.openai.com/docs/api-reference/audio/createSpeech."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from relay.core import sse
from relay.core.events import Finished, Usage, UsageReport
from relay.core.media import AudioPart, MediaEvent, SpeechRequest
from relay.core.produced import Produced
from relay.dialects.media import Body, MediaCall
from relay.dialects.openai_misc.streams import ErrorBody
from relay.dialects.reading import Reader
from relay.errors import RelayError

CONTENT_TYPES: Final = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
UNKNOWN_TYPE: Final = "application/octet-stream"


class _Voice(msgspec.Struct, frozen=True):
    id: str


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    input: Annotated[str, Meta(min_length=1, max_length=100_000)]
    model: str | None = None
    voice: str | _Voice | None = None
    instructions: str | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    stream_format: Literal["audio", "sse"] | None = None


_body: Final = Reader(_Body)


def decode(body: bytes) -> MediaCall[SpeechRequest]:
    """Return the call in `body`.

    Raises:
        InvalidRequest: not JSON, or a field is missing or malformed; ``param`` names it.
    """
    asked, _ = _body.read(body)
    request = SpeechRequest(
        model=asked.model or "",
        text=asked.input,
        voice=asked.voice.id if isinstance(asked.voice, _Voice) else asked.voice,
        format=asked.response_format,
        instructions=asked.instructions or None,
        speed=None if asked.speed == 1 else asked.speed,
    )
    return MediaCall(request=request, stream=asked.stream_format == "sse")


class SpeechVoice:
    """Tell speech; see :class:`relay.dialects.media.StreamingVoice`.

    As a whole it comes at once, so that a failure is an HTTP status and no recording that breaks off.
    """

    stream_headers = sse.HEADERS

    def __init__(self, wish: str | None, error_body: ErrorBody) -> None:
        self._wish = wish
        self._error_body = error_body

    def whole(self, produced: Produced) -> Body:
        """Return the sound, with the type that it has."""
        other = produced.sound_format != (self._wish or produced.sound_format)
        content_type = CONTENT_TYPES.get(produced.sound_format, UNKNOWN_TYPE)
        return Body(produced.sound, content_type, ("response_format",) if other else ())

    def encoder(self) -> SpeechEncoder:
        """Return the encoder of ``speech.audio`` events."""
        return SpeechEncoder(self._error_body)


class SpeechEncoder:
    """Encode sound as it comes."""

    keep_alive = sse.COMMENT

    def __init__(self, error_body: ErrorBody) -> None:
        self._error_body = error_body
        self._usage = Usage(input_tokens=0, output_tokens=0)

    def encode(self, events: Iterable[MediaEvent]) -> bytes:
        """Return the bytes for `events`."""
        return b"".join(map(self._encode, events))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event; the official SDKs raise it."""
        return sse.data(self._error_body(error))

    def _encode(self, event: MediaEvent) -> bytes:
        match event:
            case AudioPart(data=data):
                return _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                return _event({"type": "speech.audio.done", "usage": usage_of(self._usage)})
            case _:
                pass
        return b""


def usage_of(usage: Usage) -> dict[str, int]:
    """Return the tokens in OpenAI's words for media."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _event(payload: dict[str, object]) -> bytes:
    return sse.data(msgspec.json.encode(payload))
