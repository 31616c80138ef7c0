"""Client keys: made, listed, used, revoked."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from relay.errors import NameRefused, NameTaken, StoreError
from relay.store import ClientKey, Store, digest

from .conftest import Clock


async def test_created_key(store: Store):
    key, secret = await store.keys.create(" cline ")
    assert secret.startswith("sk-relay-")
    assert len(secret) == len("sk-relay-") + 43
    assert key == ClientKey(key.id, "cline", secret[:12], 1000.0)
    assert await store.keys.list() == [key]
    assert await store.keys.active() == {digest(secret): key}


async def test_secret_is_not_in_the_file(store: Store, path: Path):
    _, secret = await store.keys.create("cline")
    code = await store.bridges.create_code(None, 300.0)
    redeemed = await store.bridges.redeem(await store.bridges.create_code(None, 300.0), None)
    assert redeemed
    await store.close()
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"cline" in kept
    assert [s for s in (secret, secret[12:], code, code.replace("-", ""), redeemed[1]) if s.encode() in kept] == []


async def test_name_of_a_live_key_is_taken(store: Store):
    await store.keys.create("cline")
    with pytest.raises(NameTaken, match=r"^A key named 'cline' exists already"):
        await store.keys.create("cline")


async def test_two_at_once_with_one_name(store: Store, other: Store):
    results = await asyncio.gather(store.keys.create("a"), other.keys.create("a"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NameTaken", "tuple"]


async def test_name_is_free_again_after_revoking(store: Store, clock: Clock):
    first, _ = await store.keys.create("cline")
    clock.now = 2000.0
    assert await store.keys.revoke("cline") == replace(first, revoked_at=2000.0)
    second, secret = await store.keys.create("cline")
    assert await store.keys.list() == [replace(first, revoked_at=2000.0), second]
    assert await store.keys.active() == {digest(secret): second}


async def test_revoke_by_id(store: Store):
    key, _ = await store.keys.create("cline")
    assert await store.keys.revoke(key.id) == replace(key, revoked_at=1000.0)
    assert await store.keys.active() == {}


@pytest.mark.parametrize("name", ["", "nobody", "' OR 1=1 --", "%", "x" * 1_000_000, "\0"])
async def test_revoking_what_is_not_there(store: Store, name: str):
    key, _ = await store.keys.create("cline")
    assert await store.keys.revoke(name) is None
    assert await store.keys.list() == [key]


async def test_revoking_what_cannot_be_a_name(store: Store):
    with pytest.raises(StoreError, match="lone surrogates"):
        await store.keys.revoke("\udc80")


async def test_revoking_twice(store: Store):
    await store.keys.create("cline")
    assert await store.keys.revoke("cline") is not None
    assert await store.keys.revoke("cline") is None


@pytest.mark.parametrize("name", ["' OR 1=1 --", "Robert'); DROP TABLE client_keys;--", "ключ", "x" * 100])
async def test_strange_names_are_only_names(store: Store, name: str):
    key, _ = await store.keys.create(name)
    assert [key.name for key in await store.keys.list()] == [name]
    assert key.name == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\0", "\x1b[31m", "\udc80", "x" * 101, "x" * 1_000_000])
async def test_names_that_are_refused(store: Store, name: str):
    with pytest.raises(NameRefused):
        await store.keys.create(name)
    assert await store.keys.list() == []


async def test_touch(store: Store):
    first, _ = await store.keys.create("a")
    second, _ = await store.keys.create("b")
    await store.keys.touch({first.id: 5.0, second.id: 6.0, "unknown": 7.0})
    await store.keys.touch({})
    assert {key.name: key.last_used_at for key in await store.keys.list()} == {"a": 5.0, "b": 6.0}
