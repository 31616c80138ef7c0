"""A reader of Anthropic's streams that forgives nothing.

It demands what https://platform.claude.com/docs/en/build-with-claude/streaming says and what the most exacting client
relies on: every event named like its type, the order of events, one block open at a time, indexes without gaps, deltas
that fit their block, one signature at the end of a thinking block, input that is a JSON object.
"""

import json
import re
from typing import Any

from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

Json = dict[str, Any]

_EVENT = re.compile(r"event: ([a-z_]+)\ndata: ([^\n]+)")
_TYPED: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
_FIELDS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}
_EMPTY = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}


class Cut(str):
    """The input of a call that came to no end."""

    __slots__ = ()


class StreamError(Exception):
    """The stream ended with an error event."""

    def __init__(self, error: Json) -> None:
        super().__init__(error["message"])
        self.error = error


def events(stream: bytes) -> list[Json]:
    """Return the events of a stream, pings too."""
    text = stream.decode()
    assert "\r" not in text
    *blocks, rest = text.split("\n\n")
    assert rest == ""
    found = []
    for block in blocks:
        match = _EVENT.fullmatch(block)
        assert match, block
        event = json.loads(match[2])
        assert event["type"] == match[1]
        if event["type"] not in ("ping", "error"):
            _TYPED.validate_json(match[2], strict=True)
        found.append(event)
    return found


def read(stream: bytes) -> Json:
    """Return the message that `stream` tells, as a request without a stream would have got it.

    Raises:
        StreamError: it ended with an error.
    """
    reader = Reader()
    for event in events(stream):
        reader.take(event)
    return reader.message()


class Reader:
    """Fold events into a message, and refuse those that come out of order."""

    def __init__(self) -> None:
        self._message: Json = {}
        self._open: Json | None = None
        self._json = ""
        self._signed = False
        self._ended = ""

    def take(self, event: Json) -> None:
        assert self._ended != "message_stop", f"{event} after the end"
        match event["type"]:
            case "ping":
                assert event == {"type": "ping"}
            case "error":
                raise StreamError(event["error"])
            case "message_start":
                self._start(event["message"])
            case "message_delta":
                self._end(event)
            case "message_stop":
                assert self._ended == "message_delta"
                self._ended = "message_stop"
            case _:
                assert self._message, event
                assert not self._ended, event
                self._block(event)

    def message(self) -> Json:
        assert self._ended == "message_stop", "no end"
        return self._message

    def _start(self, message: Json) -> None:
        assert not self._message
        assert (message["content"], message["stop_reason"], message["stop_sequence"]) == ([], None, None)
        assert message["usage"]["input_tokens"] >= 0
        self._message = message

    def _end(self, event: Json) -> None:
        assert self._message
        assert self._open is None
        assert not self._ended
        self._ended = "message_delta"
        self._message.update(event["delta"])
        self._message["usage"] = event["usage"]
        assert self._message["stop_reason"] is not None
        called = any(block["type"] == "tool_use" for block in self._message["content"])
        assert called or self._message["stop_reason"] != "tool_use"
        cut = [block for block in self._message["content"] if isinstance(block.get("input"), Cut)]
        assert not cut or (cut == self._message["content"][-1:] and self._message["stop_reason"] == "max_tokens")
        self._message["relay"] = event["relay"]

    def _block(self, event: Json) -> None:
        content = self._message["content"]
        match event["type"]:
            case "content_block_start":
                assert self._open is None, event
                assert event["index"] == len(content), event
                self._open, self._json, self._signed = event["content_block"], "", False
                kind = self._open["type"]
                assert _EMPTY.get(kind, {}).items() <= self._open.items()
                content.append(self._open)
            case "content_block_delta":
                assert self._open is not None, event
                assert event["index"] == len(content) - 1, event
                self._delta(self._open, event["delta"])
            case "content_block_stop":
                assert self._open is not None, event
                assert event["index"] == len(content) - 1, event
                self._close(self._open)
                self._open = None

    def _delta(self, block: Json, delta: Json) -> None:
        assert not self._signed, "a delta after the signature"
        if delta["type"] == "signature_delta":
            assert block["type"] == "thinking"
            block["signature"], self._signed = delta["signature"], True
            return
        kind, field = _FIELDS[block["type"]]
        assert delta["type"] == kind
        assert delta[field] != ""
        if kind == "input_json_delta":
            self._json += delta[field]
        else:
            block[field] += delta[field]

    def _close(self, block: Json) -> None:
        assert self._signed == (block["type"] == "thinking")
        if block["type"] == "tool_use":
            block["input"] = _parsed(self._json or "{}")
            assert isinstance(block["input"], dict | Cut)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return Cut(text)
