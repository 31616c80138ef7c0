import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from support.finished import finished

from relay.core.answer import Answer, Collector
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
from relay.dialects.base import StreamClosed, StreamEncoder
from relay.dialects.openai_chat.form import PLAIN, ReplyForm
from relay.dialects.openai_chat.outbound import ChunkEncoder, completion
from relay.errors import SessionLost

WITH_USAGE = ReplyForm(include_usage=True)
LEGACY = ReplyForm(legacy_functions=True)
USAGE = UsageReport(Usage(input_tokens=3, output_tokens=5, cached_tokens=1, reasoning_tokens=2))
TALK = finished(
    [
        Started("m"),
        ReasoningDelta("why"),
        TextDelta("hel"),
        TextDelta("lo\n→ 😀"),
        USAGE,
        Finished(FinishReason.STOP),
    ]
)
CALLS: list[Event] = [
    Started("m"),
    TextDelta("look: "),
    ToolCallStarted(0, "call_1", "f"),
    ToolCallDelta(0, '{"a"'),
    ToolCallDelta(0, ":1}"),
    ToolCallEnded(0),
    ToolCallStarted(1, "call_2", "g"),
    ToolCallDelta(1, '{"input":"x"}'),
    ToolCallEnded(1),
    USAGE,
    Finished(FinishReason.STOP),
]


def encoder(form: ReplyForm = PLAIN) -> StreamEncoder:
    return ChunkEncoder("chatcmpl-1", 7, "m", form)


def one_by_one(events: list[Event], form: ReplyForm = PLAIN) -> bytes:
    stream = encoder(form)
    return b"".join(stream.encode([event]) for event in events)


def chunks(stream: bytes) -> list[dict]:
    """Return the JSON of all events but the last, which must be [DONE]."""
    *events, done, rest = stream.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    for event in events:
        ChatCompletionChunk.model_validate_json(event.removeprefix(b"data: "), strict=True)
    return [json.loads(event.removeprefix(b"data: ")) for event in events]


def choices(stream: bytes) -> list[tuple[dict, str | None]]:
    return [(c["delta"], c["finish_reason"]) for chunk in chunks(stream) for c in chunk["choices"]]


def collect(events: list[Event]) -> Answer:
    collector = Collector()
    collector.feed(events)
    return collector.result()


def whole(events: list[Event], form: ReplyForm = PLAIN) -> dict:
    body = completion("chatcmpl-1", 7, collect(events), form)
    ChatCompletion.model_validate_json(body, strict=True)
    return json.loads(body)


def client(handler: Callable[[httpx2.Request], httpx2.Response]) -> openai.OpenAI:
    transport = httpx2.MockTransport(handler)
    return openai.OpenAI(
        api_key="k", base_url="http://relay/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def streaming(stream: bytes) -> openai.OpenAI:
    return client(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream))


# --- streams


def test_bytes_of_a_stream():
    head = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":['
    tail = b',"logprobs":null,"finish_reason":null}]}\n\n'
    assert one_by_one(TALK) == b"".join(
        [
            head + b'{"index":0,"delta":{"role":"assistant","content":""}' + tail,
            head + b'{"index":0,"delta":{"reasoning_content":"why"}' + tail,
            head + b'{"index":0,"delta":{"content":"hel"}' + tail,
            head + '{"index":0,"delta":{"content":"lo\\n→ 😀"}'.encode() + tail,
            head + b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],'
            b'"relay":{"thinking_type":"raw","thinking_source":"field"}}\n\n',
            b"data: [DONE]\n\n",
        ]
    )


