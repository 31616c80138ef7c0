from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from bridge.headless.driven import Context, Driven
from bridge.headless.pairings import Pairings, place
from playwright.async_api import Error

from relay.bridge.headless import driver
from relay.bridge.headless import engine as module
from relay.bridge.headless.accounts import ATTACHED, Account, Accounts
from relay.bridge.headless.attach import AttachedBrowser
from relay.bridge.headless.browser import Chromium
from relay.bridge.headless.engine import Browsers, PlaywrightEngine
from relay.bridge.headless.own_page import OwnPage
from relay.bridge.headless.seams import BrowserLost, Start
from relay.bridge.headless.site_page import SitePage
from relay.errors import BrowserMissing

OWN = Account(name="puter")
CHAT = Account(name="chat", adapter="chat", start="https://chat.example/")


class FakePlaywright:
    """A driver whose launches end as the test says."""

    def __init__(self, program: Path) -> None:
        self.chromium = self
        self.executable_path = str(program)
        self.launched: list[tuple[str, dict[str, Any]]] = []
        self.context = Context()
        self.failure: Error | None = None
        self.held: asyncio.Event | None = None
        self.connection = Driven()
        self.stopped = 0

    async def launch_persistent_context(self, profile: str, **options: Any) -> Context:
        self.launched.append((profile, options))
        if self.held is not None:
            await self.held.wait()
        if self.failure is not None:
            raise self.failure
        return self.context

    async def connect_over_cdp(self, address: str, **options: Any) -> Driven:
        self.launched.append((address, options))
        if self.failure is not None:
            raise self.failure
        return self.connection

    async def start(self) -> FakePlaywright:
        return self

    async def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def playwright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePlaywright:
    program = tmp_path / "chrome"
    program.touch(mode=0o755)
    driver = FakePlaywright(program)
    monkeypatch.setattr(module, "async_playwright", lambda: driver)
    return driver


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path / "headless")
    accounts.save(OWN)
    accounts.save(CHAT, b'{"id":"chat"}')
    return accounts


def make(accounts: Accounts, *, configured: Path | None = None, pairings: Pairings | None = None) -> PlaywrightEngine:
    modules = Path(__file__).resolve().parents[3] / "extension"
    return PlaywrightEngine(Browsers(configured, place(pairings or Pairings(), modules)), accounts)


async def test_headless_on_a_profile_of_its_own(
    playwright: FakePlaywright, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "AS_ROOT", False)
    lost = {"name": "a", "domain": "d", "path": "/", "expires": -1}
    accounts.home("puter").keep_state(json.dumps({"cookies": [lost]}).encode())
    assert playwright.context.browser is not None
    found = {"processInfo": [{"type": "renderer", "id": 1}, {"type": "browser", "id": os.getpid()}]}
    playwright.context.browser.session.answers["SystemInfo.getProcessInfo"] = found

    with structlog.testing.capture_logs() as logs:
        browser = await make(accounts).start(OWN, Start())

    (profile, options) = playwright.launched[0]
    assert profile == str(accounts.home("puter").profile)
    assert (options["headless"], options["chromium_sandbox"], options["proxy"]) == (True, True, None)
    assert options["viewport"] == {"width": 1280, "height": 800}
    assert not any("AutomationControlled" in switch for switch in options["args"])
    assert isinstance(browser, Chromium)
    assert isinstance(browser._visit, OwnPage)
    assert browser.process is not None
    assert browser.process.pid == os.getpid()
    assert playwright.context.jar == [lost]
    assert logs == []


async def test_root_has_no_sandbox_and_is_told(
    playwright: FakePlaywright, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "AS_ROOT", True)
    with structlog.testing.capture_logs() as logs:
        await make(accounts).start(OWN, Start())
    assert playwright.launched[0][1]["chromium_sandbox"] is False
    assert [entry["event"] for entry in logs] == ["headless.no_sandbox"]


