"""The screen of an account, as its viewer sees it on the wire."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from support.links import settle

from relay.bridge.input import Mouse, Paste
from relay.bridge.screen import Frame
from relay.errors import AccountUnavailable, SessionLost
from relay.gateway.admins import Stay
from relay.web.access import TOKEN_HEADER
from relay.web.remote import CONTENT_TYPE, GONE, SIGNED_OUT, TAKEN, Viewings

from .conftest import ADMIN, ADMIN_HOST, COOKIE, Logged, Site
from .screens import FakeScreens

FRAME = Frame(b"\xff\xd8jpeg", 800, 600, "https://chat.example/", "Sign in")


def blocks(data: bytes) -> list[Any]:
    """Return heads and pictures of a row of blocks."""
    found: list[Any] = []
    while data:
        size = int.from_bytes(data[:4], "big")
        block, data = data[4 : 4 + size], data[4 + size :]
        pictured = bool(found) and isinstance(found[-1], dict) and found[-1].get("picture")
        found.append(block if pictured else json.loads(block))
    return found


class Viewer:
    """Somebody who looks at ``ada``."""

    def __init__(self, viewings: Viewings) -> None:
        self.allowed = True
        self.tellings: list[Callable[[], None]] = []
        self.stream = viewings.watch("ada", Stay(lambda: self.allowed, self._on_end))

    def _on_end(self, tell: Callable[[], None]) -> Callable[[], None]:
        self.tellings.append(tell)
        return lambda: self.tellings.remove(tell)

    def sign_out(self) -> None:
        self.allowed = False
        for tell in self.tellings:
            tell()

    async def next(self) -> Any:
        return blocks(await anext(self.stream))

    async def begin(self) -> str:
        ((head),) = await self.next()
        assert list(head) == ["viewing", "account"]
        viewing: str = head["viewing"]
        return viewing

    async def rest(self) -> list[Any]:
        return [block async for chunk in self.stream for block in blocks(chunk)]


@pytest.fixture
def screens() -> FakeScreens:
    return FakeScreens()


@pytest.fixture
def viewings(screens: FakeScreens) -> Viewings:
    return Viewings(screens)


async def test_pictures_and_silence(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    await viewer.begin()
    screens.open[0].shown.put_nowait(FRAME)
    screens.open[0].shown.put_nowait(None)
    head = {"picture": True, "width": 800, "height": 600, "url": "https://chat.example/", "title": "Sign in"}
    assert await viewer.next() == [head, FRAME.jpeg]
    assert await viewer.next() == [{}]
    screens.open[0].close()
    assert await viewer.rest() == [{"end": GONE}]
    assert screens.open == []


async def test_page_that_fails(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    await viewer.begin()
    screens.open[0].shown.put_nowait(SessionLost("It hangs."))
    assert await viewer.rest() == [{"end": "It hangs."}]


async def test_newest_viewer_takes_over(viewings: Viewings, screens: FakeScreens):
    one, other = Viewer(viewings), Viewer(viewings)
    first = await one.begin()
    second = await other.begin()
    assert await one.rest() == [{"end": TAKEN}]
    with pytest.raises(AccountUnavailable, match="elsewhere"):
        viewings.screen("ada", first)
    assert viewings.screen("ada", second) is screens.open[0]
    screens.open[0].close()
    assert await other.rest() == [{"end": GONE}]
    with pytest.raises(AccountUnavailable, match="closed"):
        viewings.screen("ada", second)


async def test_viewer_who_leaves_frees_the_screen(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    await viewer.begin()
    screens.open[0].shown.put_nowait(FRAME)
    await viewer.next()
    await viewer.stream.aclose()
    assert screens.open == []
    with pytest.raises(AccountUnavailable):
        viewings.screen("ada", "any")


async def test_viewer_who_leaves_at_once_frees_the_screen(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    viewing = await viewer.begin()
    await viewer.stream.aclose()
    assert (screens.open, viewer.tellings) == ([], [])
    with pytest.raises(AccountUnavailable, match="closed"):
        viewings.screen("ada", viewing)


async def test_viewer_who_signs_out_sees_no_more(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    await viewer.begin()
    screens.open[0].shown.put_nowait(FRAME)
    viewer.sign_out()
    assert await viewer.rest() == [{"end": SIGNED_OUT}]
    assert viewer.tellings == []


async def test_sign_out_ends_a_screen_on_which_nothing_happens(viewings: Viewings):
    viewer = Viewer(viewings)
    await viewer.begin()
    waiting = asyncio.create_task(viewer.rest())
    await settle()
    viewer.sign_out()
    assert await waiting == [{"end": SIGNED_OUT}]


async def test_session_that_grew_old_sees_no_more(viewings: Viewings, screens: FakeScreens):
    viewer = Viewer(viewings)
    await viewer.begin()
    viewer.allowed = False
    screens.open[0].shown.put_nowait(FRAME)
    assert await viewer.rest() == [{"end": SIGNED_OUT}]


async def test_over_http(site: Site, logged: Logged):
    session = site.signed_in()
    headers = {"Host": ADMIN_HOST, "Cookie": f"{COOKIE}={session.cookie}", TOKEN_HEADER: session.token}
    async with site.client.request("/api/accounts/ada/screen", headers=headers) as connection:
        await connection.send_complete()
        ((first),) = blocks(await connection.receive())
        (screen,) = site.screens.open
        screen.shown.put_nowait(FRAME)
        screen.selected = "copied words"
        assert blocks(await connection.receive())[1] == FRAME.jpeg

        events = [{"type": "mouse", "action": "move", "x": 1, "y": 2}, {"type": "paste", "text": "secret words"}]
        body = {"viewing": first["viewing"], "events": events}
        response = await site.from_admin_page("POST", "/api/accounts/ada/input", session, json=body)
        assert await response.get_json() == {"done": 2}
        assert screen.done == [Mouse(action="move", x=1, y=2), Paste(text="secret words")]
        response = await site.from_admin_page("POST", "/api/accounts/ada/copy", session, json=body)
        assert await response.get_json() == {"text": "copied words"}

        screen.failure = SessionLost("It hangs.")
        response = await site.from_admin_page("POST", "/api/accounts/ada/input", session, json=body)
        assert response.status_code == 503
        await site.from_admin_page("POST", "/api/admin/sign-out", session)
        assert blocks(await connection.receive()) == [{"end": SIGNED_OUT}]
    assert connection.headers is not None
    assert connection.headers["Content-Type"] == CONTENT_TYPE
    assert "words" not in str(logged())


@pytest.mark.parametrize("path", ["input", "copy"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"viewing": "old", "events": []}, 409),
        ({"events": []}, 400),
        ({"viewing": "x", "events": [{"type": "shell"}]}, 400),
        ({"viewing": "x", "events": [{"type": "paste", "text": ""}] * 257}, 413),
        ([], 400),
    ],
)
async def test_input_that_is_refused(site: Site, path: str, body: Any, status: int):
    site_body = json.dumps(body).encode()
    response = await site.ask(
        "POST", f"/api/accounts/ada/{path}", key=ADMIN, data=site_body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == status


async def test_program_with_the_token_sees_it_for_as_long_as_it_reads(site: Site):
    headers = {"Host": ADMIN_HOST, "Authorization": f"Bearer {ADMIN}"}
    async with site.client.request("/api/accounts/ada/screen", headers=headers) as connection:
        await connection.send_complete()
        await connection.receive()
        site.screens.open[0].shown.put_nowait(None)
        assert blocks(await connection.receive()) == [{}]
        site.screens.open[0].shown.put_nowait(FRAME)
        assert blocks(await connection.receive())[1] == FRAME.jpeg
        site.screens.open[0].close()
        assert blocks(await connection.receive()) == [{"end": GONE}]


async def test_unknown_account(site: Site):
    assert (await site.ask("GET", "/api/accounts/nobody/screen", key=ADMIN)).status_code == 404
