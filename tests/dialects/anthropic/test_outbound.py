import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st
from support import anthropic_stream
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
from relay.dialects.anthropic.form import PLAIN, Display, ReplyForm
from relay.dialects.anthropic.outbound import EventEncoder, MessageVoice, message
from relay.dialects.base import StreamClosed, StreamEncoder
from relay.errors import BackendFailed, SessionLost

OMITTED = ReplyForm(display=Display.OMITTED)
WITHOUT = ReplyForm(display=Display.NONE)
USAGE = UsageReport(Usage(input_tokens=9, output_tokens=5, cached_tokens=2, cache_write_tokens=3, reasoning_tokens=4))
STOP = Finished(FinishReason.STOP)
TALK = finished(
    [
        Started("m"),
        ReasoningDelta("why", source="tags"),
        TextDelta("hel"),
        TextDelta("lo\n→ 😀"),
        USAGE,
        STOP,
    ]
)
CALLS: list[Event] = [
    Started("m"),
    ReasoningDelta("why"),
    ReasoningProof("anthropic.signature", "c2ln"),
    TextDelta("look: "),
    ToolCallStarted(0, "toolu_1", "f"),
    ToolCallDelta(0, '{"a"'),
    ToolCallDelta(0, ":1}"),
    ToolCallEnded(0),
    ToolCallStarted(1, "toolu_2", "g"),
    ToolCallEnded(1),
    USAGE,
    STOP,
]
SIGNED = [{"type": "thinking", "thinking": "why", "signature": "c2ln"}]
UNSIGNED = [{"type": "thinking", "thinking": "why", "signature": ""}]


def encoder(form: ReplyForm = PLAIN) -> StreamEncoder:
    return EventEncoder("msg_1", "m", form, 7)


def one_by_one(events: list[Event], form: ReplyForm = PLAIN) -> bytes:
    stream = encoder(form)
    return b"".join(stream.encode([event]) for event in events)


def collect(events: list[Event]) -> Answer:
    collector = Collector()
    collector.feed(events)
    return collector.result()


def whole(events: list[Event], form: ReplyForm = PLAIN) -> dict[str, Any]:
    body = message("msg_1", collect(events), form)
    Message.model_validate_json(body, strict=True)
    got: dict[str, Any] = json.loads(body)
    return got


def both(events: list[Event], form: ReplyForm = PLAIN) -> dict[str, Any]:
    """Return the message that the stream and the whole answer agree on."""
    got = whole(events, form)
    assert anthropic_stream.read(one_by_one(events, form)) == got
    assert anthropic_stream.read(encoder(form).encode(events)) == got
    return got


def content(*events: Event, form: ReplyForm = PLAIN) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = both([Started("m"), *events, USAGE, STOP], form)["content"]
    return blocks


def called(*pieces: str) -> list[Event]:
    return [ToolCallStarted(0, "t", "f"), *(ToolCallDelta(0, piece) for piece in pieces), ToolCallEnded(0)]


def client(handler: Callable[[httpx2.Request], httpx2.Response]) -> anthropic.Anthropic:
    transport = httpx2.MockTransport(handler)
    return anthropic.Anthropic(
        api_key="k", base_url="http://relay", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def streaming(stream: bytes) -> anthropic.Anthropic:
    return client(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream))


ASKED: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


# --- streams


