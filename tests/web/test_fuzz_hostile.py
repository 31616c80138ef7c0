"""Bodies that no client sends, on every route that a client key opens: told to be wrong in the route's own dialect."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quart import Response

from relay.dialects.base import Limits
from relay.errors import BackendThrottled, ModelNotFound

from ..gateway.fakes import FakeBackend
from .conftest import ANSWER, Make, Site
from .seeds import OTHERS, Route, bodies, check_error, client_routes

SECONDS = 5.0
"""More than any of these may take, also on a machine that does something else besides."""

ANSWERS = ("chat_completions.complete", "messages.create", "responses.create", "gemini.in_envelope")
READ_JSON = (*ANSWERS, "messages.count_tokens", "responses.input_tokens", "responses.compact")
DEEP = b"[" * 100_000
RAW: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "half of it": b'{"model": "m", "messages": [{"role": "us',
    "null": b"null",
    "a number": b"17",
    "a string": b'"messages"',
    "a list": b"[]",
    "an empty object": b"{}",
    "NaN": b'{"model": "m", "temperature": NaN}',
    "Infinity": b'{"model": "m", "top_p": -Infinity}',
    "no UTF-8": b'{"model": "\xff\xfe"}',
    "UTF-16": '{"model": "m"}'.encode("utf-16"),
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair": b'{"model": "\\ud83d", "input": "\\udc00", "messages": [], "contents": []}',
    "a zero byte": b'{"model": "m\\u0000", "input": "\\u0000"}\x00',
    "deep lists": DEEP,
    "deep lists that end": b'{"model": "m", "input": %b%b}' % (b"[" * 5000, b"]" * 5000),
    "deep objects": b'{"tools":' * 5000,
    "a number too large": b'{"model": "m", "max_tokens": 1%b}' % (b"0" * 5000),
    "an exponent too large": b'{"model": "m", "temperature": 1e999999}',
    "keys twice": b'{"model": "m", "model": 5, "messages": [], "messages": 7, "contents": [], "contents": {}}',
    "many keys": b"{%b}" % b",".join(b'"k%d":%d' % (number, number) for number in range(20_000)),
    "comments": b'{"model": "m" /* the best */}',
    "form": b"model=m&input=Hi",
}

NEVER = ("nothing", "no JSON", "half of it", "no UTF-8", "UTF-16", "deep lists", "deep lists that end", "NaN", "form")
"""What is right for no route."""
TYPES = ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\"'", "application/jsonp"]
HOSTILE_VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, "", " ", "\x00", "\ud800", "m" * 5000, "../..",
    "none", "NaN", "data:,", "file:///etc/passwd", "javascript:1", "http://[", [], [None], [[]], {}, {"": {}},
    {"text": 5}, {"type": None}, {"type": "text"}, {"type": "x:y"}, {"role": "wizard"}, {"type": ["text"]},
    [{"type": "tool_use"}], {"__class__": "x"},
]  # fmt: skip


@pytest.fixture
async def open_site(make_site: Make, backend: FakeBackend) -> Site:
    """A site that takes large bodies and whose backend says hello."""
    backend.script = [ANSWER]
    site: Site = await make_site(body_bytes=2**20, limits=Limits())
    site.media.script = [BackendThrottled("Not now.")]
    return site


async def sent(site: Site, route: Route, body: bytes, kind: str = "application/json") -> Response:
    """Send `body`, and demand an answer in time that is no crash and in the dialect of `route`."""
    begun = time.monotonic()
    headers = {"Content-Type": kind, "anthropic-version": "2023-06-01"}
    if "/models" in route.path and route.dialect == "openai_chat":
        del headers["anthropic-version"]
    async with asyncio.timeout(SECONDS):
        response = await site.ask(route.method, route.path, data=body, headers=headers)
        told = await response.get_data()
    assert time.monotonic() - begun < SECONDS
    assert response.status_code < 500, (str(route), body[:300], told)
    if response.status_code >= 400:
        check_error(route.dialect, response.status_code, json.loads(told))
    return response


async def test_hostile_bodies_on_every_route(open_site: Site):
    for route in client_routes(open_site.app):
        for name, body in RAW.items():
            response = await sent(open_site, route, body)
            if route.endpoint in READ_JSON and name in NEVER:
                assert response.status_code == 400, (str(route), name)


@pytest.mark.parametrize("kind", TYPES)
async def test_other_types_on_every_route(open_site: Site, kind: str):
    for route in client_routes(open_site.app):
        response = await sent(open_site, route, json.dumps(bodies(route)[0]).encode(), kind)
        if route.endpoint in READ_JSON:
            assert response.status_code == 415, str(route)


async def test_unknown_model_on_every_route(open_site: Site, backend: FakeBackend):
    backend.refusal = ModelNotFound("gone")
    for route in client_routes(open_site.app):
        response = await sent(open_site, route, json.dumps(bodies(route)[0]).encode())
        if route.endpoint in ANSWERS:
            assert response.status_code == 404, str(route)


async def test_no_key_on_every_route(open_site: Site):
    for route in client_routes(open_site.app):
        response = await open_site.ask(route.method, route.path, key=None)
        assert response.status_code == 401
        check_error(route.dialect, 401, json.loads(await response.get_data()))


async def test_wrong_method_on_every_route(open_site: Site):
    for route in client_routes(open_site.app):
        response = await open_site.ask("PATCH", route.path)
        assert response.status_code == 405, str(route)
        json.loads(await response.get_data())


async def test_good_bodies_are_answered(open_site: Site):
    for route in client_routes(open_site.app):
        for body in bodies(route) if route.endpoint in ANSWERS else ():
            response = await sent(open_site, route, json.dumps(body).encode())
            assert response.status_code == 200, (str(route), body, await response.get_data())


NAMES = ["a\nb", "a\r\nx-y: z", "ü😀", "x" * 5000, "a,b", "\x00", "x:\ny", "x:ü", "\ud800"]
NAMED: list[tuple[str, Any]] = [
    ("/v1/chat/completions", lambda name: {"messages": [{"role": "user", "content": "Hi"}], name: 1}),
    ("/v1/chat/completions", lambda name: {"messages": [{"role": "user", "content": "Hi"}], "model": name}),
    ("/v1/responses", lambda name: {"input": "Hi", "tools": [{"type": name}], "include": [name]}),
    ("/v1/responses", lambda name: {"input": [{"role": "user", "content": "Hi"}, {"type": name}]}),
    ("/v1/responses", lambda name: {"input": "Hi", "background": True, "tools": [{"type": name}]}),
    ("/v1/responses", lambda name: {"input": "Hi", "model": name}),
    ("/v1/messages", lambda name: {**ASKED, "tools": [{"type": name, "name": "x"}]}),
    ("/v1/messages", lambda name: {**ASKED, "messages": [{"role": "user", "content": [TEXT, {"type": name}]}]}),
    ("/v1/models/m:generateContent", lambda name: {"contents": [{"parts": [{"text": "Hi"}, {name: 1}]}]}),
    ("/v1/models/m:generateContent", lambda name: {"contents": [{"parts": [{"text": "Hi"}]}], "tools": [{name: {}}]}),
]
"""Where a client's own word may come into the answer."""
TEXT = {"type": "text", "text": "Hi"}
ASKED = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("name", NAMES)
async def test_words_of_clients_break_no_header(open_site: Site, name: str):
    for path, make in NAMED:
        response = await sent(open_site, Route("", "POST", path), json.dumps(make(name)).encode())
        for header, value in response.headers.items():
            assert f"{header}: {value}".isascii()
            assert f"{header}: {value}".isprintable()
            assert len(value) < 4000


