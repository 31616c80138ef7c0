"""All accounts of this relay and their browsers: the one owner of the profiles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import structlog

from relay.bridge.headless.accounts import Account, Accounts
from relay.bridge.headless.run import AccountRun
from relay.bridge.headless.seams import Engine, Snapshot, Start, Watching
from relay.bridge.screen import Screen
from relay.errors import AccountUnavailable

log = structlog.get_logger(__name__)

STOP_SECONDS: Final = 4.5


class Supervisor:
    """Runs the browsers of accounts while its ``running`` block lasts.

    `make_engine` is called when the first browser is wanted: a relay without headless mode does not load what that
    takes.
    """

    def __init__(
        self,
        accounts: Accounts,
        make_engine: Callable[[Accounts], Engine],
        watching: Watching,
        extra: tuple[Account, ...] = (),
    ) -> None:
        self._accounts = accounts
        self._make_engine = make_engine
        self._watching = watching
        self._extra = extra
        self._engine: Engine | None = None
        self._runs: dict[str, AccountRun] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._changing = asyncio.Lock()
        self.starts_all = False
        """Whether the browsers of all accounts are started together with relay."""

    @asynccontextmanager
    async def running(self, *, start_all: bool) -> AsyncIterator[None]:
        """Run browsers for the life of the block, those of all accounts from the start if wanted; then end them."""
        async with asyncio.TaskGroup() as group:
            self._group, self.starts_all = group, start_all
            wanted = (*(self._accounts.list()[0] if start_all else ()), *self._extra)
            for account in wanted:
                self._start(account, Start())
            try:
                yield
            finally:
                self._group = None
                await self._stop_all()

    def accounts(self) -> tuple[Snapshot, ...]:
        """Return every account by name, those too whose browser does not run."""
        idle = {account.name: resting(account) for account in self._accounts.list()[0]}
        return tuple((idle | {name: run.snapshot for name, run in sorted(self._runs.items())}).values())

    def snapshot(self, name: str) -> Snapshot:
        """Return one account.

        Raises:
            AccountUnknown: there is none of this name.
        """
        run = self._runs.get(name)
        return resting(self._accounts.get(name)) if run is None else run.snapshot

    def account(self, name: str) -> AccountRun:
        """Return the running account.

        Raises:
            AccountUnknown: there is none of this name.
            AccountUnavailable: it is not running.
        """
        run = self._runs.get(name)
        if run is None:
            self._accounts.get(name)
            raise AccountUnavailable(
                f"The browser of {name} does not run. This starts it: relay headless restart {name}"
            )
        return run

    def screen(self, name: str) -> AbstractAsyncContextManager[Screen]:
        """Show the page of an account to a person for the life of the block.

        Raises:
            AccountUnknown: there is none of this name.
            AccountUnavailable: its browser is not up.
        """
        return self.account(name).screen()

    async def add(self, account: Account, description: bytes | None, start: Start) -> Snapshot:
        """Create the account, or change what it is, and start its browser anew.

        Raises:
            AccountRefused: it cannot be used, or one of this name is on another site.
            AccountUnavailable: relay is stopping.
        """
        async with self._changing:
            await asyncio.to_thread(self._accounts.save, account, description)
            return await self._restart(account, start)

    async def restart(self, name: str, start: Start) -> Snapshot:
        """Start the account's browser anew, also one that had given up.

        Raises:
            AccountUnknown: there is none of this name.
            AccountUnavailable: relay is stopping.
        """
        async with self._changing:
            run = self._runs.get(name)
            return await self._restart(self._accounts.get(name) if run is None else run.account, start)

    async def remove(self, name: str) -> str | None:
        """Stop the account's browser, delete the account with its login, and return the id of its credential, if any.

        Raises:
            AccountUnknown: there is none of this name.
        """
        async with self._changing:
            await self._stop(name)
            return await asyncio.to_thread(self._accounts.remove, name)

    async def _restart(self, account: Account, start: Start) -> Snapshot:
        await self._stop(account.name)
        return self._start(account, start)

    def _start(self, account: Account, start: Start) -> Snapshot:
        if self._group is None:
            raise AccountUnavailable("relay is not running browsers now: it is stopping, or has not begun.")
        if self._engine is None:
            self._engine = self._make_engine(self._accounts)
        home = self._accounts.home(account.name)
        run = AccountRun(account, home, self._engine, self._watching, start)
        self._runs[account.name] = run
        self._tasks[account.name] = self._group.create_task(run.run(), name=f"headless {account.name}")
        return run.snapshot

    async def _stop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=STOP_SECONDS)
            del self._runs[name]

    async def _stop_all(self) -> None:
        """End every browser at the same time."""
        began = time.monotonic()
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_SECONDS)
        if self._engine is not None:
            await self._engine.close()
        if self._tasks:
            log.info("headless.stopped", accounts=len(self._tasks), seconds=round(time.monotonic() - began, 2))


def resting(account: Account) -> Snapshot:
    """Return what there is to say of an account whose browser does not run."""
    return Snapshot(
        name=account.name,
        site=account.site,
        adapter=account.adapter,
        state="stopped",
        since=0.0,
        detail="",
        pid=None,
        memory_bytes=None,
        restarts=0,
        headed=False,
        credential=None,
    )