def test_bytes_of_a_stream():
    assert one_by_one(finished(CALLS)).decode() == (
        'event: message_start\ndata: {"type":"message_start","message":{"type":"message","id":"msg_1",'
        '"role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":7,'
        '"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"thinking","thinking":"","signature":""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"thinking_delta","thinking":"why"}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"signature_delta","signature":"c2ln"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":1,'
        '"content_block":{"type":"text","text":""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,'
        '"delta":{"type":"text_delta","text":"look: "}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":2,'
        '"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":2,'
        '"delta":{"type":"input_json_delta","partial_json":"{\\"a\\""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":2,'
        '"delta":{"type":"input_json_delta","partial_json":":1}"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":2}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":3,'
        '"content_block":{"type":"tool_use","id":"toolu_2","name":"g","input":{}}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":3}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,'
        '"stop_details":null},'
        '"usage":{"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":2,"output_tokens":5,'
        '"output_tokens_details":{"thinking_tokens":4}},"relay":{"thinking_type":"raw","thinking_source":"field"}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


def test_ping_keeps_the_stream_alive_anywhere():
    stream = encoder()
    assert stream.keep_alive == b'event: ping\ndata: {"type":"ping"}\n\n'
    pings = b"".join(stream.keep_alive + stream.encode([event]) for event in TALK)
    assert anthropic_stream.read(pings) == whole(TALK)
    with streaming(pings).messages.stream(**ASKED) as read:
        assert read.get_final_text() == "hello\n→ 😀"


def test_stream_that_ended_takes_nothing_more():
    done = encoder()
    done.encode(TALK)
    with pytest.raises(StreamClosed):
        done.encode([TextDelta("more")])
    with pytest.raises(StreamClosed):
        done.error(SessionLost("gone"))
    with pytest.raises(StreamClosed):
        encoder().encode([*TALK, TextDelta("more")])
    failed = encoder()
    failed.error(SessionLost("gone"))
    with pytest.raises(StreamClosed):
        failed.encode(TALK)


def test_error_in_the_middle_is_raised_by_the_sdk():
    stream = encoder()
    body = stream.encode(TALK[:3]) + stream.error(SessionLost("the page was closed"))
    with pytest.raises(anthropic_stream.StreamError, match="the page was closed"):
        anthropic_stream.read(body)
    with (
        pytest.raises(anthropic.APIStatusError, match="the page was closed"),
        streaming(body).messages.stream(**ASKED) as read,
    ):
        read.get_final_message()


def test_answer_without_a_report_of_usage_has_the_estimate():
    read = anthropic_stream.read(one_by_one([Started("m"), STOP]))
    assert (read["content"], read["usage"]["input_tokens"], read["usage"]["output_tokens"]) == ([], 7, 0)


# --- both forms


def test_whole_message():
    assert both(TALK) == {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "model": "m",
        "content": [*UNSIGNED, {"type": "text", "text": "hello\n→ 😀"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 4,
            "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": 2,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 4},
        },
        "relay": {"thinking_type": "raw", "thinking_source": "tags"},
    }


def test_whole_message_without_usage():
    assert whole([Started("m"), STOP])["usage"]["output_tokens"] == 0


def test_usage_that_was_estimated_says_so():
    usage = Usage(input_tokens=1, output_tokens=2, cached_tokens=3, estimated=True)
    assert both([Started("m"), UsageReport(usage), STOP])["usage"] == {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 3,
        "output_tokens": 2,
        "estimated": True,
    }


def test_blocks_keep_the_order_in_which_they_came():
    assert content(
        TextDelta("a"), ReasoningDelta("b"), ReasoningDelta("c"), TextDelta("d"), *called("{}"), TextDelta("e")
    ) == [
        {"type": "text", "text": "a"},
        {"type": "thinking", "thinking": "bc", "signature": ""},
        {"type": "text", "text": "d"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "text", "text": "e"},
    ]


def test_what_is_empty_opens_no_block():
    assert content(TextDelta(""), ImagePart("data:,")) == [{"type": "text", "text": "![image](data:,)\n\n"}]
    blank: list[Event] = [Started("m"), ReasoningDelta(""), TextDelta(""), STOP]
    assert (whole(blank)["content"], anthropic_stream.read(one_by_one(blank))["content"]) == ([], [])


def test_image_is_markdown():
    assert content(ImagePart("data:,1"), TextDelta("a"), ImagePart("data:,2")) == [
        {"type": "text", "text": "![image](data:,1)\n\na\n\n![image](data:,2)\n\n"}
    ]


def test_signature_ends_its_block():
    assert content(
        ReasoningDelta("why"), ReasoningProof("anthropic.signature", "c2ln"), ReasoningDelta("why")
    ) == [*SIGNED, *UNSIGNED]  # fmt: skip


def test_signature_of_thoughts_that_were_not_told():
    empty = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    proof = ReasoningProof("anthropic.signature", "c2ln")
    assert content(proof, TextDelta("a")) == [empty, {"type": "text", "text": "a"}]
    assert content(ReasoningDelta("why"), proof, form=OMITTED) == [empty]


def test_redacted_thinking_is_a_block_of_its_own():
    assert content(ReasoningDelta("why"), ReasoningProof("anthropic.redacted", "eHg="), TextDelta("a")) == [
        *UNSIGNED,
        {"type": "redacted_thinking", "data": "eHg="},
        {"type": "text", "text": "a"},
    ]


@pytest.mark.parametrize("kind", ["gemini.signature", "openai.encrypted"])
def test_proof_of_another_vendor_stays_here(kind):
    assert content(ReasoningDelta("wh"), ReasoningProof(kind, "x"), ReasoningDelta("y")) == UNSIGNED


def test_thinking_that_shall_be_omitted_is_an_empty_block():
    got = both(TALK, OMITTED)
    assert got["content"][0] == {"type": "thinking", "thinking": "", "signature": ""}
    assert got["relay"] == {"thinking_type": "raw", "thinking_source": "tags"}


def test_client_without_thinking_gets_no_blocks_of_it():
    proofs = (ReasoningProof("anthropic.signature", "c2ln"), ReasoningProof("anthropic.redacted", "eHg="))
    assert content(ReasoningDelta("why"), *proofs, TextDelta("a"), form=WITHOUT) == [{"type": "text", "text": "a"}]


# --- ends


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (Finished(FinishReason.STOP), ("end_turn", None)),
        (Finished(FinishReason.TOOL_CALLS), ("end_turn", None)),
        (Finished(FinishReason.STOP, "END"), ("stop_sequence", "END")),
        (Finished(FinishReason.LENGTH), ("max_tokens", None)),
        (Finished(FinishReason.CONTENT_FILTER), ("refusal", None)),
    ],
)
def test_reason_of_the_end(end, told):
    got = both([Started("m"), TextDelta("a"), USAGE, end])
    assert (got["stop_reason"], got["stop_sequence"]) == told


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (Finished(FinishReason.STOP), "tool_use"),
        (Finished(FinishReason.TOOL_CALLS), "tool_use"),
        (Finished(FinishReason.STOP, "END"), "tool_use"),
        (Finished(FinishReason.LENGTH), "max_tokens"),
        (Finished(FinishReason.CONTENT_FILTER), "refusal"),
    ],
)
def test_reason_of_the_end_after_calls(end, told):
    got = both([Started("m"), *called("{}"), USAGE, end])
    assert (got["stop_reason"], got["stop_sequence"]) == (told, None)


