"""Stored responses: whose they are, what leads to them, how long they last, how many there may be."""

from dataclasses import replace
from pathlib import Path

import pytest

from relay.store import Chain, Store, StoredResponse, Turn

ONE = StoredResponse(
    id="resp_1",
    owner="key_1",
    parent=None,
    created_at=1000.0,
    expires_at=2000.0,
    status="completed",
    model="m",
    input=b'[{"a":1}]',
    response=b'{"b":2}',
    events=b'{"c":3}\n{"d":4}',
    items=frozenset({"msg_1", "fc_1"}),
)
TWO = replace(ONE, id="resp_2", parent="resp_1", created_at=1001.0, expires_at=2001.0, input=b"[2]")
THREE = replace(ONE, id="resp_3", parent="resp_2", created_at=1002.0, expires_at=2002.0, input=b"[3]")
MUCH = 10_000


def said(*records: StoredResponse) -> int:
    return sum(len(record.input) + len(record.response) for record in records)


def turn(record: StoredResponse) -> Turn:
    return Turn(record.id, record.status, record.input, record.response)


async def kept(store: Store) -> set[str]:
    ids = [f"resp_{number}" for number in range(10)]
    return {id_ for id_ in ids if await store.responses.get(id_, "key_1", 0.0)}


async def test_what_is_put_is_there_for_its_owner(store: Store):
    await store.responses.put([ONE])
    assert await store.responses.get("resp_1", "key_1", 1999.9) == ONE


@pytest.mark.parametrize(
    ("id_", "owner", "now"),
    [("resp_1", "key_2", 1000.0), ("resp_1", "key_1", 2000.0), ("resp_9", "key_1", 1000.0), ("' OR 1=1", "key_1", 0)],
)
async def test_not_there_for_others_nor_after_its_time(store: Store, id_: str, owner: str, now: float):
    await store.responses.put([ONE])
    assert await store.responses.get(id_, owner, now) is None
    assert await store.responses.chain(id_, owner, now, MUCH) == Chain()


async def test_putting_again_replaces(store: Store):
    done = replace(ONE, status="failed", response=b"{}", events=b"", expires_at=3000.0)
    await store.responses.put([ONE, done])
    assert await store.responses.get("resp_1", "key_1", 1000.0) == done


async def test_chain_is_oldest_first(store: Store):
    await store.responses.put([ONE, TWO, THREE])
    turns = tuple(map(turn, (ONE, TWO, THREE)))
    assert await store.responses.chain("resp_3", "key_1", 1000.0, MUCH) == Chain(
        turns, broken=False, size=said(ONE, TWO, THREE)
    )


async def test_turns_before_live_as_long_as_those_after(store: Store):
    await store.responses.put([ONE])
    await store.responses.put([TWO, THREE])
    first = await store.responses.get("resp_1", "key_1", 2001.9)
    assert first == replace(ONE, expires_at=2002.0)


async def test_deleted_turn_ends_the_way_back(store: Store):
    await store.responses.put([ONE, TWO, THREE])
    assert await store.responses.delete("resp_1", "key_1")
    chain = await store.responses.chain("resp_3", "key_1", 1000.0, MUCH)
    assert chain == Chain((turn(TWO), turn(THREE)), broken=True, size=said(TWO, THREE))


async def test_chain_never_passes_another_owner(store: Store):
    await store.responses.put([replace(ONE, owner="key_2"), TWO])
    chain = await store.responses.chain("resp_2", "key_1", 1000.0, MUCH)
    assert chain == Chain((turn(TWO),), broken=True, size=said(TWO))


async def test_too_large_chain_is_not_read(store: Store):
    await store.responses.put([ONE, TWO])
    size = said(ONE, TWO)
    assert await store.responses.chain("resp_2", "key_1", 1000.0, size - 1) == Chain(size=size)
    assert len((await store.responses.chain("resp_2", "key_1", 1000.0, size)).turns) == 2


async def test_only_its_owner_deletes(store: Store):
    await store.responses.put([ONE])
    assert not await store.responses.delete("resp_1", "key_2")
    assert await store.responses.delete("resp_1", "key_1")
    assert not await store.responses.delete("resp_1", "key_1")


async def test_unfinished_are_found_after_a_crash(store: Store):
    running = replace(ONE, status="in_progress", items=frozenset())
    queued = replace(ONE, id="resp_2", created_at=1001.0, status="queued", items=frozenset())
    await store.responses.put([queued, running, replace(THREE, parent=None)])
    assert await store.responses.unfinished() == [running, queued]


async def test_purge_takes_what_expired(store: Store):
    await store.responses.put([ONE, replace(TWO, parent=None)])
    assert await store.responses.purge(2000.0, 10, MUCH) == 1
    assert await kept(store) == {"resp_2"}


async def test_purge_leaves_the_newest_of_too_many(store: Store):
    await store.responses.put([ONE, replace(TWO, parent=None), replace(THREE, parent=None)])
    assert await store.responses.purge(1000.0, 2, MUCH) == 1
    assert await kept(store) == {"resp_2", "resp_3"}


async def test_purge_leaves_the_newest_that_fit(store: Store):
    await store.responses.put([ONE, replace(TWO, parent=None), replace(THREE, parent=None)])
    assert await store.responses.purge(1000.0, 10, TWO.size + THREE.size) == 1
    assert await kept(store) == {"resp_2", "resp_3"}
    assert await store.responses.purge(1000.0, 10, 0) == 2


async def test_responses_are_found_by_their_items(store: Store):
    await store.responses.put([ONE, replace(TWO, items=frozenset({"msg_2"}), response=b"two"), THREE])
    assert await store.responses.holding({"msg_2", "msg_9"}, "key_1", 1000.0, MUCH) == [b"two"]
    assert await store.responses.holding({"fc_1"}, "key_1", 1000.0, MUCH) == [THREE.response, ONE.response]
    assert await store.responses.holding({"fc_1"}, "key_1", 1000.0, len(ONE.response) * 2 - 1) == [THREE.response]


@pytest.mark.parametrize(("owner", "now"), [("key_2", 1000.0), ("key_1", 2000.0)])
async def test_items_are_not_found_by_others_nor_after_their_time(store: Store, owner: str, now: float):
    await store.responses.put([ONE])
    assert await store.responses.holding({"msg_1"}, owner, now, MUCH) == []


@pytest.mark.parametrize("name", ["response_bodies", "response_items"])
async def test_all_goes_with_a_response(store: Store, name: str):
    await store.responses.put([ONE])
    await store.responses.delete("resp_1", "key_1")
    async with store.database.read() as connection:
        assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {name}")).scalar() == 0


async def test_what_was_deleted_is_in_no_file(store: Store, path: Path):
    secret = b"canary-4711-" * 1000
    await store.responses.put([replace(ONE, input=secret, response=secret, events=secret)])
    await store.responses.delete("resp_1", "key_1")
    await store.close()
    assert [file.name for file in path.parent.iterdir() if b"canary-4711" in file.read_bytes()] == []
