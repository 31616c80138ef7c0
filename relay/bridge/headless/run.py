"""One account's browser: started, watched, saved, and started again when it crashed."""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar

import structlog

from relay.bridge.headless import processes
from relay.bridge.headless.accounts import Account, Home
from relay.bridge.headless.restarts import Restarts
from relay.bridge.headless.seams import (
    Browser,
    BrowserLost,
    Engine,
    Lost,
    PageLost,
    Snapshot,
    Start,
    Tab,
    Watching,
)
from relay.bridge.screen import Screen
from relay.errors import AccountUnavailable, BrowserMissing

log = structlog.get_logger(__name__)

RunState: TypeAlias = Literal["starting", "running", "restarting", "failed", "stopped"]
WEIGH_SECONDS: Final = 10.0
SAVE_SECONDS: Final = 5.0
LAST_SAVE_SECONDS: Final = 1.5
OPEN_PAUSE_SECONDS: Final = 60.0
ROOM_BYTES: Final = 20 * 2**20
"""With less than that free, a browser cannot keep its profile."""
FOLLOW_SECONDS: Final = 0.1
Answer = TypeVar("Answer")


class AccountRun:
    """Keeps one account's page at work until it is cancelled, gives up, or a person closes its window.

    A page that waits for a person is at work too: nothing here looks at what the page says, so nothing hammers a site
    that asks for a captcha.
    """

    def __init__(
        self,
        account: Account,
        home: Home,
        engine: Engine,
        watching: Watching,
        start: Start | None = None,
    ) -> None:
        self.account = account
        self.start = start or Start()
        self._home = home
        self._engine = engine
        self._watching = watching
        endless = account.attach is not None  # a person may start that browser at any time
        self._restarts = Restarts(None if endless else watching.restarts, watching.restart_window)
        self._failures = _openings()
        self._state: RunState = "starting"
        self._since = time.time()
        self._detail = ""
        self._browser: Browser | None = None
        self._tab: Tab | None = None
        self._credential: str | None = None
        self._memory: int | None = None
        self._weighed = float("-inf")
        self._saved = time.monotonic()
        self._saved_calls = 0
        self._token = self.start.token

    @property
    def snapshot(self) -> Snapshot:
        """What there is to say now."""
        process = None if self._browser is None else self._browser.process
        return Snapshot(
            name=self.account.name,
            site=self.account.site,
            adapter=self.account.adapter,
            state=self._state,
            since=self._since,
            detail=self._detail,
            pid=None if process is None else process.pid,
            memory_bytes=self._memory if process is not None else None,
            restarts=self._restarts.total,
            headed=self.start.headed,
            credential=None if self._tab is None else self._tab.credential,
        )

    def screen(self) -> AbstractAsyncContextManager[Screen]:
        """Show the page to a person for the life of the block.

        Raises:
            AccountUnavailable: it is not running now.
        """
        if self._tab is None:
            raise AccountUnavailable(f"The browser of {self.account.name} is {self._state}. Try again later.")
        return self._tab.screen()

    async def run(self) -> None:
        """Work until cancelled; returns when it gives up or a person closes the window."""
        try:
            while True:
                try:
                    await self._live()
                except Lost as exc:
                    await self._pause(exc)
                except OSError as exc:
                    await self._pause(BrowserLost(f"The account's files cannot be written: {exc.strerror}."))
        except _WindowClosed as exc:
            self._become("stopped", str(exc))
        except _GaveUp as exc:
            self._become("failed", str(exc))
        except asyncio.CancelledError:
            self._become("stopped", "")
            raise
        except BrowserMissing as exc:
            self._become("failed", exc.message)
        except Exception:  # the outermost loop of one account: a bug in it must not end relay or other accounts
            log.exception("headless.failed", account=self.account.name)
            self._become("failed", "relay failed in an unexpected way; its log has more.")

    async def _live(self) -> None:
        """One life of the browser."""
        await self._end_orphan()
        browser = await self._engine.start(self.account, self._first_start())
        self._browser = browser
        self._home.keep_process(browser.process)
        try:
            await self._serve(browser)
        finally:
            self._tab = None
            await self._save(browser, LAST_SAVE_SECONDS)
            await browser.close()
            self._browser = None
            self._home.keep_process(None)

    async def _serve(self, browser: Browser) -> NoReturn:
        while True:
            try:
                tab = self._tab = await self._until_lost(browser.open(), browser.lost)
            except PageLost as exc:
                await self._wait_for_site(browser, exc)
                continue
            self._token = None
            self._failures = _openings()
            try:
                self._become("running", "")
                await self._watch(browser, tab)
            except PageLost as exc:
                await asyncio.wait({browser.lost}, timeout=FOLLOW_SECONDS)
                if browser.lost.done():  # a browser that crashes takes its page along first: that is one crash
                    raise BrowserLost(browser.lost.result()) from exc
                await self._pause(exc)
            finally:
                self._tab = None
                await tab.close()

    async def _watch(self, browser: Browser, tab: Tab) -> NoReturn:
        while True:
            lost = (browser.lost, tab.lost)
            await asyncio.wait(lost, timeout=self._watching.beat, return_when=asyncio.FIRST_COMPLETED)
            if not any(end.done() for end in lost) and not self.start.headed:
                with suppress(_Overtaken):
                    await self._until_lost(self._check(browser, tab), *lost)
            if browser.lost.done():
                raise BrowserLost(browser.lost.result())
            if tab.lost.done():
                raise PageLost(tab.lost.result())
            if tab.refusal is not None:
                raise _GaveUp(tab.refusal)
            self._note_credential(tab)
            await self._weigh(browser)
            await self._save_if_due(browser, tab)

    @staticmethod
    async def _check(browser: Browser, tab: Tab) -> None:
        await browser.check()
        await tab.check()

    @staticmethod
    async def _until_lost(work: Coroutine[Any, Any, Answer], *lost: asyncio.Future[str]) -> Answer:
        """Do `work` unless the browser is gone before: what is asked of one that is gone may never be answered."""
        task = asyncio.create_task(work)
        try:
            ends: set[asyncio.Future[Any]] = {task, *lost}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise _Overtaken(next(end.result() for end in lost if end.done()))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _wait_for_site(self, browser: Browser, lost: PageLost) -> None:
        """Try later, for as long as it takes: a network that is away is no crash."""
        if self.start.headed:
            raise _WindowClosed(str(lost))
        pause = self._failures.crashed(time.monotonic()) or OPEN_PAUSE_SECONDS
        what = self._with_cause(lost)
        log.warning("headless.not_opened", account=self.account.name, what=what, pause=pause)
        self._become("restarting", what)
        await asyncio.wait({browser.lost}, timeout=pause)

    async def _pause(self, lost: Lost) -> None:
        what = self._with_cause(lost)
        if self.start.headed:
            raise _WindowClosed(what)
        pause = self._restarts.crashed(time.monotonic())
        log.warning("headless.lost", account=self.account.name, what=what, pause=pause)
        if pause is None:
            raise _GaveUp(f"{what} That was too often; look at it, then: relay headless restart {self.account.name}")
        self._become("restarting", what)
        await asyncio.sleep(pause)

    def _with_cause(self, lost: Lost) -> str:
        """Name a full disk: a browser that cannot write its profile ends without a word of it."""
        try:
            free = shutil.disk_usage(self._home.path).free
        except OSError:
            return str(lost)
        if free >= ROOM_BYTES:
            return str(lost)
        return f"The disk of {self._home.path} is full: make room there. ({lost})"

    async def _end_orphan(self) -> None:
        """End the browser that an earlier relay left behind, if it certainly is that one."""
        left = self._home.process
        if left is not None and await asyncio.to_thread(processes.end, left):
            log.warning("headless.orphan_ended", account=self.account.name, pid=left.pid)
        self._home.keep_process(None)

    def _note_credential(self, tab: Tab) -> None:
        """Write down which credential goes with the account when that is removed, also without its browser."""
        if tab.credential is None or tab.credential == self._credential:
            return
        self._credential = tab.credential
        try:
            self._home.keep_credential(tab.credential)
        except OSError as exc:
            log.warning("headless.not_saved", account=self.account.name, error=str(exc))

    async def _weigh(self, browser: Browser) -> None:
        now = time.monotonic()
        if browser.process is not None and now - self._weighed >= WEIGH_SECONDS:
            self._weighed = now
            self._memory = await asyncio.to_thread(processes.memory_of_group, browser.process.pid)

    async def _save_if_due(self, browser: Browser, tab: Tab) -> None:
        calls = 0 if tab.credential is None else self._watching.calls(tab.credential)
        self._saved_calls = min(self._saved_calls, calls)  # those of a session that has ended are not counted any more
        late = time.monotonic() - self._saved >= self._watching.save_seconds
        if late or calls - self._saved_calls >= self._watching.save_calls:
            self._saved_calls = calls
            await self._save(browser, SAVE_SECONDS)

    async def _save(self, browser: Browser, seconds: float) -> None:
        """Keep what the profile would lose: cookies that end with the browser, and what it has not written yet."""
        if browser.lost.done() or self.account.attach is not None:  # that login is the person's own
            return
        self._saved = time.monotonic()
        try:
            state = await self._until_lost(browser.export(seconds), browser.lost)
            await asyncio.to_thread(self._home.keep_state, state)
        except (Lost, OSError) as exc:
            log.warning("headless.not_saved", account=self.account.name, error=str(exc))

    def _first_start(self) -> Start:
        """How to start now: a login that was given is used once."""
        return Start(self.start.headed, self.start.display, self._token)

    def _become(self, state: RunState, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            self._state, self._detail, self._since = state, detail, time.time()
            log.info("headless.state", account=self.account.name, state=state, detail=detail)


def _openings() -> Restarts:
    """Pauses between tries to open a page."""
    return Restarts(None, math.inf, longest_pause=OPEN_PAUSE_SECONDS)


class _Overtaken(BrowserLost):
    """The browser or the page was gone before the work was done."""


class _WindowClosed(Exception):
    """A person was at it, and has closed it: that is no crash."""


class _GaveUp(Exception):
    """It crashed too often, or can never work."""
