"""The periodic work, one duty at a time."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from relay import upkeep as module
from relay.bridge.frames import Account, Client
from relay.bridge.protocol import Clocks, Window
from relay.bridge.server import BridgeServer
from relay.bridge.session import Identity, Session
from relay.errors import StoreBusy
from relay.gateway.keyring import Keyring
from relay.gateway.responses.shelf import Shelf
from relay.store import Store
from relay.telemetry.metrics import Metrics
from relay.upkeep import StoredSessions, Upkeep

from .gateway.conftest import Logged, logged

__all__ = ["logged"]


class FakeBridge:
    """Counts what it is asked to do."""

    def __init__(self) -> None:
        self.ticks = self.drops = 0
        self.ticked = asyncio.Event()
        self.bug: Exception | None = None

    def tick(self, now: float) -> None:
        self.ticks += 1
        if self.bug is not None:
            bug, self.bug = self.bug, None
            raise bug
        self.ticked.set()

    async def drop_revoked(self) -> None:
        self.drops += 1


class FakeShelf:
    """Tells when it was purged."""

    def __init__(self) -> None:
        self.purged = asyncio.Event()

    async def purge(self) -> None:
        self.purged.set()


class Locked:
    """A store whose every method says that it is locked."""

    def __getattr__(self, name: str) -> Any:
        async def refuse(*_: object) -> None:
            raise StoreBusy("locked")

        return self if name in ("keys", "sessions") else refuse


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "relay.db")
    yield store
    await store.close()


@pytest.fixture
async def other(store: Store, tmp_path: Path) -> AsyncIterator[Store]:
    other = await Store.open(tmp_path / "relay.db")
    yield other
    await other.close()


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge()


def keeping(store: Store | Locked, bridge: FakeBridge, shelf: FakeShelf | None = None) -> tuple[Upkeep, Keyring]:
    known = cast("Store", store)
    keyring = Keyring(known.keys, "radm-x", lambda: 5.0)
    return Upkeep(known, keyring, cast("BridgeServer", bridge), cast("Shelf", shelf or FakeShelf())), keyring


def session(account: Account | None = None, credential: str = "bridge_1") -> Session:
    identity = Identity("s1", credential, Client(kind="page"), "puter", "localhost")
    made = Session(identity, Window(64, 2**20, 2**20), Clocks(1, 1, 1, 1), lambda: 0.0)
    made.account = account
    return made


async def test_other_process_revokes_a_key(store: Store, other: Store, bridge: FakeBridge):
    _, secret = await store.keys.create("cline")
    upkeep, keyring = keeping(store, bridge)
    await keyring.refresh()
    await upkeep.watch()
    assert keyring.client(secret) is not None
    before = bridge.drops
    await other.keys.revoke("cline")
    await upkeep.watch()
    assert keyring.client(secret) is None
    assert bridge.drops == before + 1


async def test_nothing_changed(store: Store, bridge: FakeBridge):
    upkeep, _ = keeping(store, bridge)
    await upkeep.watch()
    before = bridge.drops
    await upkeep.watch()
    assert (bridge.drops, upkeep.problem) == (before, None)


async def test_cycles_are_freed(store: Store, bridge: FakeBridge):
    class Ring:
        pass

    ring = Ring()
    ring.itself = ring  # type: ignore[attr-defined]
    seen = weakref.ref(ring)
    del ring
    upkeep, _ = keeping(store, bridge)
    await upkeep.collect()
    assert seen() is None


async def test_store_that_cannot_be_read_is_a_problem_until_it_can(bridge: FakeBridge, logged: Logged, store: Store):
    upkeep, _ = keeping(Locked(), bridge)
    await upkeep.watch()
    await upkeep.watch()
    assert upkeep.problem == "store"
    upkeep._store = store
    upkeep._keyring = Keyring(store.keys, "radm-x", lambda: 5.0)
    await upkeep.watch()
    assert upkeep.problem is None
    assert [line["event"] for line in logged()] == ["store.unavailable", "store.available"]


async def test_change_that_could_not_be_read_is_read_later(store: Store, other: Store, bridge: FakeBridge):
    upkeep, keyring = keeping(store, bridge)
    await upkeep.watch()
    _, secret = await other.keys.create("cline")
    upkeep._keyring = Keyring(cast("Store", Locked()).keys, "radm-x", lambda: 5.0)
    await upkeep.watch()
    assert upkeep.problem == "store"
    upkeep._keyring = keyring
    await upkeep.watch()
    assert keyring.client(secret) is not None


async def test_store_that_cannot_be_written_is_a_problem_until_it_can(store: Store, bridge: FakeBridge):
    _, secret = await store.keys.create("cline")
    upkeep, keyring = keeping(store, bridge)
    await keyring.refresh()
    keyring.client(secret)
    keyring._store = cast("Store", Locked()).keys
    await upkeep.flush()
    assert upkeep.problem == "store"
    keyring._store = store.keys
    await upkeep.flush()
    assert upkeep.problem is None
    assert [key.last_used_at for key in await store.keys.list()] == [5.0]


async def test_duties_go_on_after_a_bug(
    store: Store, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch, logged: Logged
):
    monkeypatch.setattr(module, "TICK_SECONDS", 0.001)
    bridge.bug = KeyError("a bug")
    upkeep, _ = keeping(store, bridge)
    running = asyncio.ensure_future(upkeep.run())
    await asyncio.wait_for(bridge.ticked.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bridge.ticks >= 2
    [line] = logged()
    assert line["event"] == "upkeep.failed"
    assert "KeyError" in line["exception"]


async def test_stored_responses_are_purged(store: Store, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PURGE_SECONDS", 0.001)
    shelf = FakeShelf()
    upkeep, _ = keeping(store, bridge, shelf)
    running = asyncio.ensure_future(upkeep.run())
    await asyncio.wait_for(shelf.purged.wait(), 5)
    running.cancel()


@pytest.mark.parametrize("account", [None, Account(id="u1")])
async def test_sessions_are_remembered(store: Store, account: Account | None):
    paired = await store.bridges.redeem(await store.bridges.create_code(None, 300.0), None)
    assert paired is not None
    mine = paired[0].id
    sessions = StoredSessions(store, Metrics())
    assert not await sessions.belongs("s1", mine)
    await sessions.remember(session(account, mine))
    assert await sessions.belongs("s1", mine)
    assert not await sessions.belongs("s1", "bridge_2")
    record = await store.sessions.get("s1")
    assert record is not None
    assert record.account == (account.id if account else None)


async def test_sessions_without_a_store_are_not_lost(logged: Logged):
    metrics = Metrics()
    sessions = StoredSessions(cast("Store", Locked()), metrics)
    await sessions.remember(session())
    assert not await sessions.belongs("s1", "bridge_1")
    assert b"relay_store_writes_dropped_total 1.0" in metrics.render()
    assert [line["event"] for line in logged()] == ["sessions.remember_dropped"]
