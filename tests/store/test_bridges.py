"""Pairing codes and bridge credentials: one use, one origin, a short life."""

import asyncio
from dataclasses import replace

import pytest

from relay.store import BridgeCredential, Store

from .conftest import Clock

PAGE = "http://localhost:3000"


async def paired(store: Store, origin: str | None = PAGE) -> tuple[BridgeCredential, str]:
    redeemed = await store.bridges.redeem(await store.bridges.create_code(origin, 300.0), origin)
    assert redeemed
    return redeemed


async def test_code_becomes_a_credential(store: Store, clock: Clock):
    code = await store.bridges.create_code(PAGE, 300.0)
    clock.now = 1299.0
    redeemed = await store.bridges.redeem(code.lower(), PAGE)
    assert redeemed
    credential, token = redeemed
    assert token.startswith("rbr-")
    assert credential == BridgeCredential(credential.id, f"localhost:3000-{credential.id[-4:]}", PAGE, 1299.0)
    assert await store.bridges.list() == [credential]
    assert await store.bridges.check(token, PAGE) == credential


async def test_code_works_once(store: Store):
    code = await store.bridges.create_code(None, 300.0)
    assert await store.bridges.redeem(code, PAGE)
    assert await store.bridges.redeem(code, PAGE) is None


async def test_of_two_at_once_one_wins(store: Store, other: Store):
    code = await store.bridges.create_code(None, 300.0)
    tries = [side.bridges.redeem(code, PAGE) for side in (store, other) for _ in range(5)]
    results = await asyncio.gather(*tries)
    assert sorted(result is not None for result in results) == [False] * 9 + [True]
    assert len(await store.bridges.list()) == 1


async def test_code_dies_of_age(store: Store, clock: Clock):
    code = await store.bridges.create_code(None, 300.0)
    clock.now = 1300.0
    assert await store.bridges.redeem(code, PAGE) is None


async def test_clock_set_back_does_not_lengthen_a_code(store: Store, clock: Clock):
    code = await store.bridges.create_code(None, 300.0)
    clock.now = 0.0
    assert await store.bridges.redeem(code, PAGE) is None
    assert await store.bridges.redeem(await store.bridges.create_code(None, 300.0), PAGE)


async def test_clock_jumps_do_not_touch_credentials(store: Store, clock: Clock):
    credential, token = await paired(store)
    key, _ = await store.keys.create("cline")
    for now in (0.0, 1e12):
        clock.now = now
        assert await store.bridges.check(token, PAGE) == credential
        assert list((await store.keys.active()).values()) == [key]


@pytest.mark.parametrize("origin", [None, "null", "http://localhost:3000/", "http://localhost:30000", "http://evil"])
async def test_code_for_an_origin_works_only_there(store: Store, origin: str | None):
    code = await store.bridges.create_code(PAGE, 300.0)
    assert await store.bridges.redeem(code, origin) is None
    assert await store.bridges.redeem(code, PAGE)


@pytest.mark.parametrize("origin", [None, "chrome-extension://abc"])
async def test_code_for_anybody_pins_who_used_it(store: Store, origin: str | None):
    redeemed = await store.bridges.redeem(await store.bridges.create_code(None, 300.0), origin)
    assert redeemed
    assert redeemed[0].origin == origin


@pytest.mark.parametrize("code", ["", "-", "7QK2M-0XW9T", "' OR 1=1 --", "x" * 1_000_000, "\0", "\udc80"])
async def test_wrong_codes(store: Store, code: str):
    await store.bridges.create_code(None, 300.0)
    assert await store.bridges.redeem(code, PAGE) is None


@pytest.mark.parametrize("token", ["", "rbr-", "' OR 1=1 --", "x" * 1_000_000, "\0", "\udc80"])
async def test_wrong_tokens(store: Store, token: str):
    await paired(store)
    assert await store.bridges.check(token, PAGE) is None


@pytest.mark.parametrize("origin", [None, "null", "", "http://localhost:3001", "http://LOCALHOST:3000"])
async def test_token_from_a_wrong_origin(store: Store, origin: str | None):
    _, token = await paired(store)
    assert await store.bridges.check(token, origin) is None


async def test_token_of_a_program_from_a_page(store: Store):
    credential, token = await paired(store, None)
    assert credential.name == f"program-{credential.id[-4:]}"
    assert await store.bridges.check(token, PAGE) is None
    assert await store.bridges.check(token, None) == credential


async def test_code_for_anybody(store: Store, clock: Clock):
    await store.bridges.create_code("http://new", 60)
    assert not await store.bridges.has_open_code()
    await store.bridges.create_code(None, 60)
    assert await store.bridges.has_open_code()
    clock.now += 60
    assert not await store.bridges.has_open_code()


async def test_origins_are_those_of_live_codes_and_credentials(store: Store, clock: Clock):
    await store.bridges.create_code("http://old", 300.0)
    clock.now = 1200.0
    await store.bridges.create_code("http://new", 300.0)
    await store.bridges.create_code(None, 300.0)
    await paired(store, "http://paired")
    revoked, _ = await paired(store, "http://revoked")
    await store.bridges.revoke(revoked.id)
    clock.now = 1300.0
    assert await store.bridges.origins() == {"http://new", "http://paired"}


@pytest.mark.parametrize("by", ["id", "name"])
async def test_revoke(store: Store, by: str):
    kept, _ = await paired(store)
    credential, token = await paired(store)
    assert await store.bridges.revoke(getattr(credential, by)) == replace(credential, revoked_at=1000.0)
    assert await store.bridges.revoke(getattr(credential, by)) is None
    assert await store.bridges.check(token, PAGE) is None
    assert await store.bridges.live_ids() == {kept.id}


async def test_dead_codes_are_cleared_away(store: Store, clock: Clock):
    for now in (1000.0, 1500.0, 500.0):
        clock.now = now
        await store.bridges.create_code(f"http://{now:.0f}", 300.0)
    clock.now = 1100.0
    assert await store.bridges.origins() == frozenset()
    clock.now = 600.0
    assert await store.bridges.origins() == {"http://500"}
