"""What only the owner sees."""

import pytest

from relay.bridge.frames import Account, Client, Hello, Model, PageLimits, State

from .conftest import ADMIN, Site
from .links import FakeLink

HELLO = Hello(protocols=(1,), client=Client(kind="page"), adapter="puter", site="localhost")


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        (None, None),
        (Account(id="u1"), "u1"),
        (Account(id="u1", label="Ada"), "Ada"),
    ],
)
async def test_sessions(site: Site, account: Account | None, shown: str | None):
    link = FakeLink()
    session, _, _ = await site.registry.attach(link, HELLO, "bridge_1")
    models = (Model(id="m"), Model(id="n"))
    session.apply(State(state="ready", detail="fine", account=account, models=models, limits=PageLimits(concurrency=4)))
    expected = {
        "id": session.id[:8],
        "kind": "page",
        "adapter": "puter",
        "site": "localhost",
        "credential": "bridge_1",
        "state": "ready",
        "detail": "fine",
        "account": shown,
        "models": 2,
        "in_flight": 0,
        "concurrency": 4,
    }
    assert await (await site.ask("GET", "/api/sessions", key=ADMIN)).get_json() == {"sessions": [expected]}
    site.registry.detach(session, link, page_gone=False)
    offline = {"sessions": [{**expected, "state": "offline"}]}
    assert await (await site.ask("GET", "/api/sessions", key=ADMIN)).get_json() == offline


async def test_metrics(site: Site):
    await site.chat()
    response = await site.ask("GET", "/metrics", key=ADMIN)
    assert response.content_type.startswith("text/plain; version=")
    text = await response.get_data(as_text=True)
    assert 'relay_requests_total{dialect="openai_chat",error="",result="complete"} 1.0' in text
    assert 'relay_tokens_total{direction="output",estimated="false"} 2.0' in text
