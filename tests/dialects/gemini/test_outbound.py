import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types
from google.genai.errors import APIError
from hypothesis import given
from hypothesis import strategies as st
from support import gemini
from support.finished import finished

from relay.core.answer import Collector
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.dialects.base import StreamClosed, StreamEncoder, Voice
from relay.dialects.gemini.form import PLAIN, ReplyForm
from relay.dialects.gemini.outbound import GeminiVoice
from relay.errors import BackendThrottled, SessionLost

THOUGHTS = ReplyForm(thoughts=True)
ARRAY = ReplyForm(thoughts=True, array=True)
ENVELOPED = ReplyForm(enveloped=True)
USAGE = UsageReport(Usage(input_tokens=3, output_tokens=5, cached_tokens=1, reasoning_tokens=2))
COUNTS = {
    "promptTokenCount": 3,
    "candidatesTokenCount": 3,
    "thoughtsTokenCount": 2,
    "cachedContentTokenCount": 1,
    "totalTokenCount": 8,
}
STOP = Finished(FinishReason.STOP)
RAW = {"thinking_type": "raw", "thinking_source": "field"}
NONE = {"thinking_type": None, "thinking_source": "none"}
TALK = finished([Started("m"), ReasoningDelta("why"), TextDelta("hel"), TextDelta("lo\n→ 😀"), USAGE, STOP])
CALLS: list[Event] = [
    Started("m"),
    TextDelta("look: "),
    ToolCallStarted(0, "call_1", "f"),
    ToolCallDelta(0, '{"a"'),
    ReasoningProof("gemini.signature", "c2ln", 0),
    ToolCallDelta(0, ':\n1,"b_c":2}'),
    ToolCallEnded(0),
    ToolCallStarted(1, "call_2", "g"),
    ToolCallEnded(1),
    USAGE,
    Finished(FinishReason.TOOL_CALLS),
]
CALL_PARTS = [
    {"text": "look: "},
    {"functionCall": {"id": "call_1", "name": "f", "args": {"a": 1, "b_c": 2}}, "thoughtSignature": "c2ln"},
    {"functionCall": {"id": "call_2", "name": "g", "args": {}}},
]


def voice(form: ReplyForm = PLAIN) -> Voice:
    return GeminiVoice("r1", form)


def encoder(form: ReplyForm = PLAIN) -> StreamEncoder:
    return voice(form).encoder("m")


def one_by_one(events: list[Event], form: ReplyForm = PLAIN) -> bytes:
    stream = encoder(form)
    return b"".join(stream.encode([event]) for event in events)


def read(events: list[Event], form: ReplyForm = PLAIN) -> list[dict[str, Any]]:
    return gemini.events(one_by_one(events, form), enveloped=form.enveloped)


def whole(events: list[Event], form: ReplyForm = PLAIN) -> dict[str, Any]:
    collector = Collector()
    collector.feed(events)
    body = json.loads(voice(form).whole(collector.result()))
    return gemini.response(body["response"] if form.enveloped else body)


def end(responses: list[dict[str, Any]]) -> str:
    reason = responses[-1]["candidates"][0]["finishReason"]
    assert isinstance(reason, str)
    return reason


def client(handler: Callable[[httpx2.Request], httpx2.Response]) -> genai.Client:
    http = httpx2.Client(transport=httpx2.MockTransport(handler))
    return genai.Client(api_key="k", http_options=types.HttpOptions(base_url="http://relay", httpx_client=http))


def streaming(stream: bytes) -> list[types.GenerateContentResponse]:
    """Read `stream` with the SDK."""
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    return list(client(lambda _: answer).models.generate_content_stream(model="m", contents="hi"))


# --- streams


def test_bytes_of_a_stream():
    head = b'data: {"candidates":[{"content":{"parts":[{"text":'
    tail = b'}],"role":"model"},"index":0}],"modelVersion":"m","responseId":"r1"}\n\n'
    last = (
        b'"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,'
        b'"candidatesTokenCount":3,"thoughtsTokenCount":2,"cachedContentTokenCount":1,"totalTokenCount":8},'
        b'"modelVersion":"m","responseId":"r1","relay":{"thinking_type":"raw","thinking_source":"field"}}\n\n'
    )
    assert one_by_one(TALK, THOUGHTS) == b"".join(
        [
            head + b'"why","thought":true' + tail,
            head + b'"hel"' + tail,
            head + '"lo\\n→ 😀"'.encode() + tail,
            head + b'"' + last,
        ]
    )


