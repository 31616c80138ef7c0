from itertools import count

import httpx2
import openai
import pytest
from support import responses

from relay.core import sse
from relay.core.answer import Answer, Collector
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
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
from relay.dialects.base import StreamEncoder, Voice
from relay.dialects.openai_responses.form import CalledAs, ReplyForm
from relay.dialects.openai_responses.outbound import PIECE_BYTES, ResponsesVoice, framed, pieces
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.openai_responses.writer import Writer
from relay.errors import SessionLost

FORM = ReplyForm(model="m", tools={"g": CalledAs("g", freeform=True)}, encrypted_reasoning=True)
USAGE = UsageReport(Usage(input_tokens=3, output_tokens=5))
ANSWER: list[Event] = [
    Started("m"),
    ReasoningDelta("why"),
    ReasoningProof("openai.encrypted", "sealed"),
    TextDelta("look: "),
    ToolCallStarted(0, "call_1", "f"),
    ToolCallDelta(0, '{"a":1}'),
    ToolCallEnded(0),
    ReasoningDelta("more"),
    ToolCallStarted(1, "call_2", "g"),
    ToolCallDelta(1, '{"input":"x"}'),
    ToolCallEnded(1),
    TextDelta("done\n→ 😀"),
    USAGE,
    Finished(FinishReason.TOOL_CALLS),
]


def voice() -> Voice:
    ids = count(1)
    return ResponsesVoice(
        lambda model: Writer(FORM, "resp_1", new_id=lambda prefix: f"{prefix}_{next(ids)}", clock=lambda: 7)
    )


def encoder() -> StreamEncoder:
    return voice().encoder("m")


def streamed(events: list[Event]) -> bytes:
    stream = encoder()
    return b"".join(stream.encode([event]) for event in events)


def answer(events: list[Event]) -> Answer:
    collector = Collector()
    collector.feed(events)
    return collector.result()


def client(content: bytes, content_type: str) -> openai.OpenAI:
    def respond(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": content_type}, content=content)

    transport = httpx2.MockTransport(respond)
    return openai.OpenAI(
        api_key="k", base_url="http://relay/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def sdk_stream(content: bytes) -> openai.OpenAI:
    return client(content, "text/event-stream")


# --- bytes


def test_bytes_of_a_delta():
    stream = encoder()
    stream.encode([Started("m"), TextDelta("a")])
    assert stream.encode([TextDelta("hi\n→")]) == (
        b"event: response.output_text.delta\n"
        b'data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_1","output_index":0,'
        b'"content_index":0,"delta":"hi\\n\xe2\x86\x92","logprobs":[]}\n\n'
    )


def test_whole_stream_is_right():
    assert [item["type"] for item in responses.stream(streamed(ANSWER))["output"]] == [
        "reasoning",
        "message",
        "function_call",
        "reasoning",
        "custom_tool_call",
        "message",
    ]


@pytest.mark.parametrize(
    "last", [b"response.completed", b"response.incomplete", b"response.failed"], ids=lambda name: name.decode()
)
def test_done_after_the_last_event_only(last):
    stream = encoder()
    told = stream.encode(ANSWER[:4])
    match last:
        case b"response.completed":
            told += stream.encode(ANSWER[-1:])
        case b"response.incomplete":
            told += stream.encode([Finished(FinishReason.LENGTH)])
        case _:
            told += stream.error(SessionLost("gone"))
    *events, done, rest = told.split(b"\n\n")
    assert (events[-1].split(b"\n")[0], done, rest) == (b"event: " + last, b"data: [DONE]", b"")
    assert told.count(b"[DONE]") == 1


def test_keep_alive_is_a_comment():
    assert (encoder().keep_alive, voice().stream_headers) == (sse.COMMENT, sse.HEADERS)
    stream = encoder()
    parts = [stream.encode([event]) + stream.keep_alive for event in ANSWER]
    assert responses.stream(b"".join(parts).removesuffix(stream.keep_alive))["status"] == "completed"


# --- whole bodies


def test_whole_answer_equals_the_end_of_its_stream():
    assert responses.whole(voice().whole(answer(ANSWER))) == responses.stream(streamed(ANSWER))


def test_answer_without_usage():
    events: list[Event] = [Started("m"), TextDelta("x"), Finished(FinishReason.STOP)]
    assert responses.whole(voice().whole(answer(events)))["usage"] is None


# --- the official SDK


def test_sdk_reads_a_whole_answer():
    response = client(voice().whole(answer(ANSWER)), "application/json").responses.create(model="m", input="hi")
    assert (response.status, response.output_text) == ("completed", "look: done\n→ 😀")
    assert response.usage is not None
    assert response.usage.total_tokens == 8


def test_sdk_collects_a_stream():
    with sdk_stream(streamed(ANSWER)).responses.stream(model="m", input="hi") as stream:
        kinds = [event.type for event in stream]
        response = stream.get_final_response()
    assert kinds[-1] == "response.completed"
    assert (response.output_text, len(response.output)) == ("look: done\n→ 😀", 6)


def test_sdk_raises_an_error_in_the_stream():
    stream = encoder()
    content = stream.encode(ANSWER[:4]) + stream.error(SessionLost("The page went away."))
    with pytest.raises(openai.APIError, match="The page went away"):
        list(sdk_stream(content).responses.create(model="m", input="hi", stream=True))


def test_sdk_sees_why_an_answer_is_incomplete():
    content = streamed([*ANSWER[:4], Finished(FinishReason.LENGTH)])
    *_, last = sdk_stream(content).responses.create(model="m", input="hi", stream=True)
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 100, PIECE_BYTES + 100, 3 * PIECE_BYTES])
def test_pieces_are_small_and_the_same_bytes(size: int):
    told = [Payload(name, b'{"x":"%b"}' % (b"x" * size)) for name in ("response.created", "response.completed")]
    told.insert(1, Payload("response.output_text.delta", b"{}"))
    told.append(Payload("response.completed", b"{}"))
    found = list(pieces(told))
    assert b"".join(found) == framed(told)
    assert max(map(len, found)) < PIECE_BYTES + 500


def test_pieces_of_nothing():
    assert list(pieces([])) == []
