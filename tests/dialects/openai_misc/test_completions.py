"""What the routes' own tests do not reach: pictures in text, ends of streams."""

import json
from typing import Any

import pytest

from relay.core.answer import Answer
from relay.core.events import Event, Finished, FinishReason, ImagePart, ReasoningDelta, TextDelta
from relay.core.request import Image, Text
from relay.dialects.base import StreamClosed
from relay.dialects.openai_chat.errors import body as error_body
from relay.dialects.openai_misc.completions import CompletionEncoder, CompletionVoice
from relay.errors import StreamTruncated


def voice() -> CompletionVoice:
    return CompletionVoice("cmpl-1", 7, include_usage=False, error_body=error_body)


def texts(encoder: CompletionEncoder, *events: Event) -> list[Any]:
    chunks = encoder.encode(events).decode().split("\n\n")
    return [json.loads(chunk[6:])["choices"][0]["text"] for chunk in chunks if chunk.startswith("data: {")]


def test_pictures_are_markdown_and_reasoning_stays_out() -> None:
    said = texts(
        voice().encoder("m"), ReasoningDelta("Hm."), ImagePart("data:,a"), TextDelta("A cat."), ImagePart("data:,b")
    )

    assert said == ["![image](data:,a)\n\n", "A cat.", "\n\n![image](data:,b)\n\n"]


def test_pictures_of_a_whole_answer() -> None:
    content = (Text(text="A cat."), Image(url="data:,a"))
    whole = json.loads(voice().whole(Answer(model="m", content=content, finish_reason=FinishReason.TOOL_CALLS)))

    assert whole == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 7,
        "model": "m",
        "choices": [{"text": "A cat.\n\n![image](data:,a)\n\n", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    }


def test_failure_is_the_last_event() -> None:
    encoder = voice().encoder("m")

    assert b'"code":"upstream_truncated"' in encoder.error(StreamTruncated("Cut."))
    for go_on in (lambda: encoder.encode([TextDelta("a")]), lambda: encoder.error(StreamTruncated("Cut."))):
        with pytest.raises(StreamClosed):
            go_on()


def test_nothing_follows_the_end() -> None:
    with pytest.raises(StreamClosed):
        voice().encoder("m").encode([Finished(FinishReason.STOP), TextDelta("a")])