def test_headers_tell_events_from_an_array():
    assert dict(voice().stream_headers)["Content-Type"] == "text/event-stream"
    assert dict(voice(ARRAY).stream_headers) == {
        "Content-Type": "application/json",
        "Cache-Control": "no-cache",
        "X-Accel-Buffering": "no",
    }


def test_array():
    stream = one_by_one(TALK, ARRAY)
    assert stream.startswith(b'[{"candidates"')
    assert stream.endswith(b"}]")
    assert gemini.items(stream) == read(TALK, THOUGHTS)


def test_array_of_one():
    assert len(gemini.items(encoder(ARRAY).encode([Started("m"), STOP]))) == 1


def test_keep_alive_within_an_array():
    stream = encoder(ARRAY)
    sent = stream.keep_alive + stream.encode(TALK[:3]) + stream.keep_alive + stream.encode(TALK[3:])
    assert gemini.items(sent) == read([*TALK[:2], *TALK[2:]], THOUGHTS)


def test_envelope_around_every_event():
    assert read(TALK, ENVELOPED) == read(TALK)


def test_reasoning_is_a_sign_of_life_to_those_who_do_not_want_it():
    assert encoder().encode([ReasoningDelta("why")]) == b"\n"
    assert gemini.parts(read(TALK)) == [{"text": "hello\n→ 😀"}]
    assert read(TALK)[-1]["relay"] == RAW


def test_reasoning_of_tags_says_so():
    events = finished([ReasoningDelta("a", "tags"), ReasoningDelta("b", "field", "summary"), STOP])
    assert read(events, THOUGHTS)[-1]["relay"] == {"thinking_type": "raw", "thinking_source": "tags"}
    assert read([STOP])[-1]["relay"] == NONE


def test_calls_come_whole():
    responses = read(CALLS)
    assert [each["candidates"][0]["content"]["parts"] for each in responses] == [
        *([part] for part in CALL_PARTS),
        [{"text": ""}],
    ]
    assert end(responses) == "STOP"


def test_calls_that_are_being_written_give_a_sign_of_life():
    stream = encoder()
    assert stream.encode([ToolCallStarted(0, "c", "f")]) == b""
    assert stream.encode([ToolCallDelta(0, '{"a":')]) == b"\n"


def test_signature_of_the_reasoning():
    proofs: list[Event] = [
        ReasoningDelta("why"),
        ReasoningProof("gemini.signature", "c2ln"),
        ReasoningProof("anthropic.signature", "eHh4"),
        TextDelta("hi"),
        STOP,
    ]
    assert gemini.parts(read(proofs, THOUGHTS)) == [
        {"text": "why", "thought": True},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": "hi"},
    ]


@pytest.mark.parametrize("data", ["", "a", "ab=", "a b=", "c2ln=", "\ud800", "c2ln\n"])
def test_signature_that_no_sdk_can_read_is_not_told(data: str):
    proofs: list[Event] = [ReasoningProof("gemini.signature", data), TextDelta("hi"), STOP]
    assert gemini.parts(read(proofs)) == [{"text": "hi"}]


@pytest.mark.parametrize("data", ["c2ln", "YQ==", "YWI=", "_-8=", "/+8="])
def test_signature_that_sdks_can_read(data: str):
    assert gemini.parts(read([ReasoningProof("gemini.signature", data), STOP])) == [
        {"text": "", "thoughtSignature": data}
    ]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (FinishReason.STOP, "STOP"),
        (FinishReason.TOOL_CALLS, "STOP"),
        (FinishReason.LENGTH, "MAX_TOKENS"),
        (FinishReason.CONTENT_FILTER, "SAFETY"),
    ],
)
def test_finish_reasons(reason: FinishReason, word: str):
    events: list[Event] = [Started("m"), TextDelta("a"), Finished(reason)]
    assert end(read(events)) == end([whole(events)]) == word


