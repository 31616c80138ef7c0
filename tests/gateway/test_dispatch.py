"""One request from its admission to the line in the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from relay.backends.base import ANY, Wanted
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    Thinking,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.reasoning import ReasoningTerms, Wish
from relay.core.request import AssistantMessage, Proof, Request, Text, ToolCall, UserMessage
from relay.errors import BackendFailed, InvalidRequest, Overloaded, SessionNotAvailable, StreamTruncated
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Exchange, Gateway
from relay.gateway.pipeline import Rules
from relay.gateway.record import Record, Recorder
from relay.telemetry.metrics import Metrics

from .conftest import Logged
from .fakes import FakeBackend

REQUEST = Request(model="m", messages=(UserMessage(content=(Text(text="a canary prompt"),)),), stop=("STOP",))
USAGE = UsageReport(Usage(input_tokens=3, output_tokens=2))
STOP = Finished(FinishReason.STOP)


class Door:
    """A gateway on a fake backend, with a clock that moves one second a look."""

    def __init__(self, backend: FakeBackend, most: int = 1, rules: Rules | None = None) -> None:
        self.admission = Admission(per_key=most, total=most)
        self._now = 0.0
        self._gateway = Gateway(backend, self.admission, Recorder(Metrics(), self._tick), rules or Rules())

    @asynccontextmanager
    async def answer(self, request: Request = REQUEST, wanted: Wanted = ANY) -> AsyncIterator[Exchange]:
        record = Record(id="req_1", dialect="openai_chat", key="cline", model="m", stream=True, started=0.0)
        async with self._gateway.answer(request, record, wanted) as exchange:
            yield exchange

    async def whole(self, request: Request = REQUEST, wanted: Wanted = ANY) -> list[list[Event]]:
        async with self.answer(request, wanted) as exchange:
            return [events async for events in exchange.events()]

    def _tick(self) -> float:
        self._now += 1.0
        return self._now


@pytest.fixture
def door(backend: FakeBackend) -> Door:
    return Door(backend)


def ended(logged: Logged) -> dict[str, Any]:
    """What the log says of the one request."""
    [line] = logged()
    return {name: line[name] for name in ("result", "error", "finish", "first_event", "pieces")}


async def test_answer_from_end_to_end(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [[Started("m"), TextDelta("a")], [], [TextDelta("b"), USAGE, STOP]]
    assert await door.whole() == [[Started("m"), TextDelta("a")], [], [TextDelta("b"), USAGE, STOP]]
    assert backend.requests == [REQUEST]
    assert backend.open_replies == door.admission.in_flight == 0
    assert ended(logged) == {"result": "complete", "error": None, "finish": "stop", "first_event": 1.0, "pieces": 2}


async def test_what_is_known_before_the_first_event(backend: FakeBackend, door: Door):
    backend.dropped = ("seed",)
    async with door.answer() as exchange:
        assert (exchange.model, exchange.dropped) == ("m", ("seed",))
        assert backend.open_replies == door.admission.in_flight == 1


async def test_batch_that_settles_nothing_is_not_passed_on(backend: FakeBackend, door: Door):
    backend.script = [[TextDelta("S")], [TextDelta("TO")], [TextDelta("x"), USAGE, STOP]]
    assert await door.whole() == [[TextDelta("STOx"), USAGE, STOP]]


async def test_stop_string_ends_the_reading(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [[USAGE, TextDelta("a STOP")], AssertionError("read on")]
    assert await door.whole() == [[TextDelta("a "), USAGE, Finished(FinishReason.STOP, "STOP")]]
    assert backend.open_replies == 0
    assert ended(logged)["result"] == "complete"


async def test_answer_without_an_end(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [[TextDelta("a")]]
    with pytest.raises(StreamTruncated):
        await door.whole()
    assert ended(logged) == {
        "result": "error",
        "error": "upstream_truncated",
        "finish": None,
        "first_event": 1.0,
        "pieces": 1,
    }


async def test_backend_that_refuses(backend: FakeBackend, door: Door, logged: Logged):
    backend.refusal = SessionNotAvailable("nobody")
    with pytest.raises(SessionNotAvailable):
        await door.whole()
    assert door.admission.in_flight == 0
    assert ended(logged)["error"] == "session_not_available"


async def test_backend_that_fails_in_the_middle(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [[TextDelta("a")], BackendFailed("a canary answer")]
    with pytest.raises(BackendFailed):
        await door.whole()
    assert backend.open_replies == door.admission.in_flight == 0
    assert ended(logged)["error"] == "upstream_error"


async def test_request_that_is_not_admitted_is_written_down_too(backend: FakeBackend, door: Door, logged: Logged):
    async with door.answer():
        with pytest.raises(Overloaded):
            await door.whole()
        assert ended(logged)["error"] == "rate_limit_exceeded"
    assert len(backend.requests) == 1


async def test_cancelled_request_frees_its_place(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [asyncio.Event()]
    call = asyncio.ensure_future(door.whole())
    await backend.opened.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert backend.open_replies == door.admission.in_flight == 0
    assert ended(logged)["result"] == "cancelled"


async def test_log_holds_nothing_that_was_said(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [[TextDelta("a canary answer"), USAGE, STOP]]
    await door.whole()
    assert "canary" not in str(logged())


# ---------------------------------------------------------------- reasoning

REASONED: list[Event] = [Started("m"), ReasoningDelta("a canary thought", kind="summary"), ReasoningProof("k", "d")]
INLINE = Wanted(reasoning=Wish(inline=True))


async def test_client_that_wants_reasoning_inline(backend: FakeBackend, door: Door):
    backend.script = [REASONED, [ReasoningProof("k", "d")], [TextDelta("b"), USAGE, STOP]]
    end = Finished(FinishReason.STOP, thinking=Thinking("summary", "field"))
    assert await door.whole(wanted=INLINE) == [
        [Started("m"), TextDelta("<think>a canary thought", thought=True)],
        [TextDelta("</think>\n\n", thought=True), TextDelta("b"), USAGE, end],
    ]


async def test_log_says_that_there_was_reasoning_and_not_what(backend: FakeBackend, door: Door, logged: Logged):
    backend.script = [REASONED, [TextDelta("b"), USAGE, STOP]]
    await door.whole(wanted=INLINE)
    [line] = logged()
    assert (line["thinking"], line["thinking_type"], line["thinking_source"]) == (True, "summary", "field")
    assert "canary" not in str(line)


async def test_how_much_reasoning_is_decided_before_the_backend_is_asked(backend: FakeBackend):
    door = Door(backend, rules=Rules(reasoning=ReasoningTerms("fixed", 2048)))
    backend.script = [[STOP]] * 2
    await door.whole()
    await door.whole(wanted=Wanted(reasoning=Wish(mode="off")))
    assert [(each.reasoning_effort, each.reasoning_budget) for each in backend.requests] == [("low", 2048), ("none", 0)]


async def test_account_gets_back_what_it_gave_with_a_tool_call(backend: FakeBackend, door: Door):
    call: list[Event] = [ToolCallStarted(0, "c1", "look"), ToolCallEnded(0)]
    backend.account = "a"
    backend.script = [[*REASONED, *call, STOP]]
    await door.whole()
    asked = AssistantMessage(tool_calls=(ToolCall(id="c1", name="look", arguments="{}"),))
    backend.script = [[STOP]]
    await door.whole(Request(model="m", messages=(asked,)))
    kept = (Proof(kind="k", data="d"),)
    told = AssistantMessage(tool_calls=asked.tool_calls, reasoning="a canary thought", proofs=kept)
    assert backend.requests[-1].messages == (told,)


async def test_images_are_fetched_before_a_session_is_asked(backend: FakeBackend) -> None:
    class Painter:
        async def inlined(self, request: Request) -> Request:
            if not request.stop:
                raise InvalidRequest("No such image.")
            return msgspec.structs.replace(request, user="painted")

    backend.script = [[Started("m"), STOP]]
    admission = Admission(per_key=1, total=1)
    gateway = Gateway(backend, admission, Recorder(Metrics(), float), Rules(), Painter())
    record = Record(id="req_1", dialect="openai_chat", key="cline", model="m", stream=True, started=0.0)
    async with gateway.answer(REQUEST, record):
        assert [request.user for request in backend.requests] == ["painted"]
    with pytest.raises(InvalidRequest):
        async with gateway.answer(msgspec.structs.replace(REQUEST, stop=()), record):
            pass
    assert (len(backend.requests), admission.in_flight) == (1, 0)
