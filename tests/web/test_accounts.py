"""The accounts of headless mode over HTTP, on browsers that do nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from bridge.headless.fakes import FakeEngine
from quart import Quart

from relay.bridge.frames import Client, Hello, State
from relay.bridge.headless.accounts import Account, Accounts
from relay.bridge.headless.seams import Start, Watching
from relay.bridge.headless.sites import Sites
from relay.bridge.headless.supervisor import Supervisor
from relay.bridge.protocol import Clocks, Window
from relay.bridge.registry import SessionRegistry, Terms
from relay.web import accounts, errors

from .conftest import NoLog
from .links import FakeLink

HELLO = Hello(protocols=(1,), client=Client(kind="headless"), adapter="puter", site="localhost")


class House:
    """The routes, and what is behind them."""

    def __init__(self, root: Path) -> None:
        self.engine = FakeEngine()
        self.accounts = Accounts(root / "headless")
        self.revoked: list[str] = []
        self.supervisor = Supervisor(self.accounts, lambda _: self.engine, Watching(beat=0.001))
        self.registry = SessionRegistry(Terms(Window(64, 2**20, 2**20), Clocks(10, 10, 10, 60)), NoLog(), float)
        (root / "sites").mkdir()
        chat = {"id": "chat", "match": ["https://chat.example/*"], "start": "https://chat.example/"}
        (root / "sites" / "chat.json").write_text(json.dumps(chat))
        app = Quart("test")
        errors.install(app)
        app.register_blueprint(accounts.blueprint(self.supervisor, self.registry, Sites(root / "sites"), self))
        self.client = app.test_client()

    async def revoke(self, id_or_name: str) -> object:
        self.revoked.append(id_or_name)
        return None

    async def ask(self, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        data = raw if raw is not None else b"{}" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        response = await self.client.open(f"/api/accounts{path}", method=method, data=data, headers=headers)
        return response.status_code, await response.get_json()


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    async with house.supervisor.running(start_all=True):
        yield house


async def running(house: House, starts: int = 1) -> None:
    """Wait until browsers were started that often, and all are at work."""
    while len(house.engine.starts) < starts or {one.state for one in house.supervisor.accounts()} != {"running"}:
        await asyncio.sleep(0)


async def test_account_from_making_to_removal(house: House):
    status, made = await house.ask("POST", "", {"headed": True, "display": {"DISPLAY": ":0", "LD_PRELOAD": "/evil"}})
    assert (status, made["name"], made["state"], made["session"]) == (200, "puter", "starting", None)
    assert "credential" not in made

    await running(house)
    session, _, _ = await house.registry.attach(FakeLink(), HELLO, "bridge_1")
    session.apply(State(state="login_required", detail="Sign in."))
    status, one = await house.ask("GET", "/puter")
    assert (status, one["state"], one["headed"]) == (200, "running", True)
    assert one["session"] == {"id": session.id[:8], "state": "login_required", "detail": "Sign in."}
    assert await house.ask("GET", "") == (200, {"accounts": [one], "headless": True})

    assert (await house.ask("POST", "/puter/restart"))[0] == 200
    assert house.engine.starts[0] == Start(headed=True, display={"DISPLAY": ":0"})
    await running(house, 2)
    assert house.engine.starts[1:] == [Start()]
    while house.accounts.home("puter").credential is None:
        await asyncio.sleep(0)

    assert await house.ask("DELETE", "/puter") == (200, {"removed": "puter"})
    assert (house.revoked, house.accounts.list()) == (["bridge_1"], ((), ()))
    assert await house.ask("GET", "") == (200, {"accounts": [], "headless": True})


async def test_account_whose_browser_does_not_run_has_no_session(house: House):
    house.accounts.save(Account(name="resting"))
    assert (await house.ask("GET", "/resting"))[1]["session"] is None
    assert await house.ask("DELETE", "/resting") == (200, {"removed": "resting"})
    assert house.revoked == []


async def test_account_whose_browser_is_down_takes_its_credential_along(house: House):
    house.accounts.save(Account(name="resting"))
    house.accounts.home("resting").keep_credential("bridge_7")
    assert await house.ask("DELETE", "/resting") == (200, {"removed": "resting"})
    assert house.revoked == ["bridge_7"]


async def test_site_name_proxy_and_token(house: House):
    body = {"site": "https://chat.example/x", "name": "work", "proxy": "http://proxy.example:8080"}
    assert (await house.ask("POST", "", body))[1]["adapter"] == "chat"
    account = Account(name="work", adapter="chat", start="https://chat.example/x", proxy="http://proxy.example:8080")
    assert house.accounts.get("work") == account
    assert json.loads(house.accounts.home("work").description or b"")["id"] == "chat"

    own = {"adapter": {"id": "mine", "start": "https://mine.example/"}}
    assert (await house.ask("POST", "", own))[1]["name"] == "mine.example"

    await house.ask("POST", "", {"name": "third", "token": "secret"})
    await running(house, 3)
    assert "secret" in [start.token for start in house.engine.starts]
    assert "secret" not in repr(house.engine.starts)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not JSON."),
        (b'{"name": 7}', "Expected `str | null`, got `int` - at `$.name`."),
        (b'{"headless": true}', "Object contains unknown field `headless`."),
        (
            b'{"site": "https://chat.example/", "token": "t"}',
            "Only relay's own page has a function that takes a token.",
        ),
        (b'{"name": "%s"}' % (b"n" * 300), "A name has 1 to 40 of: a-z 0-9 . _ - and begins with a letter or digit."),
        (b'{"name": "No Name"}', "A name has 1 to 40 of: a-z 0-9 . _ - and begins with a letter or digit."),
    ],
)
async def test_what_is_refused(house: House, body: bytes, message: str):
    status, answer = await house.ask("POST", "", raw=body)
    assert (status, answer["error"]["code"], answer["error"]["message"]) == (400, "account_refused", message)
    assert house.engine.starts == []


async def test_unknown_account(house: House):
    for method, path in (("GET", "/nobody"), ("DELETE", "/nobody"), ("POST", "/nobody/restart")):
        assert (await house.ask(method, path))[0] == 404
