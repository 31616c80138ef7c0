"""What only the owner sees."""

from relay.bridge.frames import Client, Hello, State

from .conftest import ADMIN, Site
from .links import FakeLink
from .test_sessions import account

HELLO = Hello(protocols=(1,), client=Client(kind="page"), adapter="puter", site="localhost")


async def test_sessions_and_accounts(site: Site):
    session, _, _ = await site.registry.attach(FakeLink(), HELLO, "bridge_1")
    session.apply(State(state="ready"))
    site.accounts = (account(name="work"),)
    answer = await (await site.ask("GET", "/api/sessions", key=ADMIN)).get_json()
    assert list(answer) == ["sessions"]
    assert [(one["kind"], one["name"], one["state"]) for one in answer["sessions"]] == [
        ("page", None, "ready"),
        ("headless", "work", "starting"),
    ]


async def test_metrics(site: Site):
    await site.chat()
    response = await site.ask("GET", "/metrics", key=ADMIN)
    assert response.content_type.startswith("text/plain; version=")
    text = await response.get_data(as_text=True)
    assert 'relay_requests_total{dialect="openai_chat",error="",result="complete"} 1.0' in text
    assert 'relay_tokens_total{direction="output",estimated="false"} 2.0' in text