def test_refusal_has_details():
    got = both([Started("m"), USAGE, Finished(FinishReason.CONTENT_FILTER)])
    assert got["stop_details"] == {"type": "refusal", "category": None, "explanation": None}


# --- tool calls


@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        ([], {}),
        (["", " ", ""], {}),
        (["null"], {}),
        (["nu", "ll"], {}),
        ([" ", "\n", '{"a"', ": [1, {}]}"], {"a": [1, {}]}),
        (['{"a": "→"} '], {"a": "→"}),
        (['{"a":"', "x" * 40_000, '"}'], {"a": "x" * 40_000}),
    ],
)
def test_arguments_are_an_object(pieces, value):
    assert content(*called(*pieces))[0]["input"] == value


@pytest.mark.parametrize("pieces", [["[1]"], ['"a"'], ["nul"], ['{"a"'], ["{}{}"], ["see ", "{}"], ["{" * 2000]])
def test_arguments_that_are_no_object_are_an_error_at_the_end(pieces):
    events = [Started("m"), *called(*pieces), *called("{}"), USAGE, STOP]
    with pytest.raises(BackendFailed, match="called f with what is no JSON object"):
        whole(events)
    stream = encoder()
    stream.encode(events[:-1])
    with pytest.raises(BackendFailed, match="called f with what is no JSON object"):
        stream.encode(events[-1:])
    assert b"event: error" in stream.error(BackendFailed("ask again"))