# --- good bodies with something wrong in them


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all that is in `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(value: Any, path: tuple[str | int, ...], new: Any, action: str) -> Any:
    """Return `value` with `new` at `path`, or beside it, or with what is there doubled or gone."""
    if not path:
        return new
    key, *rest = path
    out = value.copy()
    if rest:
        out[key] = changed(value[key], tuple(rest), new, action)
    elif action == "gone":
        del out[key]
    elif action == "doubled" and isinstance(out, list):
        out.append(value[key])
    elif action == "beside" and isinstance(out, dict):
        out["beside"] = new
    else:
        out[key] = new
    return out


ROUTES = [
    Route("chat_completions.complete", "POST", "/v1/chat/completions"),
    Route("responses.create", "POST", "/v1/responses"),
    Route("messages.create", "POST", "/v1/messages"),
    Route("gemini.on_model", "POST", "/v1/models/m:generateContent"),
    Route("gemini.on_model", "POST", "/v1beta/models/m:streamGenerateContent"),
    *(Route("media", "POST", path) for path in OTHERS),
]
STEP = 30
"""Every how many of the values a place gets."""
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("route", ROUTES, ids=str)
@SETTINGS
@given(data=st.data())
async def test_mutated_bodies(open_site: Site, route: Route, data: st.DataObject):
    body = data.draw(st.sampled_from(bodies(route)), "body")
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        path = data.draw(st.sampled_from(places(body)), "path")
        new = data.draw(st.sampled_from(HOSTILE_VALUES), "value")
        body = changed(body, path, new, data.draw(st.sampled_from(["instead", "gone", "doubled", "beside"]), "action"))
    if data.draw(st.booleans(), "stream") and isinstance(body, dict):
        body = {**body, "stream": True}
    await sent(open_site, route, json.dumps(body).encode())


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_every_value_at_every_place(open_site: Site, route: Route):
    """All of them would take minutes; each place gets some, each value some places."""
    number = 0
    for body in bodies(route):
        for path in places(body):
            number += 1
            for value in HOSTILE_VALUES[number % STEP :: STEP]:
                await sent(open_site, route, json.dumps(changed(body, path, value, "instead")).encode())