def test_every_finish_reason_has_a_word():
    for reason in FinishReason:
        assert end(read([Finished(reason)])) in types.FinishReason.__members__


@pytest.mark.parametrize("arguments", ["[1]", '"a"', "{", "plain", '{"a":' + "[" * 5000, "null"])
def test_call_whose_arguments_are_no_object(arguments: str):
    events: list[Event] = [
        Started("m"),
        ToolCallStarted(0, "c1", "f"),
        ToolCallDelta(0, arguments),
        ToolCallEnded(0),
        ToolCallStarted(1, "c2", "g"),
        ToolCallEnded(1),
        Finished(FinishReason.TOOL_CALLS),
    ]
    for responses in (read(events), [whole(events)]):
        assert gemini.parts(responses) == [{"functionCall": {"id": "c2", "name": "g", "args": {}}}]
        last = responses[-1]["candidates"][0]
        assert last["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert last["finishMessage"] == "The arguments of a call are no JSON object: f"


def test_call_that_was_cut_with_the_answer():
    events: list[Event] = [
        ToolCallStarted(0, "c1", "f"),
        ToolCallDelta(0, '{"a'),
        ToolCallEnded(0),
        Finished(FinishReason.LENGTH),
    ]
    assert end(read(events)) == end([whole(events)]) == "MAX_TOKENS"


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        (' \n{"a": "x\\ny"}\r\n', {"a": "x\ny"}),
        ('{"big": 12345678901234567890123}', {"big": 12345678901234567890123}),
        ('{"half": "\\ud83d"}', {"half": "\ufffd"}),
        ('{"half": "\ud83d"}', {"half": "?"}),
        (" ", {}),
    ],
)
def test_arguments(arguments: str, args: dict[str, Any]):
    events: list[Event] = [ToolCallStarted(0, "c", "f"), ToolCallDelta(0, arguments), ToolCallEnded(0), STOP]
    assert gemini.parts(read(events)) == [{"functionCall": {"id": "c", "name": "f", "args": args}}]


IMAGES: list[Event] = [
    Started("m"),
    ImagePart("data:image/png;base64,AA=="),
    TextDelta("a"),
    ImagePart("https://x/(1)"),
    STOP,
]


def test_images():
    for responses in (read(IMAGES), [whole(IMAGES)]):
        assert gemini.parts(responses) == [
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
            {"text": "a\n\n![image](https://x/%281%29)\n\n"},
        ]


@pytest.mark.parametrize("url", ["data:image/svg+xml,%3Csvg/%3E", "data:;base64,AA==", "data:image/png;base64,"])
def test_image_that_is_no_base64_stays_an_address(url: str):
    assert gemini.parts(read([ImagePart(url), STOP])) == [{"text": f"![image]({url})\n\n"}]


def test_usage():
    assert read(TALK)[-1]["usageMetadata"] == COUNTS
    assert "usageMetadata" not in read([STOP])[-1]


def test_estimated_usage_says_so():
    estimate = UsageReport(Usage(input_tokens=1, output_tokens=1, estimated=True))
    assert read([estimate, STOP])[-1]["usageMetadata"]["estimated"] is True


def test_more_thoughts_than_output_are_not_believed():
    odd = UsageReport(Usage(input_tokens=1, output_tokens=2, reasoning_tokens=5))
    usage = read([odd, STOP])[-1]["usageMetadata"]
    assert (usage["candidatesTokenCount"], usage["thoughtsTokenCount"], usage["totalTokenCount"]) == (0, 2, 3)


@pytest.mark.parametrize("form", [PLAIN, ENVELOPED, ARRAY])
def test_error_ends_the_stream(form: ReplyForm):
    stream = encoder(form)
    sent = stream.encode(TALK[:3]) + stream.error(SessionLost("The page went away."))
    responses = gemini.items(sent) if form.array else gemini.events(sent, enveloped=form.enveloped)
    error = responses[-1]["error"]
    assert (error["code"], error["status"], error["message"]) == (503, "UNAVAILABLE", "The page went away.")


