"""What the header ``x-relay-reasoning`` does, in every dialect."""

from typing import Any

import pytest

from relay.core.events import Event, Finished, FinishReason, ReasoningDelta, Started, TextDelta

from ..gateway.fakes import FakeBackend
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
    assert "<think>why</think>\\n\\nbecause" in await response.get_data(as_text=True)


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
