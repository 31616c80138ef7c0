from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from bridge.headless.fakes import FakeEngine
from support.links import settle

from relay.bridge.headless import processes
from relay.bridge.headless import run as module
from relay.bridge.headless.accounts import ATTACHED, Account, Accounts, Home
from relay.bridge.headless.processes import Process
from relay.bridge.headless.run import AccountRun
from relay.bridge.headless.seams import BrowserLost, Lost, PageLost, Start, Watching
from relay.errors import AccountUnavailable, BrowserMissing

ACCOUNT = Account(name="puter")
FAST = Watching(restarts=3, restart_window=600, save_seconds=1e9, beat=0.001)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    accounts = Accounts(tmp_path)
    accounts.save(ACCOUNT)
    return accounts.home("puter")


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


@asynccontextmanager
async def running(run: AccountRun) -> AsyncIterator[AccountRun]:
    task = asyncio.create_task(run.run())
    try:
        yield run
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_page_at_work(home: Home):
    engine = FakeEngine(process=Process(1, "never"))
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        assert (run.snapshot.state, run.snapshot.pid, run.snapshot.credential) == ("starting", None, None)
        await until(lambda: run.snapshot.state == "running")

        shown = run.snapshot
        assert (shown.name, shown.site, shown.adapter) == ("puter", "puter", "puter")
        assert (shown.pid, shown.credential, shown.restarts, shown.headed) == (1, "bridge_1", 0, False)
        assert home.process == Process(1, "never")
        async with run.screen() as screen:
            assert screen == "a screen"

    assert (run.snapshot.state, engine.browser.closed, engine.tab.closed) == ("stopped", True, True)
    assert (engine.browser.saved, home.state, home.process) == (1, b"{}", None)
    with pytest.raises(AccountUnavailable, match="The browser of puter is stopped"):
        run.screen()


async def test_credential_of_the_sessions_is_written_down(home: Home):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: home.credential == "bridge_1")
        engine.tab.known = None
        await until(lambda: run.snapshot.credential is None)
        engine.tab.known = "bridge_2"
        await until(lambda: home.credential == "bridge_2")


async def test_credential_that_cannot_be_written_down_is_no_end(home: Home):
    (home.path / "credential-id").mkdir()
    with structlog.testing.capture_logs() as logs:
        async with running(AccountRun(ACCOUNT, home, FakeEngine(), FAST)) as run:
            await until(lambda: any(entry["event"] == "headless.not_saved" for entry in logs))
            assert run.snapshot.state == "running"


async def test_crashed_page_is_opened_again_in_the_same_browser(home: Home):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.tab.lost.set_result("The page crashed.")
        await until(lambda: run.snapshot.state == "restarting")
        assert run.snapshot.detail == "The page crashed."
        await until(lambda: run.snapshot.state == "running")

        assert (len(engine.browsers), len(engine.browser.tabs), run.snapshot.restarts) == (1, 2, 1)
        assert engine.browser.tabs[0].closed


async def test_crashed_browser_is_started_again(home: Home):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.browser.lost.set_result("The browser crashed.")
        await until(lambda: len(engine.browsers) == 2 and run.snapshot.state == "running")

        assert (engine.browsers[0].closed, engine.browsers[0].saved) == (True, 0)


async def test_browser_that_takes_its_page_along_is_one_crash(home: Home):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.tab.lost.set_result("The page was closed.")
        await settle()
        engine.browser.lost.set_result("The browser crashed.")
        await until(lambda: len(engine.browsers) == 2 and run.snapshot.state == "running")
        assert run.snapshot.restarts == 1


@pytest.mark.parametrize("who", ["page", "browser"])
async def test_what_hangs_is_replaced(home: Home, who: str):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: run.snapshot.state == "running")
        if who == "page":
            engine.tab.hung = PageLost("The page hangs.")
        else:
            engine.browser.hung = BrowserLost("The browser hangs.")
        await until(lambda: run.snapshot.restarts == 1 and run.snapshot.state == "running")
        assert len(engine.browsers) == (1 if who == "page" else 2)


