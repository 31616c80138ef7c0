"""Every request of a real client that was recorded gets a valid answer, whole and streamed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic.types
import openai.types.chat
import pytest
from support import anthropic_stream, chat_stream, gemini, responses

from relay.core.events import Event, Finished, FinishReason, ReasoningDelta, Started, TextDelta, Usage, UsageReport
from relay.dialects.base import Limits

from ..gateway.fakes import FakeBackend
from .conftest import Make

DATA = Path(__file__).parents[1] / "data"
RECORDED = sorted(DATA.glob("*/requests/*.json"))
TEXT = '{"city": "Bern", "title": "Bern"}'
ANSWER: list[Event] = [
    Started("m"),
    ReasoningDelta("It is in the question."),
    TextDelta(TEXT[:9]),
    TextDelta(TEXT[9:]),
    UsageReport(Usage(input_tokens=30, output_tokens=9, reasoning_tokens=4)),
    Finished(FinishReason.STOP),
]


def chat_whole(body: bytes) -> str | None:
    return openai.types.chat.ChatCompletion.model_validate_json(body, strict=True).choices[0].message.content


def chat_streamed(body: bytes) -> str:
    deltas, _, _ = chat_stream.deltas(body)
    return "".join(delta.get("content") or "" for delta in deltas)


def text_of_items(response: dict[str, Any]) -> str:
    (message,) = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for part in message["content"])


def text_of_blocks(message: dict[str, Any]) -> str:
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def messages_whole(body: bytes) -> str:
    anthropic.types.Message.model_validate_json(body, strict=True)
    return text_of_blocks(json.loads(body))


def text_of_parts(told: list[dict[str, Any]]) -> str:
    return "".join(part["text"] for part in gemini.parts(told) if not part.get("thought"))


Read = Callable[[bytes], str | None]
READERS: dict[str, tuple[Read, Read]] = {
    "openai_chat": (chat_whole, chat_streamed),
    "openai_responses": (
        lambda body: text_of_items(responses.whole(body)),
        lambda body: text_of_items(responses.stream(body)),
    ),
    "anthropic": (messages_whole, lambda body: text_of_blocks(anthropic_stream.read(body))),
    "gemini": (
        lambda body: text_of_parts([gemini.response(json.loads(body))]),
        lambda body: text_of_parts(gemini.events(body)),
    ),
}
PATHS = {
    "openai_chat": ("/v1/chat/completions",) * 2,
    "openai_responses": ("/v1/responses",) * 2,
    "anthropic": ("/v1/messages?beta=true",) * 2,
    "gemini": ("/v1beta/models/m:generateContent", "/v1beta/models/m:streamGenerateContent?alt=sse"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
async def test_recorded_request_is_answered(make_site: Make, backend: FakeBackend, path: Path, stream: bool):
    dialect = path.parent.parent.name
    backend.script = [ANSWER]
    site = await make_site(limits=Limits(), body_bytes=2**20)
    asked = json.loads(path.read_bytes())
    if dialect != "gemini":
        asked |= {"model": "m", "stream": stream}
    response = await site.ask("POST", PATHS[dialect][stream], json=asked)
    body = await response.get_data()

    assert response.status_code == 200, body
    assert READERS[dialect][stream](body) == TEXT


def test_every_dialect_was_recorded():
    assert {path.parent.parent.name for path in RECORDED} == READERS.keys()
