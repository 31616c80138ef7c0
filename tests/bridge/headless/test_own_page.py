from __future__ import annotations

from typing import cast

import pytest
from bridge.headless.driven import Context
from bridge.headless.pairings import ORIGIN, Credential, Pairings, place
from playwright.async_api import Error

from relay.bridge.headless import own_page as module
from relay.bridge.headless.own_page import MARK, READY_FOR_LOGIN, SIGN_IN, OwnPage, OwnTab
from relay.bridge.headless.seams import PageLost
from relay.bridge.headless.windows import Windows


@pytest.fixture
def context() -> Context:
    return Context()


def own_page(context: Context, pairings: Pairings, token: str | None = None) -> OwnPage:
    return OwnPage(Windows(context, "work"), place(pairings), token)  # type: ignore[arg-type]


async def test_profile_that_is_not_paired_gets_a_code(context: Context):
    pairings = Pairings()
    start = context.pages[0]
    tab = cast("OwnTab", await own_page(context, pairings).open())

    assert (start.closed, len(context.pages)) == (True, 1)
    assert context.pages[0].visited == [f"{ORIGIN}/favicon.ico", f"{ORIGIN}/#code=CODE"]
    assert pairings.codes == [(ORIGIN, 60.0)]
    assert tab.credential is None

    context.pages[0].token = "rbr-x"
    pairings.known["rbr-x", ORIGIN] = Credential("bridge_7")
    await tab.check()
    assert tab.credential == "bridge_7"
    looks = len(context.pages[0].evaluated)
    await tab.check()
    assert len(context.pages[0].evaluated) == looks


async def test_profile_that_is_paired_needs_none(context: Context):
    context.token = "rbr-x"
    pairings = Pairings({("rbr-x", ORIGIN): Credential("bridge_7")})
    visit = own_page(context, pairings)
    tab = await visit.open()
    await visit.open()
    assert (tab.credential, pairings.codes) == ("bridge_7", [])
    assert context.pages[0].visited == [f"{ORIGIN}/favicon.ico", f"{ORIGIN}/"]
    assert context.scripts == [MARK % f'"{ORIGIN}"']


async def test_login_is_given_to_the_sites_function_once(context: Context):
    visit = own_page(context, Pairings(), "secret")
    await visit.open()
    assert context.pages[0].evaluated[1:] == [(READY_FOR_LOGIN, None), (SIGN_IN, "secret")]
    assert context.pages[0].reloads == 1
    await visit.open()
    assert context.pages[0].reloads == 0


async def test_what_keeps_the_page_from_opening(context: Context, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(PageLost, match="could not be paired: The database is away"):
        await own_page(context, Pairings(broken=True)).open()

    monkeypatch.setattr(module, "OPEN_SECONDS", 0.01)
    context.hung = True
    with pytest.raises(PageLost, match=r"did not open within 0\.01 s"):
        await own_page(context, Pairings()).open()

    context.broken = Error("Page.goto: net::ERR_FAILED at http://localhost:3000/#code=SECRET\nCall log: …")
    with pytest.raises(PageLost, match=r"did not open: net::ERR_FAILED$"):
        await own_page(context, Pairings()).open()


async def test_check_asks_again_what_it_could_not_learn(context: Context):
    pairings = Pairings()
    tab = await own_page(context, pairings).open()
    context.pages[0].token = "rbr-x"
    pairings.broken = True
    await tab.check()
    assert tab.credential is None
