"""The same conversation through the whole application in each dialect: what the backend is asked, what comes back."""

import json
from typing import Any

import msgspec
import pytest
from support.told import Told, of_events
from support.voices import DIALECTS

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import Request
from relay.dialects.base import Limits
from relay.errors import BackendThrottled, RelayError, SessionLost

from ..gateway.fakes import FakeBackend
from .conftest import Make, Site
from .seeds import CONVERSATIONS

PATHS = {
    "openai_chat": ("/v1/chat/completions", "/v1/chat/completions"),
    "openai_responses": ("/v1/responses", "/v1/responses"),
    "anthropic": ("/v1/messages", "/v1/messages"),
    "gemini": ("/v1beta/models/m:generateContent", "/v1beta/models/m:streamGenerateContent?alt=sse"),
}
ANSWER: list[Event] = [
    Started("m"),
    TextDelta("<think>A tool "),
    TextDelta("knows.</think>I look"),
    TextDelta("."),
    ToolCallStarted(0, "call_a", "weather"),
    ToolCallDelta(0, '{"city":"Oslo"}'),
    ToolCallEnded(0),
    UsageReport(Usage(input_tokens=20, output_tokens=9, reasoning_tokens=4)),
    Finished(FinishReason.TOOL_CALLS),
]
ASKS = json.loads((CONVERSATIONS / "tools.json").read_bytes())


@pytest.fixture
async def open_site(make_site: Make, backend: FakeBackend) -> Site:
    backend.script = [[event] for event in ANSWER]
    site: Site = await make_site(body_bytes=2**20, limits=Limits())
    return site


def body(dialect: str, *, stream: bool) -> dict[str, Any]:
    """Return the request, in which the client of Gemini asks to see thoughts as others do by default."""
    asked: dict[str, Any] = json.loads(json.dumps(ASKS[dialect]))
    if dialect == "gemini":
        asked["generationConfig"]["thinkingConfig"] = {"includeThoughts": True}
        return asked
    usage = {"stream_options": {"include_usage": True}} if stream and dialect == "openai_chat" else {}
    return {**asked, "stream": stream, **usage}


async def answered(site: Site, dialect: str, *, stream: bool) -> tuple[int, bytes]:
    response = await site.ask("POST", PATHS[dialect][stream], json=body(dialect, stream=stream))
    told = await response.get_data()
    assert isinstance(told, bytes)
    return response.status_code, told


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_same_task_same_answer(open_site: Site, backend: FakeBackend, stream: bool):
    answers: dict[str, Told] = {}
    for dialect, ways in DIALECTS.items():
        status, told = await answered(open_site, dialect, stream=stream)
        assert status == 200, told
        answers[dialect] = (ways.stream if stream else ways.whole)(told)
    thought = Told(
        blocks=(
            ("thought", "A tool knows."),
            ("text", "I look."),
            ("call", "call_a", "weather", {"city": "Oslo"}),
        ),
        end="tool_calls",
        usage=of_events(ANSWER).usage,
        thinking=("raw", "tags"),
    )
    assert answers == dict.fromkeys(DIALECTS, thought)
    hub = msgspec.convert(ASKS["hub"], Request)
    assert [request.messages for request in backend.requests] == [hub.messages] * 4
    assert [[tool.parameters for tool in request.tools] for request in backend.requests] == [
        [tool.parameters for tool in hub.tools]
    ] * 4


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("failure", [SessionLost("The page went away."), BackendThrottled("Not now.", retry_after=7)])
async def test_same_failure_before_and_within(open_site: Site, backend: FakeBackend, dialect: str, failure: RelayError):
    backend.script = [failure]
    for stream in (False, True):
        status, told = await answered(open_site, dialect, stream=stream)
        assert status == failure.status
        assert failure.message in told.decode()
    backend.script = [ANSWER[:3], failure]
    status, told = await answered(open_site, dialect, stream=True)
    assert status == 200
    cut = DIALECTS[dialect].stream(told)
    assert (cut.only("thought"), cut.end) == ((("thought", "A tool knows."),), "error")
    assert failure.message in (cut.error or "")
    status, told = await answered(open_site, dialect, stream=False)
    assert (status, b"A tool" in told) == (failure.status, False)