def test_call_that_was_cut_off_has_no_input():
    events: list[Event] = [Started("m"), *called('{"a": "b'), USAGE, Finished(FinishReason.LENGTH)]
    got = whole(events)
    assert (got["stop_reason"], got["content"][0]["input"]) == ("max_tokens", {})
    with streaming(one_by_one(events)).messages.stream(**ASKED) as read:
        assert read.get_final_message().stop_reason == "max_tokens"


def test_half_an_emoji_spoils_no_call():
    assert whole([Started("m"), *called(r'{"a": "\ud83d"}'), STOP])["content"][0]["input"] == {"a": "\ufffd"}


# --- the SDK


@pytest.mark.parametrize("events", [TALK, CALLS])
def test_sdk_reads_both_forms_alike(events):
    body = MessageVoice("msg_1").whole(collect(events))
    json_type = {"content-type": "application/json"}
    created = client(lambda _: httpx2.Response(200, headers=json_type, content=body)).messages.create(**ASKED)
    voice = MessageVoice("msg_1", PLAIN, 7)
    assert dict(voice.stream_headers)["Content-Type"] == "text/event-stream"
    stream = voice.encoder("m").encode(events)
    with streaming(stream).messages.stream(**ASKED) as read:
        final = read.get_final_message()
    assert final.to_dict() | {"relay": None} == created.to_dict() | {"relay": None}
    assert final.usage.input_tokens == 4


# --- properties


TEXTS = st.text(max_size=9)
PIECES = st.one_of(
    st.builds(lambda text: [TextDelta(text)], TEXTS),
    st.builds(lambda text: [ReasoningDelta(text)], st.text(min_size=1, max_size=9)),
    st.builds(lambda url: [ImagePart(url)], TEXTS),
    st.builds(lambda data: [ReasoningProof("anthropic.signature", data)], st.text(min_size=1, max_size=3)),
    st.builds(lambda data: [ReasoningProof("anthropic.redacted", data)], TEXTS),
    st.builds(lambda value: called(json.dumps(value)), st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=3)),
)
CONTENT = st.lists(PIECES, max_size=8).map(lambda pieces: [event for piece in pieces for event in piece])


def cut(event: Event, at: int) -> list[Event]:
    """Cut a delta in two at a place."""
    match event:
        case TextDelta(text=text):
            return [TextDelta(text[:at]), TextDelta(text[at:])]
        case ReasoningDelta(text=text):
            return [ReasoningDelta(text[:at]), ReasoningDelta(text[at:])]
        case ToolCallDelta(index=index, arguments=arguments):
            return [ToolCallDelta(index, arguments[:at]), ToolCallDelta(index, arguments[at:])]
        case _:
            return [event]


@given(CONTENT, st.integers(0, 9), st.integers(1, 5), st.sampled_from(list(Display)))
def test_cutting_events_differently_changes_nothing(events, at, size, display):
    form = ReplyForm(display=display)
    answer = [Started("m"), *events, USAGE, STOP]
    expected = whole(answer, form)
    pieces = [piece for event in answer for piece in cut(event, at)]
    stream = encoder(form)
    body = b"".join(stream.encode(pieces[start : start + size]) for start in range(0, len(pieces), size))
    assert anthropic_stream.read(body) == expected == whole(pieces, form)
