"""Transcriptions and translations: https://platform.openai.com/docs/api-reference/audio/createTranscription."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core import sse
from relay.core.events import Finished, TextDelta, Usage, UsageReport
from relay.core.media import MediaEvent, Segment, TranscriptionRequest
from relay.core.produced import Produced
from relay.dialects.media import Body, Form, FormFile, MediaCall
from relay.dialects.openai_misc.forms import typed_fields
from relay.dialects.openai_misc.speech import usage_of
from relay.dialects.openai_misc.streams import ErrorBody
from relay.errors import InvalidRequest, RelayError, UnsupportedFeature

TextForm: TypeAlias = Literal["json", "text", "srt", "verbose_json", "vtt"]

FORMATS: Final = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "opus", "wav", "webm", "aac")
_BY_TYPE: Final = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/x-m4a": "m4a"}
_PLAIN: Final = "text/plain; charset=utf-8"


class _Fields(msgspec.Struct, frozen=True, kw_only=True):
    model: str | None = None
    language: Annotated[str, Meta(max_length=100)] | None = None
    prompt: str | None = None
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    timestamp_granularities: list[Literal["word", "segment"]] | None = None
    include: list[str] | None = None
    stream: bool | None = None
    chunking_strategy: str | None = None


def decode(form: Form, *, translate: bool) -> tuple[MediaCall[TranscriptionRequest], TextForm]:
    """Return the call in `form`, and the form of its answer.

    Raises:
        InvalidRequest: a field or the file is missing or malformed; ``param`` names it.
        UnsupportedFeature: more is asked for than sessions can tell.
    """
    fields = typed_fields(form, _Fields, lists=("timestamp_granularities", "include"))
    files = form.all_files("file")
    if not files:
        raise InvalidRequest("file: This field is required.", param="file")
    wish = fields.response_format or "json"
    if wish == "diarized_json":
        raise UnsupportedFeature("relay cannot tell who speaks.", param="response_format")
    if "word" in (fields.timestamp_granularities or ()):
        raise UnsupportedFeature("relay has the times of segments, not of words.", param="timestamp_granularities")
    request = TranscriptionRequest(
        model=fields.model or "",
        data=base64.b64encode(files[0].data).decode(),
        format=_format(files[0]),
        translate=translate,
        segments=wish in ("srt", "vtt", "verbose_json"),
        language=None if translate else fields.language or None,
        prompt=fields.prompt or None,
        temperature=fields.temperature or None,
    )
    ignored = tuple(name for name in ("include", "chunking_strategy") if getattr(fields, name))
    return MediaCall(request=request, stream=bool(fields.stream), ignored=ignored), wish


def _format(file: FormFile) -> str:
    """Return what the recording is, by the name of its file, else by its type."""
    ending = file.name.rpartition(".")[2].lower()
    kind = _BY_TYPE.get(file.content_type, file.content_type.partition("/")[2])
    for name in (ending, kind):
        if name in FORMATS:
            return name
    raise InvalidRequest(f"file: This is none of {', '.join(FORMATS)}.", param="file")


class TranscriptVoice:
    """Tell a transcript; see :class:`relay.dialects.media.StreamingVoice`."""

    stream_headers = sse.HEADERS

    def __init__(self, form: TextForm, *, translate: bool, error_body: ErrorBody) -> None:
        self._form = form
        self._task = "translate" if translate else "transcribe"
        self._error_body = error_body

    def whole(self, produced: Produced) -> Body:
        """Return the transcript in the form that was asked for.

        Raises:
            UnsupportedFeature: that form has times, and the session told none.
        """
        match self._form:
            case "text":
                return Body(f"{produced.text}\n".encode(), _PLAIN)
            case "srt":
                return Body(_srt(_timed(produced)).encode(), _PLAIN)
            case "vtt":
                return Body(_vtt(_timed(produced)).encode(), "text/vtt; charset=utf-8")
            case "verbose_json":
                return Body(msgspec.json.encode(self._verbose(produced)))
            case "json":
                return Body(msgspec.json.encode({"text": produced.text, **_usage(produced)}))

    def encoder(self) -> TranscriptEncoder:
        """Return the encoder of ``transcript.text`` events."""
        return TranscriptEncoder(self._error_body)

    def _verbose(self, produced: Produced) -> dict[str, Any]:
        segments = [
            {"id": number, "start": segment.start, "end": segment.end, "text": segment.text}
            for number, segment in enumerate(produced.segments)
        ]
        return {
            "task": self._task,
            "language": produced.recording.language or "",
            "duration": _duration(produced),
            "text": produced.text,
            "segments": segments,
            **_usage(produced),
        }


class TranscriptEncoder:
    """Encode a transcript as it comes."""

    keep_alive = sse.COMMENT

    def __init__(self, error_body: ErrorBody) -> None:
        self._error_body = error_body
        self._text = ""
        self._usage = Usage(input_tokens=0, output_tokens=0)

    def encode(self, events: Iterable[MediaEvent]) -> bytes:
        """Return the bytes for `events`."""
        return b"".join(map(self._encode, events))

    def error(self, error: RelayError) -> bytes:
        """Return `error` as the last event; the official SDKs raise it."""
        return sse.data(self._error_body(error))

    def _encode(self, event: MediaEvent) -> bytes:
        match event:
            case TextDelta(text=text):
                self._text += text
                return _event({"type": "transcript.text.delta", "delta": text})
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                usage_told = {"type": "tokens", **usage_of(self._usage)}
                return _event({"type": "transcript.text.done", "text": self._text, "usage": usage_told}) + sse.DONE
            case _:
                pass
        return b""


def _event(payload: dict[str, Any]) -> bytes:
    return sse.data(msgspec.json.encode(payload))


def _usage(produced: Produced) -> dict[str, Any]:
    """Return what was heard in seconds, where the session told it."""
    seconds = produced.recording.duration
    return {} if seconds is None else {"usage": {"type": "duration", "seconds": seconds}}


def _duration(produced: Produced) -> float:
    if produced.recording.duration is not None:
        return produced.recording.duration
    return max((segment.end for segment in produced.segments), default=0.0)


def _timed(produced: Produced) -> tuple[Segment, ...]:
    if not produced.segments:
        raise UnsupportedFeature(
            "The session did not tell when what was said; ask for json or text.", param="response_format"
        )
    return produced.segments


def _srt(segments: Iterable[Segment]) -> str:
    """Return SubRip text: https://matroska.org/technical/subtitles.html#srt-subtitles."""
    blocks = (
        f"{number}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{each.text.strip()}\n"
        for number, each in enumerate(segments, 1)
    )
    return "\n".join(blocks)


def _vtt(segments: Iterable[Segment]) -> str:
    """Return WebVTT: https://www.w3.org/TR/webvtt1/#file-structure."""
    blocks = (f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n{each.text.strip()}\n" for each in segments)
    return "\n".join(("WEBVTT\n", *blocks))


def _clock(seconds: float, point: str) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