def test_sdk_raises_the_error():
    stream = encoder()
    sent = stream.encode(TALK[:3]) + stream.error(BackendThrottled("Slow down.", retry_after=7))
    with pytest.raises(APIError, match="Slow down") as caught:
        streaming(sent)
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")


def test_nothing_follows_the_end():
    ended, failed = encoder(), encoder()
    ended.encode([STOP])
    failed.error(SessionLost("m"))
    for stream in (ended, failed):
        with pytest.raises(StreamClosed):
            stream.encode([TextDelta("a")])
        with pytest.raises(StreamClosed):
            stream.error(SessionLost("m"))
    with pytest.raises(StreamClosed):
        encoder().encode([STOP, TextDelta("a")])


def test_keep_alive_is_nothing_to_the_sdk():
    stream = encoder()
    sent = stream.keep_alive + stream.encode(TALK[:3]) + stream.keep_alive + stream.encode(TALK[3:])
    assert "".join(each.text or "" for each in streaming(sent)) == "hello\n→ 😀"


def test_sdk_reads_a_stream():
    got = streaming(one_by_one([*CALLS[:2], ReasoningDelta("why"), *CALLS[2:]], THOUGHTS))
    parts = [part for each in got for part in each.parts or ()]
    assert [part.text for part in parts if part.thought] == ["why"]
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.id, call.name, call.args) for call in calls] == [
        ("call_1", "f", {"a": 1, "b_c": 2}),
        ("call_2", "g", {}),
    ]
    assert [part.thought_signature for part in parts if part.function_call] == [b"sig", None]
    assert got[-1].candidates
    assert got[-1].candidates[0].finish_reason is types.FinishReason.STOP
    assert got[-1].usage_metadata
    assert got[-1].usage_metadata.total_token_count == 8


DELTAS = st.one_of(
    st.text(max_size=5).map(TextDelta), st.text(max_size=5).map(ReasoningDelta), st.just(ImagePart("data:,"))
)


@given(st.lists(DELTAS, max_size=8), st.integers(0, 8), st.sampled_from([PLAIN, THOUGHTS]))
def test_cutting_the_input_differently_changes_nothing(deltas: list[Event], cut: int, form: ReplyForm):
    events: list[Event] = [Started("m"), *deltas, STOP]
    two, cut = encoder(form), min(cut, len(events) - 1)
    streams = [
        one_by_one(events, form),
        encoder(form).encode(events),
        two.encode(events[:cut]) + two.encode(events[cut:]),
    ]
    told = [gemini.parts(gemini.events(stream)) for stream in streams]
    assert told[0] == told[1] == told[2] == gemini.parts([whole(events, form)])


# --- whole answers


def test_whole_talk():
    assert whole(TALK, THOUGHTS) == {
        "candidates": [
            {
                "content": {
                    "parts": [{"text": "why", "thought": True}, {"text": "hello\n→ 😀"}],
                    "role": "model",
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": COUNTS,
        "modelVersion": "m",
        "responseId": "r1",
        "relay": RAW,
    }


def test_whole_without_thoughts():
    assert gemini.parts([whole(TALK)]) == [{"text": "hello\n→ 😀"}]
    assert whole(TALK)["relay"] == RAW


def test_whole_with_calls():
    assert whole(CALLS)["candidates"][0]["content"]["parts"] == CALL_PARTS


def test_whole_in_an_envelope():
    assert whole(TALK, ENVELOPED) == whole(TALK)


def test_whole_of_nothing_still_has_a_part():
    assert whole([Started("m"), STOP])["candidates"][0]["content"]["parts"] == [{"text": ""}]


def test_sdk_reads_a_whole_answer():
    collector = Collector()
    collector.feed(TALK)
    body = voice(THOUGHTS).whole(collector.result())
    answer = httpx2.Response(200, headers={"content-type": "application/json"}, content=body)
    got = client(lambda _: answer).models.generate_content(model="m", contents="hi")
    assert (got.text, got.response_id, got.model_version) == ("hello\n→ 😀", "r1", "m")
    assert got.usage_metadata
    assert got.usage_metadata.thoughts_token_count == 2
