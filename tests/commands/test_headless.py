from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.bridge.headless.accounts import Account, Accounts
from relay.commands import headless
from relay.datadir import DataDir
from relay.store import Store

from .conftest import Relay

RUNNING = {
    "name": "puter",
    "site": "puter",
    "state": "running",
    "detail": "",
    "memory_bytes": 310_000_000,
    "session": {"state": "login_required", "detail": "Sign in."},
}


@pytest.fixture
def accounts(place: Path) -> Accounts:
    accounts = Accounts(DataDir.open(place).headless)
    accounts.save(Account(name="puter"))
    return accounts


@pytest.fixture
def asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What a running relay is asked; it answers with one account."""
    asked: list[tuple[str, str]] = []

    def ask(data: DataDir, method: str, path: str, body: object = None, *, place: str = "") -> dict[str, Any]:
        asked.append((method, path))
        return {"accounts": [RUNNING]} if path == "/api/accounts" else RUNNING

    monkeypatch.setattr(headless, "ask", ask)
    return asked


def locked(place: Path, run: Callable[[], Any]) -> Any:
    with DataDir.open(place).lock("http://localhost:1"):
        return run()


def test_no_accounts(relay: Relay):
    result = relay("headless", "list")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No accounts yet; this makes one: relay login\n")
    assert json.loads(relay("headless", "list", "--json").stdout) == {"accounts": []}


def test_accounts_while_relay_does_not_run(relay: Relay, accounts: Accounts):
    assert relay("headless", "list").stdout.split() == ["puter", "puter", "stopped", "-"]
    (shown,) = json.loads(relay("headless", "list", "--json").stdout)["accounts"] or [None]
    assert (shown["name"], shown["state"], shown["session"]) == ("puter", "stopped", None)
    assert "credential" not in shown


def test_accounts_of_a_running_relay(relay: Relay, place: Path, asked: list[tuple[str, str]]):
    result = locked(place, lambda: relay("headless", "list"))
    assert result.stdout.split() == ["puter", "puter", "login_required", "310", "MB", "Sign", "in."]
    assert asked == [("GET", "/api/accounts")]


def test_restart(relay: Relay, asked: list[tuple[str, str]]):
    assert relay("headless", "restart", "a/b").stdout.startswith("puter ")
    assert json.loads(relay("headless", "restart", "puter", "--json").stdout) == RUNNING
    assert asked == [("POST", "/api/accounts/a%2Fb/restart"), ("POST", "/api/accounts/puter/restart")]


def test_restart_needs_a_running_relay(relay: Relay):
    assert "start it with: relay serve --headless" in relay("headless", "restart", "puter").stderr


def test_remove_asks_a_running_relay(relay: Relay, place: Path, asked: list[tuple[str, str]]):
    assert locked(place, lambda: relay("headless", "remove", "puter")).stdout == "Removed puter.\n"
    assert asked == [("DELETE", "/api/accounts/puter")]


def test_remove_while_relay_does_not_run(relay: Relay, accounts: Accounts, place: Path):
    async def paired() -> str:
        store = await Store.open(DataDir.open(place).database)
        redeemed = await store.bridges.redeem(await store.bridges.create_code(None, 60), None)
        await store.close()
        assert redeemed is not None
        return redeemed[0].id

    async def live() -> int:
        store = await Store.open(DataDir.open(place).database)
        found = await store.bridges.live_ids()
        await store.close()
        return len(found)

    accounts.home("puter").keep_credential(asyncio.run(paired()))
    assert asyncio.run(live()) == 1
    assert json.loads(relay("headless", "remove", "puter", "--json").stdout) == {"removed": "puter"}
    assert accounts.list() == ((), ())
    assert asyncio.run(live()) == 0
    assert "There is no account 'puter'" in relay("headless", "remove", "puter").stderr

    accounts.save(Account(name="puter"))
    assert relay("headless", "remove", "puter").exit_code == 0
    accounts.save(Account(name="puter"))
    accounts.home("puter").keep_credential("bridge_unknown")
    assert relay("headless", "remove", "puter").exit_code == 0
