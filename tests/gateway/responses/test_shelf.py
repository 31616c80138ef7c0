"""Responses on the shelf: there at once, written down soon, and what happens when the database is not there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from relay.errors import StoreBusy, StoreError
from relay.gateway.responses import shelf as module
from relay.gateway.responses.shelf import DAY, Keeping, Shelf
from relay.store import Chain, Store, StoredResponse
from relay.store.responses import Responses
from relay.telemetry.metrics import Metrics

from ..conftest import Logged, logged

__all__ = ["logged"]

NOW = 1000.0
ONE = StoredResponse(
    id="resp_1",
    owner="key_1",
    parent=None,
    created_at=NOW,
    expires_at=NOW + DAY,
    status="completed",
    model="m",
    input=b"[1]",
    response=b"{}",
)
TWO = replace(ONE, id="resp_2", parent="resp_1")
MUCH = 10_000


class Ailing(Responses):
    """A table that fails as a test says."""

    failure: StoreError | None = None
    puts = 0

    async def put(self, records: Sequence[StoredResponse]) -> None:
        self.puts += 1
        if self.failure is not None:
            raise self.failure
        await super().put(records)

    async def purge(self, now: float, most: int, most_bytes: int) -> int:
        if self.failure is not None:
            raise self.failure
        return await super().purge(now, most, most_bytes)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Ailing]:
    opened = await Store.open(tmp_path / "relay.db")
    yield Ailing(opened.database)
    await opened.close()


Make = Callable[..., Shelf]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def make(store: Ailing, metrics: Metrics) -> Make:
    return lambda **keeping: Shelf(store, Keeping(**keeping), metrics, lambda: NOW)


@pytest.fixture
def shelf(make: Make) -> Shelf:
    return make(days=1.0)


def dropped(metrics: Metrics) -> str:
    return next(
        line for line in metrics.render().decode().splitlines() if line.startswith("relay_store_writes_dropped_total")
    ).split()[1]


async def test_what_is_put_is_there_before_it_is_written(shelf: Shelf, store: Ailing):
    shelf.put(ONE)
    assert await shelf.get("resp_1", "key_1") == ONE
    assert await shelf.get("resp_1", "key_2") is None
    assert await store.get("resp_1", "key_1", NOW) is None


async def test_expired_is_not_there(shelf: Shelf):
    shelf.put(replace(ONE, expires_at=NOW))
    assert await shelf.get("resp_1", "key_1") is None


async def test_written_in_the_background(shelf: Shelf, store: Ailing):
    running = asyncio.ensure_future(shelf.run())
    shelf.put(ONE)
    while await store.get("resp_1", "key_1", NOW) is None:
        await asyncio.sleep(0)
    running.cancel()
    assert await shelf.get("resp_1", "key_1") == ONE


async def test_chain_includes_what_is_not_written_yet(shelf: Shelf):
    shelf.put(ONE)
    shelf.put(TWO)
    chain = await shelf.chain("resp_2", "key_1", MUCH)
    assert [turn.id for turn in chain.turns] == ["resp_1", "resp_2"]
    assert await shelf.chain("resp_2", "key_2", MUCH) == Chain()


async def test_items_of_what_is_not_written_yet_are_found(shelf: Shelf):
    shelf.put(replace(ONE, items=frozenset({"msg_1"})))
    assert await shelf.holding({"msg_1"}, "key_1", MUCH) == [b"{}"]


async def test_putting_again_replaces(shelf: Shelf, store: Ailing):
    done = replace(ONE, status="failed")
    shelf.put(replace(ONE, status="queued"))
    shelf.put(done)
    await shelf.flush()
    assert await store.get("resp_1", "key_1", NOW) == done
    assert await shelf.unfinished() == []


@pytest.mark.parametrize("written", [False, True])
async def test_deleted_wherever_it_is(shelf: Shelf, store: Ailing, written: bool):
    shelf.put(ONE)
    if written:
        await shelf.flush()
    assert not await shelf.delete("resp_1", "key_2")
    assert await shelf.delete("resp_1", "key_1")
    assert not await shelf.delete("resp_1", "key_1")
    await shelf.flush()
    assert await store.get("resp_1", "key_1", NOW) is None


async def test_busy_database_is_waited_for(
    shelf: Shelf, store: Ailing, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    store.failure = StoreBusy("locked")
    running = asyncio.ensure_future(shelf.run())
    shelf.put(ONE)
    while store.puts < 3:
        await asyncio.sleep(0)
    assert await shelf.get("resp_1", "key_1") == ONE
    with pytest.raises(StoreBusy):
        await shelf.chain("resp_1", "key_1", MUCH)
    store.failure = None
    while await store.get("resp_1", "key_1", NOW) is None:
        await asyncio.sleep(0)
    running.cancel()
    assert dropped(metrics) == "0.0"


async def test_what_is_put_while_another_is_written_stays(shelf: Shelf, store: Ailing):
    shelf.put(ONE)
    writing = asyncio.ensure_future(shelf.flush())
    await asyncio.sleep(0)
    done = replace(ONE, status="failed")
    shelf.put(done)
    await writing
    assert await shelf.get("resp_1", "key_1") == done
    await shelf.flush()
    assert await store.get("resp_1", "key_1", NOW) == done


async def test_broken_database_costs_the_response_only(shelf: Shelf, store: Ailing, metrics: Metrics, logged: Logged):
    store.failure = StoreError("read-only")
    shelf.put(ONE)
    assert (await shelf.chain("resp_1", "key_1", MUCH)) == Chain()
    assert dropped(metrics) == "1.0"
    assert [(line["event"], line["error"]) for line in logged()] == [("responses.not_kept", "store_error")]


async def test_busy_database_at_the_end(shelf: Shelf, store: Ailing, metrics: Metrics):
    store.failure = StoreBusy("locked")
    shelf.put(ONE)
    shelf.put(TWO)
    await shelf.flush()
    assert dropped(metrics) == "2.0"


async def test_memory_is_bounded(shelf: Shelf, metrics: Metrics, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "WAITING_BYTES", ONE.size)
    shelf.put(ONE)
    shelf.put(replace(ONE, status="failed"))
    shelf.put(TWO)
    assert await shelf.get("resp_2", "key_1") is None
    assert await shelf.get("resp_1", "key_1") == replace(ONE, status="failed")
    assert dropped(metrics) == "1.0"


async def test_purge_of_too_many(make: Make, logged: Logged):
    shelf = make(most=1)
    shelf.put(ONE)
    shelf.put(replace(TWO, parent=None, expires_at=NOW + 2 * DAY))
    await shelf.flush()
    await shelf.purge()
    await shelf.purge()
    assert await shelf.get("resp_1", "key_1") is None
    assert [line["responses"] for line in logged()] == [1]


async def test_much_written_is_purged_at_once(make: Make):
    shelf = make(most_bytes=ONE.size)
    shelf.put(ONE)
    await shelf.flush()
    shelf.put(replace(TWO, parent=None, expires_at=NOW + 2 * DAY))
    await shelf.flush()
    assert await shelf.get("resp_1", "key_1") is None


async def test_purge_of_a_busy_database(shelf: Shelf, store: Ailing, logged: Logged):
    store.failure = StoreBusy("locked")
    await shelf.purge()
    assert [line["event"] for line in logged()] == ["responses.purge_failed"]


def test_days(make: Make):
    assert make(days=2.0).expiry() == NOW + 2 * DAY
    assert make(days=0.5).keeps
    assert not make(days=0.0).keeps