async def test_a_crash_is_noticed_though_a_check_hangs(home: Home):
    engine = FakeEngine()
    engine.checking.clear()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: run.snapshot.state == "running")
        await asyncio.sleep(0.01)
        engine.browser.lost.set_result("The browser crashed.")
        await until(lambda: run.snapshot.state == "restarting")


async def test_a_crash_is_noticed_though_the_page_is_being_opened(home: Home):
    never = asyncio.Event()
    engine = FakeEngine(open_failures=[never])
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: engine.browsers)
        await asyncio.sleep(0.01)
        engine.browser.lost.set_result("The browser crashed.")
        await until(lambda: run.snapshot.state == "running")
        assert len(engine.browsers) == 2


async def test_gives_up_after_too_many_crashes(home: Home):
    engine = FakeEngine(start_failures=[BrowserLost("It did not start.") for _ in range(4)])
    watching = Watching(restarts=1, beat=0.001)
    async with running(AccountRun(ACCOUNT, home, engine, watching)) as run:
        await until(lambda: run.snapshot.state == "failed")
    assert run.snapshot.detail == (
        "It did not start. That was too often; look at it, then: relay headless restart puter"
    )
    assert len(engine.starts) == 2


async def test_description_that_is_no_good_is_said_and_not_tried_again(home: Home):
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, Watching(beat=0.001))) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.browser.tabs[0].refusal = "The site description cannot be used: ways is missing"
        await until(lambda: run.snapshot.state == "failed")
    assert run.snapshot.detail == "The site description cannot be used: ways is missing"
    assert len(engine.starts) == 1


async def test_site_that_cannot_be_reached_is_tried_for_as_long_as_it_takes(home: Home):
    engine = FakeEngine(open_failures=[PageLost("No network.") for _ in range(3)])
    async with running(AccountRun(ACCOUNT, home, engine, Watching(restarts=1, beat=0.001))) as run:
        await until(lambda: run.snapshot.detail == "No network.")
        assert run.snapshot.state == "restarting"
        await until(lambda: run.snapshot.state == "running")
        assert (run.snapshot.restarts, len(engine.browsers)) == (0, 1)

    engine = FakeEngine(open_failures=[PageLost("No network.")])
    async with running(AccountRun(ACCOUNT, home, engine, FAST, Start(headed=True))) as run:
        await until(lambda: run.snapshot.state == "stopped")
        assert run.snapshot.detail == "No network."


async def test_no_browser_is_said_at_once(home: Home):
    engine = FakeEngine(start_failures=[BrowserMissing("There is none.")])
    run = AccountRun(ACCOUNT, home, engine, FAST)
    await run.run()
    assert (run.snapshot.state, run.snapshot.detail) == ("failed", "There is none.")


async def test_a_bug_ends_one_account_only(home: Home):
    run = AccountRun(ACCOUNT, home, FakeEngine(start_failures=[ValueError("bug")]), FAST)
    await run.run()
    assert (run.snapshot.state, run.snapshot.detail) == (
        "failed",
        "relay failed in an unexpected way; its log has more.",
    )


@pytest.mark.parametrize("who", ["page", "browser"])
async def test_closed_window_is_no_crash(home: Home, who: str):
    engine = FakeEngine()
    run = AccountRun(ACCOUNT, home, engine, FAST, Start(headed=True))
    async with running(run):
        await until(lambda: run.snapshot.state == "running")
        engine.browser.hung = BrowserLost("A person may keep it busy.")
        await asyncio.sleep(0.01)
        assert (run.snapshot.state, run.snapshot.headed) == ("running", True)
        (engine.tab if who == "page" else engine.browser).lost.set_result("It was closed.")
        await until(lambda: run.snapshot.state == "stopped")
    assert (run.snapshot.detail, len(engine.starts)) == ("It was closed.", 1)


