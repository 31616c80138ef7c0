from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from bridge.headless.driven import Session

from relay.bridge.headless.world import Listener, Spoken, World, only_at

OURS = {"id": 3, "name": "relay", "origin": "https://chat.example", "auxData": {"frameId": "main", "isDefault": False}}


class Heard:
    def __init__(self) -> None:
        self.session = Session()
        self.spoken: list[Spoken] = []
        self.left = 0
        self.world = World(self.session, Listener(self.spoken.append, self.leave))  # type: ignore[arg-type]

    def leave(self) -> None:
        self.left += 1

    def created(self, **changes: Any) -> None:
        self.session.emit("Runtime.executionContextCreated", {"context": OURS | changes})

    def called(self, payload: object, context: int = 3, name: str = "relayPost") -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.session.emit("Runtime.bindingCalled", {"executionContextId": context, "name": name, "payload": text})


@pytest_asyncio.fixture
async def heard() -> Heard:
    heard = Heard()
    await heard.world.enter("agent", "program")
    return heard


async def test_scripts_run_in_both_worlds_of_every_document(heard: Heard):
    assert heard.session.sent[2:] == [
        ("Runtime.enable", {}),
        ("Runtime.addBinding", {"name": "relayPost", "executionContextName": "relay"}),
        ("Page.addScriptToEvaluateOnNewDocument", {"source": "agent", "runImmediately": True}),
        (
            "Page.addScriptToEvaluateOnNewDocument",
            {"source": "program", "worldName": "relay", "runImmediately": True},
        ),
    ]


async def test_what_our_world_says_is_heard(heard: Heard):
    heard.created()
    heard.called({"port": 1, "messages": [{"type": "connect"}, "odd", {"type": "view"}]})
    assert heard.spoken == [
        Spoken(3, "https://chat.example", 1, {"type": "connect"}),
        Spoken(3, "https://chat.example", 1, {"type": "view"}),
    ]


async def test_what_others_say_is_not(heard: Heard):
    said = {"port": 1, "messages": [{"type": "connect"}]}
    heard.called(said)
    heard.created(name="")
    heard.created(auxData={"frameId": "an iframe"})
    heard.created(auxData=None)
    heard.created(auxData={"frameId": "main", "isDefault": True})
    heard.called(said)
    heard.created()
    heard.called(said, context=4)
    heard.called(said, name="otherBinding")
    for payload in ("{", "[]", '{"port":"1","messages":[]}', '{"port":1,"messages":{}}'):
        heard.called(payload)
    assert heard.spoken == []
    assert heard.left == 0


@pytest.mark.parametrize(
    ("event", "value"),
    [
        ("Runtime.executionContextDestroyed", {"executionContextId": 3}),
        ("Runtime.executionContextsCleared", {}),
        ("Runtime.executionContextCreated", {"context": OURS | {"id": 4}}),
    ],
)
async def test_document_that_goes_is_told_once(heard: Heard, event: str, value: dict[str, Any]):
    heard.created()
    heard.session.emit("Runtime.executionContextDestroyed", {"executionContextId": 9})
    assert heard.left == 0
    heard.session.emit(event, value)
    heard.session.emit("Runtime.executionContextDestroyed", {"executionContextId": 3})
    assert heard.left == 1


async def test_handing_over_and_leaving(heard: Heard):
    await heard.world.deliver(3, 1, [{"type": "opened"}])
    await heard.world.end_port(3, 1)
    await heard.world.leave()
    sent = heard.session.sent[6:]
    assert [params.get("arguments") for _, params in sent[:2]] == [
        [{"value": 1}, {"value": [{"type": "opened"}]}],
        [{"value": 1}],
    ]
    assert [method for method, _ in sent[2:]] == ["Page.removeScriptToEvaluateOnNewDocument"] * 2
    assert heard.session.detached


def test_script_for_some_origins_only():
    assert only_at(("^https://a$", "b"), "run()") == (
        'if (["^https://a$","b"].some((site) => new RegExp(site).test(location.origin))) {\nrun()\n}'
    )
