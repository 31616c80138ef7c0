"""A reader of Chat Completions streams that forgives nothing.

It demands what https://platform.openai.com/docs/api-reference/chat-streaming says and what the most exacting client
relies on: one identity, the role first, calls that begin with their name and count from 0, one finish reason, the usage
after it, ``[DONE]``.
"""

import json
from typing import Any

from openai.types.chat import ChatCompletionChunk

Json = dict[str, Any]


class StreamError(Exception):
    """The stream ended with an error."""

    def __init__(self, error: Json, so_far: list[Json]) -> None:
        super().__init__(error["message"])
        self.error = error
        self.deltas = so_far


def deltas(stream: bytes) -> tuple[list[Json], Json, Json | None]:
    """Return the deltas of a stream, the chunk that ends them, and the usage where it was asked for.

    Raises:
        StreamError: it ended with an error.
    """
    *frames, last, rest = [frame for frame in stream.decode().split("\n\n") if not frame.startswith(":")]
    assert rest == ""
    if last != "data: [DONE]":
        failed = _payload(last)
        assert list(failed) == ["error"]
        raise StreamError(failed["error"], [_choice(chunk)["delta"] for chunk in map(_payload, frames)])
    chunks = [_payload(frame) for frame in frames]
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert len({(chunk["id"], chunk["model"], chunk["created"]) for chunk in chunks}) == 1
    told = [_choice(chunk) for chunk in chunks if chunk["choices"]]
    assert all(chunk["choices"] for chunk in chunks[: len(told)]), "the usage comes last"
    assert [choice["finish_reason"] is None for choice in told] == [True] * (len(told) - 1) + [False]
    assert told[0]["delta"] == {"role": "assistant", "content": ""}
    assert told[-1]["delta"] == {}
    _check_calls([choice["delta"] for choice in told])
    return [choice["delta"] for choice in told], chunks[len(told) - 1], chunks[-1].get("usage")


def _payload(frame: str) -> Json:
    assert frame.startswith("data: "), frame
    assert "\n" not in frame, frame
    payload: Json = json.loads(frame.removeprefix("data: "))
    return payload


def _choice(chunk: Json) -> Json:
    (choice,) = chunk["choices"]
    assert choice["index"] == 0
    found: Json = choice
    return found


def _check_calls(told: list[Json]) -> None:
    begun = 0
    for call in (call for delta in told for call in delta.get("tool_calls", ())):
        if "id" in call:
            assert (call["index"], call["type"]) == (begun, "function")
            assert call["function"]["name"]
            begun += 1
        else:
            assert call["index"] == begun - 1
            assert list(call["function"]) == ["arguments"]
