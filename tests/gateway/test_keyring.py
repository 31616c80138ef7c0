"""Credentials in memory."""

import pytest

from relay.gateway.keyring import Keyring

from .conftest import Logged
from .fakes import FakeKeys, Key

HOSTILE = ["", "' OR 1=1 --", "sk-relay-\0", "clé", "\ud800", "x" * 2**20]


def keyring(keys: FakeKeys) -> Keyring:
    return Keyring(keys, "radm-secret", lambda: 5.0)


async def test_live_key():
    ring = keyring(FakeKeys(cline="sk-relay-secret"))
    assert ring.client("sk-relay-secret") is None
    await ring.refresh()
    assert ring.client("sk-relay-secret") == Key("id-cline", "cline")
    assert ring.client("sk-relay-secre") is None


async def test_revoked_key_ends_with_the_next_refresh():
    keys = FakeKeys(cline="sk-relay-secret")
    ring = keyring(keys)
    await ring.refresh()
    keys.keys = {}
    await ring.refresh()
    assert ring.client("sk-relay-secret") is None


async def test_new_key_is_found_by_looking_again_but_not_too_often():
    keys = FakeKeys()
    wall = iter([5.0, 5.2, 5.3, 4.0])  # the last one: the clock was set back
    ring = Keyring(keys, "radm-secret", lambda: next(wall))
    keys.keys = FakeKeys(cline="sk-relay-secret").keys
    assert [await ring.renew() for _ in range(4)] == [True, False, True, True]
    ring = keyring(keys)
    await ring.renew()
    assert ring.client("sk-relay-secret") == Key("id-cline", "cline")


async def test_looking_again_while_the_store_is_away():
    keys = FakeKeys()
    keys.broken = True
    assert not await keyring(keys).renew()


@pytest.mark.parametrize("secret", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_secrets_are_only_wrong(secret: str):
    ring = keyring(FakeKeys(cline="sk-relay-secret"))
    await ring.refresh()
    assert ring.client(secret) is None
    assert not ring.is_admin(secret)


async def test_powers_are_apart():
    ring = keyring(FakeKeys(cline="sk-relay-secret"))
    await ring.refresh()
    assert ring.is_admin("radm-secret")
    assert not ring.is_admin("sk-relay-secret")
    assert ring.client("radm-secret") is None


async def test_use_is_written_down_once():
    keys = FakeKeys(cline="sk-relay-secret")
    ring = keyring(keys)
    await ring.refresh()
    ring.client("sk-relay-secret")
    assert await ring.flush()
    assert await ring.flush()
    assert keys.touched == [{"id-cline": 5.0}]


async def test_use_that_could_not_be_written_down_waits(logged: Logged):
    keys = FakeKeys(cline="sk-relay-secret")
    ring = keyring(keys)
    await ring.refresh()
    ring.client("sk-relay-secret")
    keys.broken = True
    assert not await ring.flush()
    keys.broken = False
    assert await ring.flush()
    assert keys.touched == [{"id-cline": 5.0}]
    assert [(line["event"], line["error"]) for line in logged()] == [("keys.touch_failed", "store_busy")]