async def test_window_for_a_person(playwright: FakePlaywright, accounts: Accounts):
    playwright.context.browser = None
    browser = await make(accounts).start(CHAT, Start(headed=True, display={"DISPLAY": ":7"}))
    options = playwright.launched[0][1]
    assert (options["headless"], options["no_viewport"], options["env"]["DISPLAY"]) == (False, True, ":7")
    assert playwright.context.emit("dialog", object()) == [None]
    assert isinstance(browser, Chromium)
    assert isinstance(browser._visit, SitePage)
    assert browser.process is None


@pytest.mark.parametrize(
    ("proxy", "more"),
    [
        ("http://me:x@proxy.example:8080", {"server": "http://proxy.example:8080", "username": "me", "password": "x"}),
        ("socks5://me@p:1", {"server": "socks5://p:1", "username": "me", "password": ""}),
        ("https://p:1", {"server": "https://p:1"}),
    ],
)
async def test_proxy_of_an_account(playwright: FakePlaywright, accounts: Accounts, proxy: str, more: dict[str, str]):
    await make(accounts).start(Account(name="puter", proxy=proxy), Start())
    bypass = {"bypass": "<-loopback>,localhost,127.0.0.1,[::1]"}
    assert playwright.launched[0][1]["proxy"] == bypass | more


async def test_browser_that_does_not_start(playwright: FakePlaywright, accounts: Accounts):
    engine = make(accounts)
    await engine.start(OWN, Start())
    playwright.failure = Error("Executable doesn't exist\nmore")
    with pytest.raises(BrowserLost, match=r"did not start: Executable doesn't exist$"):
        await engine.start(CHAT, Start())
    assert playwright.stopped == 0

    playwright.context.emit("close")
    with pytest.raises(BrowserLost):
        await engine.start(CHAT, Start())
    assert playwright.stopped == 1  # the driver may be what is broken
    await engine.close()
    assert playwright.stopped == 1


async def test_no_browser_at_all(playwright: FakePlaywright, accounts: Accounts):
    with pytest.raises(BrowserMissing):
        await make(accounts, configured=Path("/gone")).start(OWN, Start())


async def test_browser_that_dies_while_it_starts(playwright: FakePlaywright, accounts: Accounts):
    assert playwright.context.browser is not None
    playwright.context.browser.session.gone = True
    with pytest.raises(BrowserLost, match="went away while it started"):
        await make(accounts).start(OWN, Start())
    assert playwright.context.closed


async def test_start_that_nobody_waits_for_leaves_no_browser(playwright: FakePlaywright, accounts: Accounts):
    playwright.held = asyncio.Event()
    starting = asyncio.create_task(make(accounts).start(OWN, Start()))
    while not playwright.launched:
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.sleep(0)
    playwright.held.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert playwright.context.closed


async def test_start_that_nobody_waits_for_and_that_hangs(
    playwright: FakePlaywright, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.01)
    playwright.held = asyncio.Event()
    starting = asyncio.create_task(make(accounts).start(OWN, Start()))
    while not playwright.launched:
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not playwright.context.closed


async def test_attaching(playwright: FakePlaywright, accounts: Accounts):
    account = Account(name=ATTACHED, adapter="", attach="http://127.0.0.1:9222")
    with structlog.testing.capture_logs() as logs:
        browser = await make(accounts).start(account, Start())
    assert playwright.launched == [("http://127.0.0.1:9222", {"timeout": 10_000, "no_defaults": True})]
    assert isinstance(browser, AttachedBrowser)
    known = [site.description["id"] for site in browser._sites]
    assert (known[0], "relay-chat" in known) == ("chat", True)
    assert browser._carried.serves("https://chat.example") is False
    assert [entry["event"] for entry in logs] == ["headless.attach"]

    playwright.failure = Error("ECONNREFUSED")
    with pytest.raises(BrowserLost, match=r"no browser with a debugging port at http://127\.0\.0\.1:9222"):
        await make(accounts).start(account, Start())
    with pytest.raises(BrowserLost, match="could not be paired"):
        await make(accounts, pairings=Pairings(broken=True)).start(account, Start())


async def test_where_playwrights_own_browser_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Started:
        async def __aenter__(self) -> Any:
            return SimpleNamespace(chromium=SimpleNamespace(executable_path=str(tmp_path)))

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(driver, "async_playwright", Started)
    assert await driver.own_browser() == tmp_path
