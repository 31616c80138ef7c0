"""Media over the gateway, on a fake backend."""

from __future__ import annotations

from typing import Any, cast

import pytest

from relay.core.events import Finished, FinishReason, TextDelta, Usage, UsageReport
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
from relay.errors import BackendFailed, Overloaded, StreamTruncated
from relay.gateway.admission import Admission
from relay.gateway.media import MediaGateway
from relay.gateway.record import Record, Recorder
from relay.telemetry.metrics import Metrics

from .fakes import FakeMediaBackend

END = Finished(FinishReason.STOP)
SPEECH = SpeechRequest(model="tts", text="Hello you")


def record() -> Record:
    return Record(id="r-1", dialect="openai_misc", key="k", model="m", stream=False, started=0.0)


async def run(
    request_: MediaRequest, *script: Any, room: int = 100, admission: Admission | None = None
) -> tuple[list[MediaEvent], Record]:
    backend = FakeMediaBackend()
    backend.script = list(script)
    admission = admission or Admission(1, 1)
    gateway = MediaGateway(cast("Any", backend), admission, Recorder(Metrics(), lambda: 5.0), room)
    kept = record()
    events: list[MediaEvent] = []
    try:
        async with gateway.answer(request_, kept) as exchange:
            async for batch in exchange.events():
                events += batch
    finally:
        assert admission.in_flight == 0
    return events, kept


async def test_usage_of_the_session_is_told_and_kept() -> None:
    usage = Usage(input_tokens=3, output_tokens=1)
    script = [[], [AudioPart(b"ab", "mp3")], [AudioPart(b"c", "mp3"), UsageReport(usage), END]]

    events, kept = await run(SPEECH, *script)

    assert events == [AudioPart(b"ab", "mp3"), AudioPart(b"c", "mp3"), UsageReport(usage), END]
    assert (kept.account, kept.served_model, kept.first_event, kept.pieces) == ("fake", "tts", 5.0, 2)
    assert (kept.finish_reason, kept.usage) == ("stop", usage)


@pytest.mark.parametrize(
    ("request_", "made", "tokens"),
    [
        (SPEECH, [AudioPart(b"a", "mp3")], (3, 0)),
        (ImageRequest(model="m", prompt="a big cat"), [ImageMade("data:,")], (3, 0)),
        (EmbeddingRequest(model="m", texts=("a", "b")), [EmbeddingPart(0, (1.0,)), EmbeddingPart(1, (1.0,))], (2, 0)),
        (
            TranscriptionRequest(model="m", data="", format="wav"),
            [TextDelta("Hello "), TextDelta("you"), Segment("Hello you", 0, 1), Recording("en")],
            (0, 3),
        ),
        (TranscriptionRequest(model="m", data="", format="wav", prompt="Ada"), [TextDelta("Hi")], (1, 1)),
    ],
)
async def test_usage_is_estimated_where_the_session_tells_none(
    request_: MediaRequest, made: list[MediaEvent], tokens: tuple[int, int]
) -> None:
    events, kept = await run(request_, [*made, END])

    assert kept.usage == Usage(input_tokens=tokens[0], output_tokens=tokens[1], estimated=True)
    assert events == [*made, UsageReport(kept.usage), END]


async def test_as_much_as_allowed_and_a_byte_more() -> None:
    assert (await run(SPEECH, [AudioPart(b"a" * 100, "mp3"), END]))[1].pieces == 1
    with pytest.raises(BackendFailed, match=r"limits\.response_bytes"):
        await run(SPEECH, [AudioPart(b"a" * 100, "mp3")], [AudioPart(b"a", "mp3")], [END])
    with pytest.raises(BackendFailed, match=r"limits\.response_bytes"):
        await run(EmbeddingRequest(model="m", texts=("a",)), [EmbeddingPart(0, (1.0,) * 13), END])


async def test_answer_without_an_end_is_a_failure() -> None:
    with pytest.raises(StreamTruncated):
        await run(SPEECH, [AudioPart(b"a", "mp3")])


async def test_requests_are_admitted_as_everywhere() -> None:
    admission = Admission(0, 0)
    with pytest.raises(Overloaded):
        await run(SPEECH, [END], admission=admission)
