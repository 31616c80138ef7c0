from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from bridge.headless.driven import Context, Driven, Page
from playwright.async_api import Error

from relay.bridge.headless import attach as module
from relay.bridge.headless.attach import AttachedBrowser, AttachedTabs, Known
from relay.bridge.headless.carried import Carried
from relay.bridge.headless.seams import BrowserLost, Lost
from relay.errors import AccountUnavailable

CHAT = "https://chat.example/c/1"
SITES = (Known({"id": "chat"}, lambda url: url.startswith("https://chat.example/"), ("^https://chat\\.example$",)),)
CARRIED = Carried(
    bridge_url="ws://localhost:1/",
    version="1",
    description={},
    serves=lambda _: False,
    token="t",
    credential="bridge_1",
    agent="agent",
    program="program",
    origins=(),
)


def driven(*urls: str) -> tuple[Driven, Context]:
    context = Context()
    context.pages = [Page(context) for _ in urls]
    for page, url in zip(context.pages, urls, strict=True):
        page.url = url
    browser = Driven()
    browser.contexts = [context]
    return browser, context


def attached(browser: Driven) -> AttachedBrowser:
    return AttachedBrowser(browser, SITES, CARRIED)  # type: ignore[arg-type]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


def worked_on(context: Context) -> list[str]:
    """The addresses of the tabs that our scripts were put into."""
    return [
        session.page.url
        for session in context.sessions
        if session.page is not None and any("addScript" in method for method, _ in session.sent)
    ]


async def test_open_tabs_of_known_sites_are_used_and_left_as_they_are():
    browser, context = driven(CHAT, "https://news.example/")
    here = attached(browser)
    tabs = await here.open()
    assert (tabs.credential, here.process, worked_on(context)) == ("bridge_1", None, [CHAT])
    await here.check()
    await tabs.check()
    assert context.emit("dialog", object()) == [None]
    with pytest.raises(AccountUnavailable):
        tabs.screen()
    with pytest.raises(Lost):
        await here.export(1)

    await here.close()

    assert (browser.closed, context.closed) == (True, False)
    assert [page.closed for page in context.pages] == [False, False]
    assert [session.detached for session in context.sessions] == [True]
    assert context.listeners["page"] == []
    assert here.lost.done()


async def test_tabs_that_come_to_a_known_site_later():
    browser, context = driven("https://news.example/")
    here = attached(browser)
    tabs = await here.open()
    assert isinstance(tabs, AttachedTabs)
    (old,) = context.pages

    old.url = CHAT
    old.emit("framenavigated", SimpleNamespace(parent_frame=object(), page=old))
    old.emit("framenavigated", SimpleNamespace(parent_frame=None, page=old))
    old.emit("framenavigated", SimpleNamespace(parent_frame=None, page=old))
    await until(lambda: worked_on(context) == [CHAT])

    new = await context.new_page()
    new.url = f"{CHAT}/new"
    context.emit("page", new)
    await until(lambda: worked_on(context) == [CHAT, f"{CHAT}/new"])

    await new.close()
    again = await context.new_page()
    again.url = CHAT
    again.broken = Error("gone\nalready")
    context.emit("page", again)
    await until(lambda: not tabs._taking)
    assert worked_on(context) == [CHAT, f"{CHAT}/new"]
    context.emit("page", old)
    await here.close()


async def test_serves_what_its_site_covers():
    browser, context = driven(CHAT)
    tabs = AttachedTabs(SITES, CARRIED)
    await tabs.take(context)  # type: ignore[arg-type]
    (page,) = tabs._pages.values()
    assert page._carried.serves("https://chat.example")
    assert not page._carried.serves("https://news.example")
    sources = [params["source"] for _, params in context.sessions[0].sent if "source" in params]
    assert ["^https://chat" in source.partition(".some")[0] for source in sources] == [True, True]
    assert not browser.closed


async def test_browser_that_goes_away(monkeypatch: pytest.MonkeyPatch):
    browser, _ = driven(CHAT)
    here = attached(browser)
    browser.session.gone = True
    with pytest.raises(BrowserLost, match="its debugging port is gone"):
        await here.check()
    browser.session.gone, browser.session.hung = False, True
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    with pytest.raises(BrowserLost):
        await here.check()
    browser.emit("disconnected")
    browser.emit("disconnected")
    assert here.lost.done()
    await here.close()


async def test_browser_without_a_window():
    browser = Driven()
    with pytest.raises(BrowserLost, match="no window"):
        await attached(browser).open()


async def test_tabs_that_were_never_taken_are_closed_without_ado():
    await AttachedTabs(SITES, CARRIED).close()


def test_nothing_secret_is_shown() -> None:
    shown: Any = repr(CARRIED)
    assert "token" not in shown
