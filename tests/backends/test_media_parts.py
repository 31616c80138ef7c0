from __future__ import annotations

import pytest

from relay.backends.media_parts import MediaReader
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
    Recording,
    Segment,
    SpeechRequest,
    TranscriptionRequest,
)
from relay.errors import BackendFailed, BridgeViolation

IMAGE = ImageRequest(model="m", prompt="a cat")
SPEECH = SpeechRequest(model="m", text="Hello")
TRANSCRIPTION = TranscriptionRequest(model="m", data="AAAA", format="wav")
EMBEDDING = EmbeddingRequest(model="m", texts=("a", "b"))


def read(request: MediaRequest, *parts: Part) -> list[MediaEvent]:
    reader = MediaReader(request)
    events = reader.feed(parts)
    reader.end()
    return events


@pytest.mark.parametrize(
    ("request_", "parts", "events"),
    [
        (
            IMAGE,
            [ImageOutPart("data:,a", 0), ImageOutPart("https://site.example/b")],
            [ImageMade("data:,a", 0), ImageMade("https://site.example/b")],
        ),
        (
            SPEECH,
            [AudioOutPart("YWI=", "mp3"), AudioOutPart("", "mp3")],
            [AudioPart(b"ab", "mp3"), AudioPart(b"", "mp3")],
        ),
        (
            TRANSCRIPTION,
            [TextPart("Hello"), SegmentPart("Hello", 0, 1), RecordingPart("en", 1)],
            [TextDelta("Hello"), Segment("Hello", 0, 1), Recording("en", 1)],
        ),
        (
            EMBEDDING,
            [EmbeddingOutPart(1, (0.5,)), EmbeddingOutPart(0, (1.0,))],
            [EmbeddingPart(1, (0.5,)), EmbeddingPart(0, (1.0,))],
        ),
    ],
)
def test_parts_become_events(request_: MediaRequest, parts: list[Part], events: list[MediaEvent]) -> None:
    assert read(request_, *parts) == events


@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        (IMAGE, [ImageOutPart("data:,a", 0)]),
        (SPEECH, [AudioOutPart("", "mp3")]),
        (TRANSCRIPTION, [RecordingPart("en")]),
        (EMBEDDING, [EmbeddingOutPart(1, (0.5,))]),
    ],
)
def test_end_without_what_was_asked_for_is_a_failure(request_: MediaRequest, parts: list[Part]) -> None:
    with pytest.raises(BackendFailed, match="answered without"):
        read(request_, *parts)


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        (IMAGE, TextPart("a cat")),
        (IMAGE, ImageOutPart("javascript:alert(1)")),
        (SPEECH, AudioOutPart("not base64!", "mp3")),
        (SPEECH, AudioOutPart("wörd", "mp3")),
        (EMBEDDING, EmbeddingOutPart(2, (1.0,))),
    ],
)
def test_part_that_is_none_of_the_answer_is_a_violation(request_: MediaRequest, part: Part) -> None:
    with pytest.raises(BridgeViolation):
        read(request_, part)


def test_embedding_comes_once() -> None:
    with pytest.raises(BridgeViolation):
        read(EMBEDDING, EmbeddingOutPart(0, (1.0,)), EmbeddingOutPart(0, (1.0,)))
