"""POST /v1/chat/completions: whole and streamed, and every way in which they end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.errors import (
    BackendFailed,
    BackendThrottled,
    ContextLengthExceeded,
    LoginRequired,
    RelayError,
    SessionLost,
    SessionNotAvailable,
    ShuttingDown,
)

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, CHAT, HOST, KEY, Logged, Make, Site
from .test_access import error

STREAM = {**CHAT, "stream": True}
REFUSALS = [
    (SessionNotAvailable("nobody"), 401, {"x-should-retry": "false", "www-authenticate": "Bearer"}),
    (ContextLengthExceeded("long", param="messages"), 400, {"x-should-retry": "false"}),
    (LoginRequired("sign in"), 503, {"x-should-retry": "false"}),
    (SessionLost("gone"), 503, {"x-should-retry": "true"}),
    (ShuttingDown(2.5), 503, {"x-should-retry": "true", "retry-after": "3"}),
    (BackendThrottled("slow down", retry_after=1.2), 429, {"retry-after": "2"}),
    (BackendThrottled("slow down", retry_after=60), 429, {"retry-after": "60"}),
    (BackendThrottled("slow down", retry_after=3600), 429, {"retry-after": "3600", "x-should-retry": "false"}),
    (BackendFailed("broken"), 502, {}),
]


def chunks(body: bytes) -> list[Any]:
    """Return the events of a stream: JSON parsed, comments and the end as text."""
    blocks = body.decode().split("\n\n")
    assert blocks.pop() == ""
    events = [block.removeprefix("data: ") for block in blocks]
    return [json.loads(event) if event.startswith("{") else event for event in events]


def deltas(body: bytes) -> list[Any]:
    """Return the deltas of a stream, with anything else as it is."""
    return [
        item["choices"][0]["delta"] if isinstance(item, dict) and "choices" in item else item for item in chunks(body)
    ]


@asynccontextmanager
async def streaming(site: Site) -> AsyncIterator[Any]:
    """Open a stream and give its connection."""
    headers = {"Host": HOST, "Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    connection = site.client.request("/v1/chat/completions", method="POST", headers=headers)
    async with connection:
        await connection.send(json.dumps(STREAM).encode())
        await connection.send_complete()
        yield connection


async def test_whole_answer(site: Site, backend: FakeBackend):
    response = await site.chat()
    body = await response.get_json()
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert body.pop("id").startswith("chatcmpl-")
    assert isinstance(body.pop("created"), int)
    assert body == {
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "relay": {"thinking_type": None, "thinking_source": "none"},
    }
    assert backend.open_replies == site.admission.in_flight == 0


async def test_stream(site: Site, backend: FakeBackend):
    response = await site.chat({**STREAM, "stream_options": {"include_usage": True}})
    body = await response.get_data()
    assert response.status_code == 200
    assert response.content_type == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Accel-Buffering"] == "no"
    events = chunks(body)
    assert len({(event["id"], event["created"], event["model"]) for event in events[:-1]}) == 1
    assert [event["choices"] for event in events[:-1]] == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "Hello"}, "logprobs": None, "finish_reason": None}],
        [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}],
        [],
    ]
    assert events[-2]["usage"]["total_tokens"] == 5
    assert events[-1] == "[DONE]"
    assert backend.open_replies == site.admission.in_flight == 0


async def test_stream_without_usage_asked_for(site: Site):
    assert b"usage" not in await (await site.chat(STREAM)).get_data()


async def test_client_that_names_no_model_gets_the_default(site: Site, backend: FakeBackend):
    await site.chat({"messages": CHAT["messages"]})
    assert backend.requests[0].model == "m"


@pytest.mark.parametrize("stream", [False, True])
async def test_parameters_that_had_no_effect_are_named(site: Site, backend: FakeBackend, stream: bool):
    backend.dropped = ("seed", "top_k")
    response = await site.chat({**CHAT, "stream": stream, "logprobs": True})
    assert response.headers["x-relay-dropped"] == "logprobs, seed, top_k"


async def test_nothing_dropped_is_not_mentioned(site: Site):
    assert "x-relay-dropped" not in (await site.chat()).headers


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("refusal", "status", "headers"), REFUSALS)
async def test_error_before_the_first_event_is_an_http_status(
    *,
    site: Site,
    backend: FakeBackend,
    logged: Logged,
    stream: bool,
    late: bool,
    refusal: RelayError,
    status: int,
    headers: dict[str, str],
):
    backend.script = [refusal]
    backend.refusal = None if late else refusal
    response = await site.chat({**CHAT, "stream": stream})
    assert response.status_code == status
    assert {"x-should-retry": None, "retry-after": None, "www-authenticate": None, **headers} == {
        name: response.headers.get(name) for name in ("x-should-retry", "retry-after", "www-authenticate")
    }
    assert (await error(response))["message"] == refusal.message
    assert [(line["event"], line["error"]) for line in logged()] == [("request.finished", refusal.code)]
    assert backend.open_replies == site.admission.in_flight == 0


async def test_error_after_the_first_event_ends_the_stream(site: Site, backend: FakeBackend, logged: Logged):
    backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("The page was closed.")]
    response = await site.chat(STREAM)
    body = await response.get_data()
    assert response.status_code == 200
    assert deltas(body) == [
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {
            "error": {
                "message": "The page was closed.",
                "type": "server_error",
                "param": None,
                "code": "bridge_disconnected",
            }
        },
    ]
    assert [(line["event"], line["error"]) for line in logged()] == [("request.finished", "bridge_disconnected")]


async def test_error_after_the_first_event_of_a_whole_answer(site: Site, backend: FakeBackend):
    backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("The page was closed.")]
    response = await site.chat()
    assert response.status_code == 503
    assert b"Hel" not in await response.get_data()


async def test_answer_that_stops_without_an_end_is_an_error(site: Site, backend: FakeBackend):
    backend.script = [[Started("m"), TextDelta("Hel")]]
    events = chunks(await (await site.chat(STREAM)).get_data())
    assert events[-1]["error"]["code"] == "upstream_truncated"
    assert (await site.chat()).status_code == 502


@pytest.mark.parametrize("stream", [False, True])
async def test_bug_before_the_first_event(site: Site, backend: FakeBackend, logged: Logged, stream: bool):
    backend.script = [KeyError("a canary answer")]
    response = await site.chat({**CHAT, "stream": stream})
    told = await error(response)
    assert (response.status_code, told["type"], told["code"]) == (500, "server_error", "server_error")
    assert "canary" not in told["message"]
    assert response.headers["x-request-id"] in told["message"]
    crash = next(line for line in logged() if line["event"] == "request.crashed")
    assert crash["id"] == response.headers["x-request-id"]
    assert "in events" in crash["exception"]


async def test_bug_in_the_middle_is_an_error_event_and_logged(site: Site, backend: FakeBackend, logged: Logged):
    backend.script = [[Started("m"), TextDelta("Hel")], KeyError("a canary answer")]
    response = await site.chat(STREAM)
    events = chunks(await response.get_data())
    assert events[-1]["error"]["code"] == "server_error"
    assert "canary" not in events[-1]["error"]["message"]
    assert [line["event"] for line in logged()] == ["request.finished", "request.crashed"]
    assert logged()[1]["id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("failure", [BackendFailed("late"), KeyError("late")])
async def test_failure_after_the_end_changes_nothing_for_the_client(
    site: Site, backend: FakeBackend, failure: Exception
):
    backend.late_failure = failure
    assert chunks(await (await site.chat(STREAM)).get_data())[-1] == "[DONE]"


async def test_silence_is_filled_with_comments(site: Site, backend: FakeBackend):
    backend.script = [[], [], ANSWER[:2], [], ANSWER[2:]]
    body = await (await site.chat(STREAM)).get_data()
    assert [item if isinstance(item, str) else "chunk" for item in chunks(body)] == [
        ": keep-alive",
        ": keep-alive",
        "chunk",
        "chunk",
        ": keep-alive",
        "chunk",
        "[DONE]",
    ]


async def test_error_after_a_sign_of_patience_is_in_the_stream(site: Site, backend: FakeBackend):
    backend.script = [[], BackendFailed("broken")]
    response = await site.chat(STREAM)
    assert response.status_code == 200
    assert chunks(await response.get_data())[-1]["error"]["message"] == "broken"


async def test_batch_that_says_nothing_to_the_client_is_no_chunk(site: Site, backend: FakeBackend):
    usage = UsageReport(Usage(input_tokens=1, output_tokens=1))
    call = ToolCallStarted(0, "c1", "look")
    backend.script = [[Started("m")], [usage], [call], [ToolCallEnded(0)], [Finished(FinishReason.STOP)]]
    events = chunks(await (await site.chat(STREAM)).get_data())
    assert [event if isinstance(event, str) else event["choices"][0]["finish_reason"] for event in events] == [
        None,
        None,
        "tool_calls",
        "[DONE]",
    ]


async def test_patience_does_not_spoil_a_whole_answer(site: Site, backend: FakeBackend):
    backend.script = [[], ANSWER]
    assert (await site.chat()).status_code == 200


async def test_client_that_leaves_before_the_first_event(site: Site, backend: FakeBackend, logged: Logged):
    backend.script = [asyncio.Event()]
    async with streaming(site) as connection:
        await backend.opened.wait()
        assert site.admission.in_flight == 1
        await connection.disconnect()
    assert backend.open_replies == site.admission.in_flight == 0
    assert [(line["event"], line["result"]) for line in logged()] == [("request.finished", "cancelled")]


async def test_client_that_leaves_while_the_backend_is_silent(site: Site, backend: FakeBackend, logged: Logged):
    backend.script = [[Started("m")], asyncio.Event()]
    async with streaming(site) as connection:
        assert b"assistant" in await connection.receive()
        await connection.disconnect()
    assert backend.open_replies == site.admission.in_flight == 0
    assert [(line["event"], line["result"]) for line in logged()] == [("request.finished", "cancelled")]


async def test_client_that_leaves_while_a_chunk_is_on_its_way(site: Site, backend: FakeBackend, logged: Logged):
    """The server waits for a client that does not read; the call must end with that wait, not with the collector."""
    backend.script = [[Started("m"), TextDelta("a")], [TextDelta("b")], [Finished(FinishReason.STOP)]]
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        if message.get("body"):
            stuck.set()
            await asyncio.Event().wait()

    messages = asyncio.Queue[dict[str, Any]]()
    headers = {"host": HOST, "authorization": f"Bearer {KEY}", "content-type": "application/json"}
    scope: Any = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/chat/completions",
        "raw_path": b"",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {},
    }
    messages.put_nowait({"type": "http.request", "body": json.dumps(STREAM).encode(), "more_body": False})
    serving = asyncio.ensure_future(site.app(scope, messages.get, send))
    await stuck.wait()
    assert backend.open_replies == site.admission.in_flight == 1
    messages.put_nowait({"type": "http.disconnect"})
    await serving
    assert backend.open_replies == site.admission.in_flight == 0
    assert backend.closed_by is backend.opened_by
    assert [(line["event"], line["result"]) for line in logged()] == [("request.finished", "cancelled")]


@pytest.mark.parametrize("stream", [False, True])
async def test_key_with_too_many_requests(site: Site, backend: FakeBackend, stream: bool):
    backend.script = [asyncio.Event()]
    running = [asyncio.ensure_future(site.chat()) for _ in range(2)]
    while site.admission.in_flight < 2:
        await asyncio.sleep(0)
    response = await site.chat({**CHAT, "stream": stream})
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_draining_site_refuses_chats_and_nothing_else(site: Site):
    site.admission.drain()
    response = await site.chat(STREAM)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert (await site.ask("GET", "/v1/models")).status_code == 200


async def test_log_says_which_client_retries(site: Site, logged: Logged):
    await site.chat(headers={"User-Agent": "tool/1.0 " + "x" * 500, "x-stainless-retry-count": "1"})
    [line] = logged()
    assert (len(line["client"]), line["retry"]) == (120, "1")


async def test_two_streams_do_not_share_ids(make_site: Make, backend: FakeBackend):
    site = await make_site()
    backend.script = [ANSWER]
    first, second = [chunks(await (await site.chat(STREAM)).get_data())[0]["id"] for _ in range(2)]
    assert first != second


def events_of(texts: list[str]) -> list[list[Event]]:
    return [[TextDelta(text)] for text in texts]


async def test_stream_and_whole_answer_say_the_same(site: Site, backend: FakeBackend):
    backend.script = [[Started("m")], *events_of(["<thi", "nk>why</th", "ink>", "be", "cause"]), ANSWER[2:]]
    message = (await (await site.chat()).get_json())["choices"][0]["message"]
    parts = [delta for delta in deltas(await (await site.chat(STREAM)).get_data()) if isinstance(delta, dict)]
    for name, expected in (("reasoning_content", "why"), ("content", "because")):
        assert message[name] == "".join(part.get(name, "") for part in parts) == expected
