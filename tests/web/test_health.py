"""GET /health."""

import pytest

from relay import __version__
from relay.bridge.frames import Client, Hello, State

from .conftest import Site
from .links import FakeLink

HELLO = Hello(protocols=(1,), client=Client(kind="page"), adapter="puter", site="localhost")


async def test_nobody_connected(site: Site):
    response = await site.ask("GET", "/health", key=None)
    assert response.status_code == 200
    assert await response.get_json() == {
        "status": "ok",
        "problem": None,
        "demo": False,
        "authenticated": False,
        "model": "m",
        "version": __version__,
        "sessions": {"connected": 0, "ready": 0},
    }


@pytest.mark.parametrize(("state", "ready"), [("ready", 1), ("login_required", 0), ("blocked", 0), ("starting", 0)])
async def test_page_connected(site: Site, state: str, ready: int):
    session, _, _ = await site.registry.attach(FakeLink(), HELLO, "bridge_1")
    session.apply(State(state=state))  # type: ignore[arg-type]  # any of the words above
    body = await (await site.ask("GET", "/health")).get_json()
    assert (body["authenticated"], body["sessions"]) == (bool(ready), {"connected": 1, "ready": ready})


async def test_page_that_lost_its_socket_is_not_ready(site: Site):
    link = FakeLink()
    session, _, _ = await site.registry.attach(link, HELLO, "bridge_1")
    session.apply(State(state="ready"))
    site.registry.detach(session, link, page_gone=False)
    body = await (await site.ask("GET", "/health")).get_json()
    assert (body["authenticated"], body["sessions"]) == (False, {"connected": 0, "ready": 0})


async def test_degraded(site: Site):
    site.problem = "store"
    body = await (await site.ask("GET", "/health")).get_json()
    assert (body["status"], body["problem"]) == ("degraded", "store")
