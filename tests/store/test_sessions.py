"""Sessions that outlive a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from relay.errors import StoreError
from relay.store import SessionRecord, Store, sessions

ONE = SessionRecord("s1", None, "page", "puter", "localhost", "ann", 1.0, 2.0)


async def test_remembered_over_a_restart(store: Store, path: Path):
    await store.sessions.remember(ONE)
    await store.close()
    again = await Store.open(path)
    assert await again.sessions.get("s1") == ONE
    await again.close()


async def test_remembering_again_keeps_the_first_time(store: Store):
    await store.sessions.remember(ONE)
    await store.sessions.remember(replace(ONE, account=None, first_seen_at=8.0, last_seen_at=9.0))
    assert await store.sessions.list() == [replace(ONE, account=None, last_seen_at=9.0)]


async def test_session_of_a_credential(store: Store):
    redeemed = await store.bridges.redeem(await store.bridges.create_code(None, 300.0), None)
    assert redeemed
    record = replace(ONE, credential_id=redeemed[0].id)
    await store.sessions.remember(record)
    assert await store.sessions.get("s1") == record
    assert await store.bridges.list() == [replace(redeemed[0], last_seen_at=2.0)]


async def test_credential_must_exist(store: Store):
    with pytest.raises(StoreError, match="cannot be used"):
        await store.sessions.remember(replace(ONE, credential_id="bridge_nobody"))


@pytest.mark.parametrize("session", ["", "s2", "' OR 1=1 --", "\0"])
async def test_unknown_session(store: Store, session: str):
    await store.sessions.remember(ONE)
    assert await store.sessions.get(session) is None


async def test_only_the_newest_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sessions, "KEPT", 2)
    for number in (3, 1, 2, 4):
        await store.sessions.remember(replace(ONE, id=f"s{number}", last_seen_at=float(number)))
    assert [record.id for record in await store.sessions.list()] == ["s4", "s3"]
