"""POST /v1/messages: whole and streamed, by the official SDK and in bytes, and every way in which they end."""

from typing import Any

import anthropic
import httpx2
import pytest
from quart import Response
from support import anthropic_stream

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import AssistantMessage, Text, ToolCall, ToolMessage, UserMessage
from relay.errors import BackendFailed, BackendThrottled, RelayError, SessionLost, SessionNotAvailable

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, HOST, KEY, Logged, Make, Site

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**ASKED, "stream": True}
F: Any = {"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
CALL: list[Event] = [
    Started("m"),
    ReasoningDelta("why"),
    ToolCallStarted(0, "toolu_1", "f"),
    ToolCallDelta(0, '{"a":'),
    ToolCallDelta(0, "1}"),
    ToolCallEnded(0),
    UsageReport(Usage(input_tokens=9, output_tokens=4)),
    Finished(FinishReason.TOOL_CALLS),
]


async def ask(site: Site, body: dict[str, Any] = ASKED, path: str = "/v1/messages", **more: Any) -> Response:
    return await site.ask("POST", path, json=body, **more)


async def bytes_of(response: Response) -> bytes:
    body = await response.get_data()
    assert isinstance(body, bytes)
    return body


def sdk(site: Site, **more: Any) -> anthropic.AsyncAnthropic:
    transport = httpx2.ASGITransport(app=site.app)
    more = {"api_key": KEY, "max_retries": 0, **more}
    return anthropic.AsyncAnthropic(
        base_url=f"http://{HOST}", http_client=httpx2.AsyncClient(transport=transport), **more
    )


async def test_whole_answer(site: Site, backend: FakeBackend):
    response = await ask(site, path="/v1/messages?beta=true")
    body = await response.get_json()
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.headers["request-id"] == response.headers["x-request-id"]
    assert body.pop("id").startswith("msg_")
    assert body == {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 2,
        },
        "relay": {"thinking_type": None, "thinking_source": "none"},
    }
    assert backend.open_replies == site.admission.in_flight == 0


async def test_stream(site: Site, logged: Logged):
    response = await ask(site, STREAM)
    body = await bytes_of(response)
    assert response.content_type == "text/event-stream"
    assert anthropic_stream.events(body)[0]["message"]["usage"]["input_tokens"] == 5  # an estimate
    told = anthropic_stream.read(body)
    whole = await (await ask(site)).get_json()
    assert {**told, "id": ""} == {**whole, "id": ""}
    assert [(line["dialect"], line["stream"]) for line in logged()] == [("anthropic", True), ("anthropic", False)]


