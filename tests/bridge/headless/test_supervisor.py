from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bridge.headless.fakes import FakeEngine
from bridge.headless.test_run import FAST, until

from relay.bridge.headless.accounts import ATTACHED, Account, Accounts
from relay.bridge.headless.seams import Start
from relay.bridge.headless.supervisor import Supervisor
from relay.errors import AccountRefused, AccountUnavailable, AccountUnknown

ONE, TWO = Account(name="one"), Account(name="two")


class House:
    def __init__(self, root: Path, *extra: Account) -> None:
        self.accounts = Accounts(root)
        self.engines: list[FakeEngine] = []
        self.supervisor = Supervisor(self.accounts, self.engine_for, FAST, extra)

    def engine_for(self, accounts: Accounts) -> FakeEngine:
        assert accounts is self.accounts
        self.engines.append(FakeEngine())
        return self.engines[-1]

    @property
    def states(self) -> dict[str, str]:
        return {shown.name: shown.state for shown in self.supervisor.accounts()}

    @asynccontextmanager
    async def running(self, *, start_all: bool = True) -> AsyncIterator[Supervisor]:
        async with self.supervisor.running(start_all=start_all):
            yield self.supervisor


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.accounts.save(ONE)
    house.accounts.save(TWO)
    return house


async def test_all_accounts_run_and_are_ended_together(house: House):
    assert house.states == {"one": "stopped", "two": "stopped"}
    async with house.running():
        await until(lambda: house.states == {"one": "running", "two": "running"})
        assert len(house.engines) == 1
    assert [browser.closed for browser in house.engines[0].browsers] == [True, True]
    assert house.engines[0].closed


async def test_without_headless_mode_nothing_is_loaded(house: House):
    async with house.running(start_all=False):
        assert house.states == {"one": "stopped", "two": "stopped"}
    assert house.engines == []


async def test_an_attached_browser_is_used_whatever_else_runs(tmp_path: Path):
    house = House(tmp_path, Account(name=ATTACHED, adapter="", attach="http://localhost:9222"))
    async with house.running(start_all=False):
        await until(lambda: house.states == {"attached": "running"})


async def test_account_is_added_and_signed_in_again(house: House):
    async with house.running(start_all=False) as supervisor:
        shown = await supervisor.add(Account(name="three"), None, Start(headed=True))
        assert (shown.name, shown.state, shown.headed) == ("three", "starting", True)
        await until(lambda: house.states["three"] == "running")

        await supervisor.restart("three", Start())
        await until(lambda: house.states["three"] == "running")
        assert [browser.closed for browser in house.engines[0].browsers] == [True, False]
        assert supervisor.snapshot("three").headed is False
        assert supervisor.snapshot("one").state == "stopped"
        async with supervisor.screen("three") as screen:
            assert screen == "a screen"

        await supervisor.restart("one", Start())
        await until(lambda: house.states["one"] == "running")
        with pytest.raises(AccountRefused):
            await supervisor.add(Account(name="Not a name"), None, Start())


async def test_account_is_removed_with_its_files(house: House, tmp_path: Path):
    async with house.running() as supervisor:
        await until(lambda: house.accounts.home("one").credential and house.accounts.home("two").credential)
        assert await supervisor.remove("one") == "bridge_1"
        assert house.states == {"two": "running"}
        assert not (tmp_path / "one").exists()
        with pytest.raises(AccountUnknown):
            await supervisor.remove("one")
    assert await house.supervisor.remove("two") == "bridge_1"  # its browser does not run


async def test_account_that_never_worked_has_no_credential(house: House):
    assert await house.supervisor.remove("two") is None


async def test_unknown_and_resting_accounts(house: House):
    supervisor = house.supervisor
    with pytest.raises(AccountUnknown):
        supervisor.snapshot("nobody")
    with pytest.raises(AccountUnknown):
        supervisor.screen("nobody")
    with pytest.raises(AccountUnavailable, match="relay headless restart one"):
        supervisor.screen("one")
    with pytest.raises(AccountUnavailable, match="it is stopping"):
        await supervisor.restart("one", Start())
