"""The screen of a headless account in the admin page: pictures as one long answer, input as short requests.

The answer is a row of blocks, each after its length (four bytes, big-endian): a JSON head, then the JPEG that the head
announces with ``"picture": true``. One person looks at an account at a time; who opens its screen takes it over, and
only what comes with the name of the newest viewing is done in the page.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, g, jsonify

from relay.bridge.input import Input
from relay.bridge.screen import Frame, Screen
from relay.errors import AccountUnavailable, InvalidRequest, RelayError
from relay.gateway.admins import Stay
from relay.web.answering import chained
from relay.web.body import read_json

CONTENT_TYPE = "application/vnd.relay.screen"
TAKEN = "This screen is shown elsewhere now."
GONE = "The browser closed this page."
SIGNED_OUT = "You signed out."


class Screens(Protocol):
    """Whoever has the screens of accounts."""

    def screen(self, name: str) -> AbstractAsyncContextManager[Screen]:
        """Show the page of an account for the life of the block.

        Raises:
            AccountUnknown: there is none of this name.
            AccountUnavailable: its browser is not up.
        """


class _Batch(msgspec.Struct, frozen=True):
    """What a person did since the last time, in order."""

    viewing: Annotated[str, Meta(max_length=64)]
    events: Annotated[tuple[Input, ...], Meta(max_length=256)] = ()


_batch = msgspec.json.Decoder(_Batch)


@dataclass(slots=True)
class _Viewing:
    """Somebody looks at an account; ``end`` says why that ends, if not because the page is gone."""

    id: str
    screen: Screen
    end: str = GONE

    def stop(self, why: str) -> None:
        self.end = why
        self.screen.close()


class Viewings:
    """Who looks at which account now."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens
        self._open: dict[str, _Viewing] = {}

    async def watch(self, name: str, stay: Stay) -> AsyncGenerator[bytes, None]:
        """Yield blocks for as long as the page is there, nobody else opens it, and the viewer may `stay`.

        Raises:
            AccountUnknown: there is no account of this name.
            AccountUnavailable: its browser is not up.
        """
        async with self._screens.screen(name) as screen:
            viewing = self._begin(name, screen)
            forget = stay.on_end(partial(viewing.stop, SIGNED_OUT))
            try:
                yield _block({"viewing": viewing.id, "account": name})
                async with aclosing(screen.frames()) as frames:
                    async for frame in frames:
                        if not stay.lasts():
                            viewing.end = SIGNED_OUT
                            break
                        yield _blocks(frame)
            except RelayError as exc:
                viewing.end = exc.message
            finally:
                forget()
                if self._open[name] is viewing:
                    del self._open[name]
            yield _block({"end": viewing.end})

    def screen(self, name: str, viewing: str) -> Screen:
        """Return the screen of the account, if `viewing` is the newest one.

        Raises:
            AccountUnavailable: it is not.
        """
        newest = self._open.get(name)
        if newest is None or newest.id != viewing:
            raise AccountUnavailable(TAKEN if newest else GONE)
        return newest.screen

    def _begin(self, name: str, screen: Screen) -> _Viewing:
        before = self._open.get(name)
        if before is not None:
            before.stop(TAKEN)
        viewing = self._open[name] = _Viewing(secrets.token_urlsafe(12), screen)
        return viewing


def blueprint(screens: Screens) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("remote", __name__)
    viewings = Viewings(screens)

    @routes.get("/api/accounts/<name>/screen")
    async def show_screen(name: str) -> Response:
        blocks = viewings.watch(name, g.stay)
        first = await anext(blocks)  # what goes wrong before it is a real HTTP status
        response = Response(chained(first, blocks), content_type=CONTENT_TYPE)
        response.timeout = None
        return response

    @routes.post("/api/accounts/<name>/input")
    async def take_input(name: str) -> Response:
        batch = _decoded(await read_json())
        screen = viewings.screen(name, batch.viewing)
        for event in batch.events:
            await screen.dispatch(event)
        return jsonify(done=len(batch.events))

    @routes.post("/api/accounts/<name>/copy")
    async def copy(name: str) -> Response:
        screen = viewings.screen(name, _decoded(await read_json()).viewing)
        return jsonify(text=await screen.clipboard())

    return routes


def _decoded(body: bytes) -> _Batch:
    try:
        return _batch.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidRequest("The body is not input for a screen.") from exc


def _blocks(frame: Frame | None) -> bytes:
    if frame is None:
        return _block({})
    head = {"picture": True, "width": frame.width, "height": frame.height, "url": frame.url, "title": frame.title}
    return _block(head) + _sized(frame.jpeg)


def _block(head: dict[str, Any]) -> bytes:
    return _sized(msgspec.json.encode(head))


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