def test_usage_chunk_when_asked():
    first, *_, usage = chunks(encoder(WITH_USAGE).encode(TALK))
    assert first["usage"] is None
    assert (usage["choices"], usage["usage"]) == (
        [],
        {
            "prompt_tokens": 3,
            "completion_tokens": 5,
            "total_tokens": 8,
            "prompt_tokens_details": {"cached_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    )


def test_estimated_usage_says_so():
    estimate = UsageReport(Usage(input_tokens=1, output_tokens=1, estimated=True))
    *_, usage = chunks(encoder(WITH_USAGE).encode([Started("m"), estimate, Finished(FinishReason.STOP)]))
    assert usage["usage"]["estimated"] is True


def test_no_usage_chunk_without_a_report():
    assert all(c["choices"] for c in chunks(encoder(WITH_USAGE).encode([Started("m"), Finished(FinishReason.STOP)])))


def test_tool_calls():
    assert choices(one_by_one(CALLS))[2:] == [
        (_call({"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}), None),
        (_call({"index": 0, "function": {"arguments": '{"a"'}}), None),
        (_call({"index": 0, "function": {"arguments": ":1}"}}), None),
        (_call({"index": 1, "id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}), None),
        (_call({"index": 1, "function": {"arguments": '{"input":"x"}'}}), None),
        ({}, "tool_calls"),
    ]


def _call(call: dict) -> dict:
    return {"tool_calls": [call]}


def test_function_call_in_the_old_form():
    assert choices(encoder(LEGACY).encode(CALLS))[2:] == [
        ({"function_call": {"name": "f", "arguments": ""}}, None),
        ({"function_call": {"arguments": '{"a":1}'}}, None),
        ({}, "function_call"),
    ]


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.CONTENT_FILTER])
@pytest.mark.parametrize("form", [PLAIN, LEGACY])
def test_a_cut_answer_says_so_despite_tool_calls(reason, form):
    events = [*CALLS[:-1], Finished(reason)]
    assert choices(encoder(form).encode(events))[-1] == ({}, reason.value)
    assert whole(events, form)["choices"][0]["finish_reason"] == reason.value


def test_announced_tool_calls_that_never_came():
    events: list[Event] = [Started("m"), Finished(FinishReason.TOOL_CALLS)]
    assert choices(encoder().encode(events))[-1] == ({}, "stop")
    assert whole(events)["choices"][0]["finish_reason"] == "stop"


IMAGES: list[Event] = [
    Started("m"),
    ImagePart("data:image/png;base64,AA=="),
    TextDelta("a"),
    ImagePart("https://x/(1) <2>"),
    Finished(FinishReason.STOP),
]


def test_images_are_paragraphs_of_markdown():
    content = "![image](data:image/png;base64,AA==)\n\na\n\n![image](https://x/%281%29%20%3C2%3E)\n\n"
    assert "".join(delta.get("content", "") for delta, _ in choices(one_by_one(IMAGES))) == content
    assert whole(IMAGES)["choices"][0]["message"]["content"] == content


def test_error_ends_the_stream():
    stream = encoder()
    sent = stream.encode(TALK[:3]) + stream.error(SessionLost("The page went away."))
    assert json.loads(sent.split(b"\n\n")[-2].removeprefix(b"data: ")) == {
        "error": {
            "message": "The page went away.",
            "type": "server_error",
            "param": None,
            "code": "bridge_disconnected",
        }
    }
    with pytest.raises(openai.APIError, match="The page went away"):
        list(streaming(sent).chat.completions.create(model="m", messages=[], stream=True))


def test_nothing_follows_the_end():
    ended, failed = encoder(), encoder()
    ended.encode([Finished(FinishReason.STOP)])
    failed.error(SessionLost("m"))
    for stream in (ended, failed):
        with pytest.raises(StreamClosed):
            stream.encode([TextDelta("a")])
        with pytest.raises(StreamClosed):
            stream.error(SessionLost("m"))
    with pytest.raises(StreamClosed):
        encoder().encode([Finished(FinishReason.STOP), TextDelta("a")])


def test_keep_alive_is_nothing_to_the_sdk():
    stream = encoder()
    sent = stream.keep_alive + stream.encode(TALK[:2]) + stream.keep_alive + stream.encode(TALK[2:])
    got = list(streaming(sent).chat.completions.create(model="m", messages=[], stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in got) == "hello\n→ 😀"


@pytest.mark.parametrize("batch", [1, 3, 99])
def test_sdk_accumulates_a_stream(batch):
    stream = encoder(WITH_USAGE)
    sent = b"".join(stream.encode(CALLS[start : start + batch]) for start in range(0, len(CALLS), batch))
    with streaming(sent).chat.completions.stream(model="m", messages=[]) as events:
        events.until_done()
        final = events.get_final_completion()
    message = final.choices[0].message
    assert message.content == "look: "
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()] == [
        ("call_1", "f", '{"a":1}'),
        ("call_2", "g", '{"input":"x"}'),
    ]
    assert (final.choices[0].finish_reason, final.usage and final.usage.total_tokens) == ("tool_calls", 8)


def relay_of(events: list[Event], form: ReplyForm = PLAIN) -> list[Any]:
    """What the SDK reads of reasoning besides its text, in a stream and in a whole answer."""
    stream = list(streaming(encoder(form).encode(events)).chat.completions.create(model="m", messages=[], stream=True))
    told = [(chunk.model_extra or {}).get("relay") for chunk in stream if chunk.choices]
    return [*told, ChatCompletion.model_validate(whole(events, form)).model_extra]


@pytest.mark.parametrize("form", [PLAIN, WITH_USAGE])
def test_sdk_reads_where_reasoning_came_from(form):
    raw = {"thinking_type": "raw", "thinking_source": "tags"}
    reasoned = [ReasoningDelta("why", "tags"), TextDelta("a"), ReasoningDelta("b")]
    events = finished([Started("m"), *reasoned, Finished(FinishReason.STOP)])
    assert relay_of(events, form) == [None, None, None, None, raw, {"relay": raw}]


def test_sdk_reads_that_there_was_no_reasoning():
    none = {"thinking_type": None, "thinking_source": "none"}
    assert relay_of([Started("m"), TextDelta("a"), Finished(FinishReason.STOP)]) == [None, None, none, {"relay": none}]


def test_reasoning_may_be_left_out():
    form = ReplyForm(reasoning=False)
    stream = encoder(form)
    assert stream.encode([ReasoningDelta("why")]) == stream.keep_alive
    told = whole(TALK, form)
    assert "reasoning_content" not in told["choices"][0]["message"]
    assert told["relay"] == {"thinking_type": "raw", "thinking_source": "field"}


def test_proofs_of_reasoning_are_not_for_clients():
    events = [Started("m"), ReasoningDelta("why"), ReasoningProof("anthropic.signature", "c2ln"), *TALK[-1:]]
    assert b"c2ln" not in encoder().encode(events)
    assert "c2ln" not in json.dumps(whole(events))


def test_tokens_written_to_a_cache():
    usage = UsageReport(Usage(input_tokens=3, output_tokens=5, cached_tokens=1, cache_write_tokens=2))
    details = whole([Started("m"), usage, Finished(FinishReason.STOP)])["usage"]["prompt_tokens_details"]
    assert details == {"cached_tokens": 1, "cache_write_tokens": 2}


DELTAS = st.one_of(
    st.text(max_size=5).map(TextDelta), st.text(max_size=5).map(ReasoningDelta), st.just(ImagePart("data:,"))
)


@given(st.lists(DELTAS, max_size=8), st.integers(0, 8))
def test_cutting_the_input_differently_changes_nothing(deltas, cut):
    events: list[Event] = [Started("m"), *deltas, Finished(FinishReason.STOP)]
    two, cut = encoder(), min(cut, len(events) - 1)
    streams = [one_by_one(events), encoder().encode(events), two.encode(events[:cut]) + two.encode(events[cut:])]
    assert _joined(streams[0]) == _joined(streams[1]) == _joined(streams[2])
    message = whole(events)["choices"][0]["message"]
    assert _joined(streams[0]) == (message["content"], message.get("reasoning_content", ""))


def _joined(stream: bytes) -> tuple[str, str]:
    deltas = [delta for delta, _ in choices(stream)]
    return tuple("".join(d.get(field) or "" for d in deltas) for field in ("content", "reasoning_content"))


# --- whole answers


def test_completion_of_talk():
    assert whole(TALK) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "hello\n→ 😀",
                    "refusal": None,
                    "annotations": [],
                    "reasoning_content": "why",
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 5,
            "total_tokens": 8,
            "prompt_tokens_details": {"cached_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
        "relay": {"thinking_type": "raw", "thinking_source": "field"},
    }


def test_completion_with_tool_calls():
    choice = whole(CALLS, ReplyForm(freeform=frozenset({"g"})))["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"] == [
        {"type": "function", "id": "call_1", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"type": "custom", "id": "call_2", "custom": {"name": "g", "input": "x"}},
    ]


@pytest.mark.parametrize("arguments", ["plain text", '{"other": 1}', '{"input": 1}', ""])
def test_custom_call_that_is_no_json_is_the_text_itself(arguments):
    events: list[Event] = [Started("m"), ToolCallStarted(0, "c", "g"), ToolCallDelta(0, arguments)]
    body = whole([*events, Finished(FinishReason.STOP)], ReplyForm(freeform=frozenset({"g"})))
    assert body["choices"][0]["message"]["tool_calls"][0]["custom"]["input"] == arguments


def test_completion_in_the_old_form():
    choice = whole(CALLS, LEGACY)["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "f", "arguments": '{"a":1}'}
    assert "tool_calls" not in choice["message"]


def test_content_is_null_only_beside_tool_calls():
    calls: list[Event] = [Started("m"), ToolCallStarted(0, "c", "g"), ToolCallEnded(0), Finished(FinishReason.STOP)]
    assert whole(calls)["choices"][0]["message"]["content"] is None
    assert whole([Started("m"), Finished(FinishReason.STOP)])["choices"][0]["message"]["content"] == ""


def test_completion_without_usage():
    assert "usage" not in whole([Started("m"), Finished(FinishReason.STOP)])


def test_sdk_reads_a_completion():
    body = completion("chatcmpl-1", 7, collect(TALK))
    got = client(
        lambda _: httpx2.Response(200, headers={"content-type": "application/json"}, content=body)
    ).chat.completions.create(model="m", messages=[])
    assert (got.choices[0].message.content, got.usage and got.usage.total_tokens) == ("hello\n→ 😀", 8)