async def test_tool_loop_by_the_sdk(site: Site, backend: FakeBackend):
    client = sdk(site)
    history: list[Any] = [{"role": "user", "content": "Do f."}]
    backend.script = [CALL[:4], [], CALL[4:]]
    async with client.messages.stream(model="m", max_tokens=100, messages=history, tools=[F]) as stream:
        first = await stream.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.stop_reason == "tool_use"
    history.append({"role": "assistant", "content": first.content})
    history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}]})
    backend.script = [ANSWER]
    last = await client.messages.create(model="m", max_tokens=100, messages=history, tools=[F])
    assert [block.to_dict() for block in last.content] == [{"type": "text", "text": "Hello"}]
    assert backend.requests[1].messages == (
        UserMessage(content=(Text(text="Do f."),)),
        AssistantMessage(reasoning="why", tool_calls=(ToolCall(id="toolu_1", name="f", arguments='{"a":1}'),)),
        ToolMessage(call_id="toolu_1", content=(Text(text="42"),)),
    )


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21", None])
@pytest.mark.parametrize("credential", [{"Authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
async def test_versions_and_credentials(site: Site, version: str | None, credential: dict[str, str]):
    headers = {"anthropic-version": version, "anthropic-beta": "a-2025-01-01,b-2026-01-01", **credential}
    response = await ask(site, key=None, headers=headers)
    assert response.status_code == 200


async def test_version_decides_about_sampling(site: Site):
    body = {**ASKED, "temperature": 0.5}
    assert (await ask(site, body, headers={"anthropic-version": "2023-06-01"})).status_code == 200
    refused = await ask(site, body, headers={"anthropic-version": "2026-10-21"})
    assert (refused.status_code, (await refused.get_json())["error"]["param"]) == (400, "temperature")


async def test_client_that_names_no_model_gets_the_default(site: Site, backend: FakeBackend):
    await ask(site, {name: value for name, value in ASKED.items() if name != "model"})
    assert backend.requests[0].model == "m"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_had_no_effect_is_named(site: Site, backend: FakeBackend, stream: bool):
    backend.dropped = ("top_k",)
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    response = await ask(site, {**ASKED, "stream": stream, "top_k": 4, "tools": tools})
    assert response.headers["x-relay-dropped"] == "tools.web_search_20250305, top_k"


async def test_thinking_that_shall_not_be_shown(site: Site, backend: FakeBackend):
    backend.script = [[Started("m"), ReasoningDelta("why"), TextDelta("a"), *ANSWER[2:]]]
    omitted = await (await ask(site, {**ASKED, "thinking": {"type": "adaptive", "display": "omitted"}})).get_json()
    assert omitted["content"][0] == {"type": "thinking", "thinking": "", "signature": ""}
    disabled = await (await ask(site, {**ASKED, "thinking": {"type": "disabled"}})).get_json()
    assert disabled["content"] == [{"type": "text", "text": "a"}]


# --- failures


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("failure", "raised", "kind"),
    [
        (SessionNotAvailable("nobody"), anthropic.AuthenticationError, "authentication_error"),
        (BackendThrottled("slow down", retry_after=2), anthropic.RateLimitError, "rate_limit_error"),
        (SessionLost("gone"), anthropic.InternalServerError, "overloaded_error"),
        (BackendFailed("broken"), anthropic.InternalServerError, "api_error"),
    ],
)
async def test_failure_before_the_answer_is_raised_by_class(
    *, site: Site, backend: FakeBackend, stream: bool, failure: RelayError, raised: type[Exception], kind: str
):
    backend.script = [failure]
    with pytest.raises(raised) as caught:
        await sdk(site).messages.create(**ASKED, stream=stream)
    assert isinstance(caught.value, anthropic.APIStatusError)
    assert caught.value.request_id == caught.value.response.headers["x-request-id"]
    body: Any = caught.value.body
    assert (body["type"], body["request_id"]) == ("error", caught.value.request_id)
    assert (body["error"]["type"], body["error"]["message"]) == (kind, failure.message)


async def test_failure_in_the_middle_is_the_last_event(site: Site, backend: FakeBackend):
    backend.script = [[Started("m"), TextDelta("Hel")], SessionLost("The page was closed.")]
    response = await ask(site, STREAM)
    body = await bytes_of(response)
    assert response.status_code == 200
    with pytest.raises(anthropic_stream.StreamError, match=r"The page was closed\."):
        anthropic_stream.read(body)
    last = anthropic_stream.events(body)[-1]
    assert last["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("stream", [False, True])
async def test_call_that_is_no_call_is_a_failure(site: Site, backend: FakeBackend, stream: bool):
    broken: list[Event] = [ToolCallStarted(0, "t", "f"), ToolCallDelta(0, "[1]"), ToolCallEnded(0)]
    backend.script = [[Started("m")], broken, [Finished(FinishReason.TOOL_CALLS)]]
    with pytest.raises(anthropic.APIStatusError, match="no JSON object"):
        async with sdk(site).messages.stream(**ASKED) as read:
            await read.get_final_message()
    response = await ask(site, {**ASKED, "stream": stream})
    assert response.status_code == (200 if stream else 502)
    assert b'"api_error"' in await bytes_of(response)


async def test_silence_is_filled_with_pings(site: Site, backend: FakeBackend):
    backend.script = [[], ANSWER[:2], [], ANSWER[2:]]
    body = await bytes_of(await ask(site, STREAM))
    assert [event["type"] for event in anthropic_stream.events(body)] == [
        "ping",
        "message_start",
        "content_block_start",
        "content_block_delta",
        "ping",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert anthropic_stream.read(body)["content"] == [{"type": "text", "text": "Hello"}]


@pytest.mark.parametrize(
    ("request_of", "status", "kind"),
    [
        ({"json": {**ASKED, "max_tokens": None}}, 400, "invalid_request_error"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "invalid_request_error"),
        ({"data": b"a=1", "headers": {"Content-Type": "text/plain"}}, 415, "invalid_request_error"),
        ({"json": {**ASKED, "system": "x" * 5000}}, 413, "request_too_large"),
        ({"json": ASKED, "key": None}, 401, "authentication_error"),
        ({"json": ASKED, "headers": {"Host": "evil.example"}}, 403, "permission_error"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?beta=true"])
async def test_refusals_are_told_in_anthropics_form(
    site: Site, path: str, request_of: dict[str, Any], status: int, kind: str
):
    response = await site.ask("POST", path, **request_of)
    body = await response.get_json()
    assert (response.status_code, body["type"], body["error"]["type"]) == (status, "error", kind)
    assert body["request_id"] == response.headers["request-id"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/messages"), ("POST", "/v1/messages/batches")])
async def test_what_is_not_there_is_told_in_anthropics_form(site: Site, method: str, path: str):
    body = await (await site.ask(method, path)).get_json()
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")


async def test_endpoint_that_is_switched_off(make_site: Make):
    site: Site = await make_site(closed=("messages",))
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        response = await ask(site, path=path)
        told = (await response.get_json())["error"]
        assert (response.status_code, told["type"]) == (404, "not_found_error")
        assert "endpoints.messages.enabled" in told["message"]


# --- counting


async def test_tokens_are_counted_without_asking_anybody(site: Site, backend: FakeBackend):
    count = await sdk(site).messages.count_tokens(
        model="m", system="Be terse.", messages=[{"role": "user", "content": "Hello there"}], tools=[F]
    )
    assert count.input_tokens > 10
    assert backend.requests == []


async def test_count_of_what_is_no_request(site: Site):
    response = await ask(site, {"model": "m"}, "/v1/messages/count_tokens")
    told = (await response.get_json())["error"]
    assert (response.status_code, told["type"], told["param"]) == (400, "invalid_request_error", "messages")
