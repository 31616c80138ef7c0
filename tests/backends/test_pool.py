"""Which sessions a request may go to: the one its client names, the one that served it before, or any."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from support.links import settle
from support.office import Office, request

from relay.backends import pool
from relay.backends.base import Wanted
from relay.backends.browser import BrowserBackend
from relay.bridge.frames import Account
from relay.bridge.session import Session
from relay.core.request import Request, Tool
from relay.errors import ModelNotFound, SessionNotAvailable, SessionUnknown

HI = request()


async def asked(office: Office, wanted: Wanted, what: Request = HI) -> Session:
    """Return the session that a request goes to."""
    async with office.backend.open(what, wanted):
        return office.sent()[0]


def begun(office: Office, wanted: Wanted) -> asyncio.Task[Session]:
    return asyncio.create_task(asked(office, wanted))


class Named(Office):
    """An office where the credential of each session has a name."""

    def __init__(self) -> None:
        super().__init__()
        self.backend = BrowserBackend(self.registry, 3600, lambda: self.wall, None, self.names)

    def names(self) -> Mapping[str, str]:
        return {"bridge_work": "work"}

    async def working(self) -> Session:
        """A session of the account that is called so."""
        session = await self.ready()
        session.identity = replace(session.identity, credential="bridge_work")
        return session


# --- the one that is named


async def test_session_is_chosen_by_its_id_or_the_beginning_that_people_see() -> None:
    office = Office()
    sessions = [await office.ready() for _ in range(3)]
    for session in sessions:
        for name in (session.id, session.id[:8]):
            assert await asked(office, Wanted(account=name)) is session


@pytest.mark.parametrize("name", ["work", "u1", "Ann"])
async def test_session_is_chosen_by_the_name_of_its_account(name: str) -> None:
    office = Named()
    await office.ready()
    other = await office.working()
    other.account = Account(id="u1", label="Ann")
    assert await asked(office, Wanted(account=name)) is other


@pytest.mark.parametrize("name", ["nobody", "1234567", "None"])
async def test_unknown_session_is_named_with_those_that_are_there(name: str) -> None:
    office = Named()
    one, other = await office.ready(), await office.working()
    with pytest.raises(SessionUnknown) as unknown:
        await asked(office, Wanted(account=name))
    assert unknown.value.status == 404
    assert f"{one.id[:8]} ({one.identity.site})" in unknown.value.message
    assert f"{other.id[:8]} (work)" in unknown.value.message


async def test_session_is_named_where_there_is_none() -> None:
    with pytest.raises(SessionUnknown, match="None is connected"):
        await asked(Office(), Wanted(account="x"))


async def test_no_other_session_answers_for_the_one_that_is_named() -> None:
    office = Office()
    busy, free = await office.ready(), await office.ready()
    busy.in_flight = busy.limits.concurrency
    waiting = begun(office, Wanted(account=busy.id))
    await settle()
    assert not waiting.done()
    office.registry.release(busy)
    assert await waiting is busy
    assert free.in_flight == 0


async def test_model_that_another_session_has() -> None:
    office = Office()
    one = await office.ready()
    await office.ready(models=[{"id": "other"}])
    with pytest.raises(ModelNotFound) as refused:
        await asked(office, Wanted(account=one.id), request(model="other"))
    assert str(refused.value) == (
        "The model 'other' is not offered by the session that x-relay-session names. Did you mean demo?"
    )


async def test_named_session_that_needs_a_person() -> None:
    office = Office()
    await office.ready()
    out = await office.ready(state="login_required")
    with pytest.raises(SessionNotAvailable, match="not signed in"):
        await asked(office, Wanted(account=out.id))


# --- the one that served before


async def test_calls_of_one_key_stay_on_one_session() -> None:
    office = Office()
    for _ in range(3):
        await office.ready()
    first: dict[str, Session] = {}
    async with AsyncExitStack() as running:
        for key in ("a", "b", "c"):
            await running.enter_async_context(office.backend.open(HI, Wanted(key=key)))
            first[key] = office.sent()[0]
    assert len(set(first.values())) == 3
    for _ in range(3):
        for key in ("c", "a", "b"):
            assert await asked(office, Wanted(key=key)) is first[key]


async def test_busy_home_is_waited_for() -> None:
    office = Office()
    await office.ready()
    await office.ready()
    home = await asked(office, Wanted(key="a"))
    home.in_flight = home.limits.concurrency
    waiting = begun(office, Wanted(key="a"))
    await settle()
    assert not waiting.done()
    office.registry.release(home)
    assert await waiting is home


async def test_home_that_is_not_healthy_is_left() -> None:
    office = Office()
    await office.ready()
    await office.ready()
    home = await asked(office, Wanted(key="a"))
    home.renewed = True
    new = await asked(office, Wanted(key="a"))
    home.renewed = False
    assert new is not home
    assert await asked(office, Wanted(key="a")) is new


async def test_home_that_cannot_do_it_is_left() -> None:
    office = Office()
    plain = await office.ready(models=[{"id": "demo"}])
    home = await asked(office, Wanted(key="a"))
    able = await office.ready(models=[{"id": "more"}])
    assert home is plain
    assert await asked(office, Wanted(key="a"), request(model="more", tools=(Tool(name="look"),))) is able


async def test_calls_without_a_key_go_anywhere() -> None:
    office = Office()
    home, other = await office.ready(), await office.ready()
    assert await asked(office, Wanted(key="a")) is home
    home.in_flight = 1
    assert await asked(office, Wanted()) is other


async def test_who_was_not_heard_of_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_HOMES", 2)
    office = Office()
    session = await office.ready()
    homes = pool.Homes()
    for key in ("a", "b", "a", "c"):
        homes.settle(key, session)
    assert [homes.of(key) for key in ("a", "b", "c", None)] == [session.id, None, session.id, None]