async def test_a_login_is_used_until_it_was_and_not_again(home: Home):
    engine = FakeEngine(start_failures=[BrowserLost("Not yet.")])
    async with running(AccountRun(ACCOUNT, home, engine, FAST, Start(token="secret"))) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.browser.lost.set_result("The browser crashed.")
        await until(lambda: len(engine.starts) == 3)
    assert [start.token for start in engine.starts] == ["secret", "secret", None]


async def test_login_is_saved_after_calls_and_on_a_timer(home: Home):
    calls = {"bridge_1": 0}
    watching = Watching(save_seconds=1e9, save_calls=2, beat=0.001, calls=lambda credential: calls[credential])
    engine = FakeEngine()
    async with running(AccountRun(ACCOUNT, home, engine, watching)) as run:
        await until(lambda: run.snapshot.state == "running")
        for answered, saved in ((1, 0), (2, 1), (3, 1), (0, 1), (1, 1), (2, 2)):
            calls["bridge_1"] = answered
            await asyncio.sleep(0.02)
            assert engine.browser.saved == saved

    engine = FakeEngine(export_failure=Lost("Not now."))
    async with running(AccountRun(ACCOUNT, home, engine, Watching(save_seconds=0.001, beat=0.001))) as run:
        await until(lambda: run.snapshot.state == "running")
        engine.tab.known = None
        await until(lambda: engine.browser.saved > 3)
        assert run.snapshot.state == "running"


async def test_browser_left_behind_is_ended_only_if_it_certainly_is_that_one(home: Home):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as left:
        home.keep_process(Process(left.pid, "another time"))
        async with running(AccountRun(ACCOUNT, home, FakeEngine(), FAST)) as run:
            await until(lambda: run.snapshot.state == "running")
        assert left.poll() is None

        home.keep_process(processes.identify(left.pid))
        async with running(AccountRun(ACCOUNT, home, FakeEngine(), FAST)) as run:
            await until(lambda: run.snapshot.state == "running")
        assert left.wait() == -9


async def test_memory_is_told(home: Home):
    words = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has its memory now
        engine = FakeEngine(process=processes.identify(process.pid))
        async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
            await until(lambda: (run.snapshot.memory_bytes or 0) > 1_000_000)
        assert run.snapshot.memory_bytes is None
        process.kill()


async def test_an_attached_browser_is_waited_for_and_never_saved(home: Home):
    account = Account(name=ATTACHED, adapter="", attach="http://127.0.0.1:9222")
    engine = FakeEngine(start_failures=[BrowserLost("There is none.") for _ in range(2)])
    watching = Watching(restarts=1, save_seconds=0.001, beat=0.001)
    async with running(AccountRun(account, home, engine, watching)) as run:
        await until(lambda: run.snapshot.state == "running")
        await asyncio.sleep(0.02)
    assert (engine.browser.saved, run.snapshot.site) == (0, "http://127.0.0.1:9222")


async def test_full_disk_is_named(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    engine = FakeEngine(start_failures=[BrowserLost("Target page has been closed.")], open_failures=[PageLost("No.")])
    told: set[str] = set()
    async with running(AccountRun(ACCOUNT, home, engine, FAST)) as run:
        await until(lambda: told.add(run.snapshot.detail) or len(told) == 3)
    full = f"The disk of {home.path} is full: make room there."
    assert told == {"", f"{full} (Target page has been closed.)", f"{full} (No.)"}


async def test_files_that_cannot_be_written_are_no_bug(home: Home, monkeypatch: pytest.MonkeyPatch):
    (home.path / "process.json").mkdir()
    monkeypatch.setattr(module.shutil, "disk_usage", _no_disk)
    run = AccountRun(ACCOUNT, home, FakeEngine(), Watching(restarts=0, beat=0.001))
    await run.run()
    assert run.snapshot.state == "failed"
    assert run.snapshot.detail.startswith("The account's files cannot be written: ")


def _no_disk(_: object) -> None:
    raise OSError(2, "No such file or directory")
