"""Reasoning from the request to the answer, in every dialect."""

import json
from typing import Any

import pytest

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.request import AssistantMessage, Proof

from ..gateway.fakes import FakeBackend, FakeKeys
from .conftest import Site

REASONED: list[Event] = [Started("m"), ReasoningDelta("why"), TextDelta("because"), Finished(FinishReason.STOP)]
SAID = {"role": "user", "content": "Hi"}
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "m", "messages": [SAID]},
    "/v1/messages": {"model": "m", "max_tokens": 100, "messages": [SAID]},
    "/v1/responses": {"model": "m", "input": "Hi", "store": False},
    "/v1beta/models/m:generateContent": {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    },
}
every_dialect = pytest.mark.parametrize("path", ASKED)


@every_dialect
async def test_reasoning_may_come_inline(site: Site, backend: FakeBackend, path: str):
    backend.script = [REASONED]
    response = await site.ask("POST", path, json=ASKED[path], headers={"x-relay-reasoning": "inline"})
    body = await response.get_data(as_text=True)
    assert "<think>why</think>\\n\\nbecause" in body
    assert json.loads(body)["relay"] == {"thinking_type": "raw", "thinking_source": "field"}


@every_dialect
async def test_reasoning_stays_apart_otherwise(site: Site, backend: FakeBackend, path: str):
    backend.script = [REASONED]
    body = await (await site.ask("POST", path, json=ASKED[path])).get_data(as_text=True)
    assert ("why" in body, "<think>" in body) == (True, False)


@every_dialect
async def test_one_request_may_want_less(site: Site, backend: FakeBackend, path: str):
    backend.script = [REASONED]
    await site.ask("POST", path, json=ASKED[path], headers={"x-relay-reasoning": "fixed=2000"})
    assert [(each.reasoning_effort, each.reasoning_budget) for each in backend.requests] == [("low", 2000)]


@every_dialect
async def test_header_that_says_something_else_is_refused(site: Site, backend: FakeBackend, path: str):
    response = await site.ask("POST", path, json=ASKED[path], headers={"x-relay-reasoning": "a lot"})
    assert response.status_code == 400
    assert "x-relay-reasoning must be one of passthrough" in await response.get_data(as_text=True)
    assert backend.requests == []


LOOKED: list[Event] = [
    Started("m"),
    ReasoningDelta("why"),
    ReasoningProof("site.signature", "c2ln"),
    ToolCallStarted(0, "call_1", "look"),
    ToolCallDelta(0, '{"at":1}'),
    ToolCallEnded(0),
    Finished(FinishReason.TOOL_CALLS),
]
CALLED = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
GEMINI_CALL = {"functionCall": {"id": "call_1", "name": "look", "args": {"at": 1}}}
GEMINI_RESULT = {"functionResponse": {"id": "call_1", "name": "look", "response": {"output": "a cat"}}}
NEXT: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "model": "m",
        "messages": [
            SAID,
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
        ],
    },
    "/v1/messages": {
        "model": "m",
        "max_tokens": 100,
        "messages": [
            SAID,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": 1}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "a cat"}]},
        ],
    },
    "/v1/responses": {
        "model": "m",
        "store": False,
        "input": [
            SAID,
            {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at": 1}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "a cat"},
        ],
    },
    "/v1beta/models/m:generateContent": {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [GEMINI_CALL]},
            {"role": "user", "parts": [GEMINI_RESULT]},
        ]
    },
}


async def recalled(site: Site, backend: FakeBackend, path: str, **more: Any) -> tuple[str | None, tuple[Proof, ...]]:
    """What the account gets back of an answer when a client goes on, which sends nothing of it."""
    backend.account = "a"
    backend.script = [LOOKED]
    await site.ask("POST", path, json=ASKED[path])
    backend.script = [REASONED]
    response = await site.ask("POST", path, json=NEXT[path], **more)
    assert response.status_code == 200, await response.get_data(as_text=True)
    [turn] = [message for message in backend.requests[-1].messages if isinstance(message, AssistantMessage)]
    return turn.reasoning, turn.proofs


@every_dialect
async def test_account_gets_back_what_clients_cannot_send(site: Site, backend: FakeBackend, path: str):
    kept = Proof(kind="site.signature", data="c2ln")
    assert await recalled(site, backend, path) == ("why", (kept,))


@every_dialect
async def test_another_key_gets_nothing_of_it(site: Site, backend: FakeBackend, path: str):
    other = "sk-relay-" + "o" * 43
    site.keys.keys = {**site.keys.keys, **FakeKeys(other=other).keys}
    await site.keyring.refresh()
    assert await recalled(site, backend, path, key=other) == (None, ())


async def test_what_is_kept_of_a_response_holds_no_thought_that_went_inline(site: Site, backend: FakeBackend):
    backend.script = [REASONED]
    asked = {"model": "m", "input": "Hi", "stream": False}
    response = await site.ask("POST", "/v1/responses", json=asked, headers={"x-relay-reasoning": "inline"})
    told = await response.get_json()
    kept = await (await site.ask("GET", f"/v1/responses/{told['id']}")).get_json()
    events = await site.ask("GET", f"/v1/responses/{told['id']}?stream=true")

    assert told["output"][0]["content"][0]["text"] == "<think>why</think>\n\nbecause"
    assert kept["output"][0]["content"][0]["text"] == "because"
    assert events.status_code == 400
    assert "held reasoning" in await events.get_data(as_text=True)
