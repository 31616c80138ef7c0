"""The strict reader of streams refuses what it is there to refuse."""

import json

import pytest
from support import anthropic_stream

Json = anthropic_stream.Json

USAGE: Json = {"input_tokens": 1, "output_tokens": 0}
START: Json = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": USAGE,
    },
}
END: Json = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": USAGE,
    "relay": {},
}
STOP: Json = {"type": "message_stop"}


def opened(index: int, kind: str = "text") -> Json:
    blocks = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"id": "t", "name": "f", "input": {}},
    }
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **blocks[kind]}}


def delta(index: int, kind: str = "text_delta", field: str = "text", value: str = "a") -> Json:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: value}}


def closed(index: int) -> Json:
    return {"type": "content_block_stop", "index": index}


SIGNED = delta(0, "signature_delta", "signature", "")
THOUGHT = delta(0, "thinking_delta", "thinking")
INPUT = delta(0, "input_json_delta", "partial_json", "[1]")


def stream(*events: Json) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def test_what_is_right_is_read():
    body = stream(START, opened(0), delta(0), closed(0), {"type": "ping"}, END, STOP)
    assert anthropic_stream.read(body)["content"] == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [START],
        [START, END],
        [END, STOP],
        [START, STOP],
        [START, START, END, STOP],
        [START, END, END, STOP],
        [START, END, STOP, STOP],
        [START, END, opened(0), closed(0), STOP],
        [opened(0), START, closed(0), END, STOP],
        [START, opened(1), closed(1), END, STOP],
        [START, opened(0), END, STOP],
        [START, opened(0), opened(1), closed(1), closed(0), END, STOP],
        [START, delta(0), END, STOP],
        [START, opened(0), delta(1), closed(0), END, STOP],
        [START, opened(0), closed(0), delta(0), END, STOP],
        [START, opened(0), THOUGHT, closed(0), END, STOP],
        [START, opened(0), SIGNED, closed(0), END, STOP],
        [START, opened(0), delta(0, value=""), closed(0), END, STOP],
        [START, opened(0, "thinking"), THOUGHT, closed(0), END, STOP],
        [START, opened(0, "thinking"), SIGNED, SIGNED, closed(0), END, STOP],
        [START, opened(0, "thinking"), SIGNED, THOUGHT, closed(0), END, STOP],
        [START, opened(0, "tool_use"), INPUT, closed(0), END, STOP],
        [START, {**END, "delta": {"stop_reason": "tool_use", "stop_sequence": None}}, STOP],
        [START, {**END, "delta": {"stop_reason": None, "stop_sequence": None}}, STOP],
        [START, {"type": "ping", "more": 1}, END, STOP],
    ],
)
def test_what_is_out_of_order_is_refused(events):
    with pytest.raises(AssertionError):
        anthropic_stream.read(stream(*events))


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"type":"ping"}\n\n',
        b'event: ping\ndata: {"type":"pong"}\n\n',
        b"event: ping\n\n",
        b'event: ping\r\ndata: {"type":"ping"}\r\n\r\n',
        b'event: ping\ndata: {"type":"ping"}\n',
        b": comment\n\n",
        b"data: [DONE]\n\n",
    ],
)
def test_bytes_that_some_reader_does_not_survive_are_refused(body):
    with pytest.raises(AssertionError):
        anthropic_stream.events(body)


def test_error_ends_it():
    body = stream(START, {"type": "error", "error": {"type": "api_error", "message": "broken"}})
    with pytest.raises(anthropic_stream.StreamError, match="broken") as caught:
        anthropic_stream.read(body)
    assert caught.value.error["type"] == "api_error"
