"""What the acceptance tests of Open Responses ask of a server, all at once and by our own stricter reader.

https://www.openresponses.org/compliance
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from support import responses as strict
from websockets.asyncio.client import ClientConnection

from relay.core.events import Event, Finished, FinishReason, Started, ToolCallDelta, ToolCallEnded, ToolCallStarted
from relay.gateway.admission import Admission

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, KEY
from .served import SOON, Served, serving

TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
CALL: list[Event] = [
    Started("m"),
    ToolCallStarted(0, "call_1", "get_weather"),
    ToolCallDelta(0, '{"location":"San Francisco"}'),
    ToolCallEnded(0),
    Finished(FinishReason.TOOL_CALLS),
]
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content, **more}


HELLO = message("user", "Say hello in exactly 3 words.")
BODIES: dict[str, list[dict[str, Any]]] = {
    "basic-response": [HELLO],
    "assistant-phase": [
        HELLO,
        message("assistant", "Let me think.", phase="commentary"),
        message("assistant", "Hello to you.", phase="final_answer"),
        message("user", "Again."),
    ],
    "system-prompt": [message("system", "You are a pirate."), HELLO],
    "multi-turn": [message("user", "I am Alice."), message("assistant", "Hello Alice!"), message("user", "Who am I?")],
    "image-input": [
        message("user", [{"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": PIXEL}])
    ],
    "file-input": [
        message(
            "user",
            [{"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,aGk="}],
        )
    ],
}


@pytest.fixture
async def served(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    backend.script = [ANSWER]
    async with serving(backend, monkeypatch, admission=Admission(64, 64)) as served:
        yield served


async def post(served: Served, body: dict[str, Any], path: str = "/v1/responses") -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {KEY}", "OpenResponses-Version": "latest"}
        return await client.post(f"http://{served.host}{path}", json=body, headers=headers)


async def turn(socket: ClientConnection, **body: Any) -> dict[str, Any]:
    """Take a turn on a socket and return its last event, or the response if it succeeded."""
    await socket.send(json.dumps({"type": "response.create", "model": "m", "input": [HELLO], **body}))
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in ("error", "response.completed"):
        events.append(json.loads(await asyncio.wait_for(socket.recv(), SOON)))
    return events[-1] if events[-1]["type"] == "error" else strict.final(events)


async def whole(served: Served, items: list[dict[str, Any]]) -> None:
    made = strict.whole((await post(served, {"model": "m", "input": items})).content)
    assert (made["status"], bool(made["output"])) == ("completed", True)


async def streaming(served: Served) -> None:
    response = await post(served, {"model": "m", "input": [HELLO], "stream": True})
    assert strict.stream(response.content)["status"] == "completed"


async def sequential(served: Served) -> None:
    async with served.socket() as socket:
        for _ in range(2):
            assert (await turn(socket))["status"] == "completed"


async def continuation(served: Served) -> None:
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        second = await turn(socket, store=False, previous_response_id=first["id"], input=[message("user", "And?")])
        assert (second["status"], second["previous_response_id"]) == ("completed", first["id"])


async def reconnect(served: Served) -> None:
    async with served.socket() as socket:
        first = await turn(socket, store=False)
    async with served.socket() as socket:
        lost = await turn(socket, store=False, previous_response_id=first["id"])
        assert lost["error"]["code"] == "previous_response_not_found"
        assert (await turn(socket, store=False))["status"] == "completed"


async def unknown(served: Served) -> None:
    async with served.socket() as socket:
        lost = await turn(socket, store=False, previous_response_id="resp_unknown")
        assert (lost["status"], lost["error"]["code"]) == (400, "previous_response_not_found")


async def eviction(served: Served) -> None:
    async with served.socket() as socket:
        first = await turn(socket, store=False)
        result = {"type": "function_call_output", "call_id": "call_missing", "output": "1"}
        failed = await turn(socket, store=False, previous_response_id=first["id"], input=[result])
        assert failed["error"]["code"] != "previous_response_not_found"
        again = await turn(socket, store=False, previous_response_id=first["id"])
        assert again["error"]["code"] == "previous_response_not_found"


async def compact(served: Served) -> None:
    response = await post(served, {"model": "m", "input": [HELLO]}, "/v1/responses/compact")
    strict.check_schema("CompactResource", response.json())
    assert [item["type"] for item in response.json()["output"]] == ["compaction"]


async def compact_without_model(served: Served) -> None:
    assert (await post(served, {"input": [HELLO]}, "/v1/responses/compact")).status_code in (400, 422)


async def new_chain(served: Served) -> None:
    compacted = (await post(served, {"model": "m", "input": [HELLO]}, "/v1/responses/compact")).json()["output"]
    async with served.socket() as socket:
        made = await turn(socket, store=False, input=[*compacted, message("user", "Go on.")])
        assert (made["status"], made["previous_response_id"]) == ("completed", None)


Check = Callable[[Served], Awaitable[None]]
CHECKS: dict[str, Check] = {
    "streaming-response": streaming,
    "websocket-sequential-responses": sequential,
    "websocket-continuation": continuation,
    "websocket-reconnect-store-false-recovery": reconnect,
    "websocket-previous-response-not-found": unknown,
    "websocket-failed-continuation-evicts-cache": eviction,
    "compact-response": compact,
    "compact-missing-model": compact_without_model,
    "websocket-compact-new-chain": new_chain,
}


@pytest.mark.parametrize("name", BODIES)
async def test_input_is_answered(served: Served, name: str):
    await whole(served, BODIES[name])


@pytest.mark.parametrize("name", CHECKS)
async def test_check(served: Served, name: str):
    await CHECKS[name](served)


async def test_all_at_once(served: Served):
    async with asyncio.TaskGroup() as group:
        for items in BODIES.values():
            group.create_task(whole(served, items))
        for check in CHECKS.values():
            group.create_task(check(served))  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calling(served: Served, stream: bool):
    served.site.backend.script = [CALL]
    response = await post(served, {"model": "m", "input": [HELLO], "tools": [TOOL], "stream": stream})
    made = strict.stream(response.content) if stream else strict.whole(response.content)
    [call] = made["output"]
    assert (call["type"], call["name"], call["call_id"]) == ("function_call", "get_weather", "call_1")


async def test_round_trip_of_a_tool(served: Served):
    served.site.backend.script = [CALL]
    first = strict.whole((await post(served, {"model": "m", "input": [HELLO], "tools": [TOOL]})).content)
    served.site.backend.script = [ANSWER]
    result = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"}
    by_id = {"model": "m", "previous_response_id": first["id"], "input": [result], "tools": [TOOL]}
    by_items = {"model": "m", "input": [HELLO, *first["output"], result], "tools": [TOOL]}
    for body in (by_id, by_items):
        assert strict.whole((await post(served, body)).content)["status"] == "completed"
