from __future__ import annotations

import pytest
from bridge.headless.driven import Context, Page, Session
from playwright.async_api import Error

from relay.bridge.headless import page as module
from relay.bridge.headless.page import WatchedPage, reason
from relay.bridge.headless.seams import PageLost


@pytest.fixture
def context() -> Context:
    return Context()


async def watched(context: Context) -> WatchedPage:
    page = context.pages[0]
    return WatchedPage(page, await context.new_cdp_session(page))  # type: ignore[arg-type]


@pytest.mark.parametrize(("event", "how"), [("crash", "The page crashed."), ("close", "The page was closed.")])
async def test_loss_is_noticed_once(context: Context, event: str, how: str):
    tab = await watched(context)
    context.pages[0].emit(event)
    context.pages[0].emit("close")
    assert tab.lost.result() == how


async def test_sign_of_life(context: Context, monkeypatch: pytest.MonkeyPatch):
    tab = await watched(context)
    await tab.check()
    assert tab.credential is None

    context.sessions[0].gone = True
    with pytest.raises(PageLost, match="crashed or was closed"):
        await tab.check()

    context.sessions[0].gone, context.sessions[0].hung = False, True
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(PageLost, match=r"has not answered for 0\.01 s"):
        await tab.check()


async def test_close(context: Context):
    tab = await watched(context)
    page = context.pages[0]
    await tab.close()
    assert (page.closed, tab.lost.done()) == (True, True)


async def shown(context: Context) -> Page | None:
    return context.sessions[-1].page


async def test_screen_follows_the_newest_window(context: Context):
    tab = await watched(context)
    first = context.pages[0]
    async with tab.screen():
        assert await shown(context) is first

        popup = await context.new_page()
        for waiting in context.emit("page", popup):
            await waiting
        assert await shown(context) is popup

        context.pages.remove(popup)
        popup.closed = True
        for waiting in popup.emit("close", popup):
            await waiting
        assert await shown(context) is first

        context.pages.clear()
        for waiting in popup.emit("close", popup):
            await waiting
        first.emit("crash")
    assert [session.detached for session in context.sessions[1:]] == [True] * 3
    assert context.listeners["page"] == []


async def test_screen_begins_with_a_window_that_is_open_already(context: Context):
    tab = await watched(context)
    popup = await context.new_page()
    async with tab.screen():
        assert await shown(context) is popup
    assert all(isinstance(session, Session) for session in context.sessions)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (
            "Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://chat.example/?key=SECRET\nCall log",
            (
                "its certificate is not trusted here. Add its issuer to the certificates of this machine "
                "(net::ERR_CERT_AUTHORITY_INVALID)"
            ),
        ),
        (
            "net::ERR_INVALID_AUTH_CREDENTIALS at http://chat.example/",
            (
                "it asks for a name and a password before it shows a page, which relay cannot give. "
                "Use the extension in your own browser (net::ERR_INVALID_AUTH_CREDENTIALS)"
            ),
        ),
        ("net::ERR_FAILED at http://chat.example/", "net::ERR_FAILED"),
    ],
)
def test_why_a_page_did_not_open(message: str, why: str):
    assert reason(Error(message)) == why
