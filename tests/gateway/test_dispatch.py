"""One request from its admission to the line in the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.core.events import Event, Finished, FinishReason, Started, TextDelta, Usage, UsageReport
from relay.core.request import Request, Text, UserMessage
from relay.errors import BackendFailed, Overloaded, SessionNotAvailable, StreamTruncated
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

    def __init__(self, backend: FakeBackend, most: int = 1) -> None:
        self.admission = Admission(per_key=most, total=most)
        self._now = 0.0
        self._gateway = Gateway(backend, self.admission, Recorder(Metrics(), self._tick), Rules())

    @asynccontextmanager
    async def answer(self) -> AsyncIterator[Exchange]:
        record = Record(id="req_1", dialect="openai_chat", key="cline", model="m", stream=True, started=0.0)
        async with self._gateway.answer(REQUEST, record) as exchange:
            yield exchange

    async def whole(self) -> list[list[Event]]:
        async with self.answer() as exchange:
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
