from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from support.bridge import HELLO
from support.harbour import PAGE_ORIGIN, SITE_ORIGIN, harbour, until
from websockets.exceptions import InvalidStatus

from relay.errors import StoreBusy

HTTP_OK, HTTP_BAD, HTTP_NO, HTTP_BUSY = (
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/1.1 400 Bad Request",
    "HTTP/1.1 403 Forbidden",
    "HTTP/1.1 503 Service Unavailable",
)
KIB_64 = 65_536


# ---------------------------------------------------------------- before the handshake is accepted


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", HTTP_OK),
        ("localhost:{port}", HTTP_OK),
        ("LOCALHOST:{port}", HTTP_OK),
        ("evil.example", HTTP_NO),
        ("evil.example:{port}", HTTP_NO),
        ("127.0.0.1.evil.example:{port}", HTTP_NO),
        ("localhost:{port}.evil.example", HTTP_NO),
        ("localhost.:{port}", HTTP_NO),
        ("localhost:{port}.", HTTP_NO),
        ("localhost", HTTP_NO),
        ("localhost:1", HTTP_NO),
        ("localhost:0{port}", HTTP_NO),
        ("evil@localhost:{port}", HTTP_NO),
        ("127.1:{port}", HTTP_NO),
        ("0.0.0.0:{port}", HTTP_NO),
        ("", HTTP_NO),
    ],
)
async def test_host_must_name_relay(host: str, status: str) -> None:
    async with harbour() as h:
        assert await h.handshake(f"Host: {host.format(port=h.port)}") == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (PAGE_ORIGIN, HTTP_OK),
        (SITE_ORIGIN, HTTP_OK),
        ("https://evil.example", HTTP_NO),
        ("null", HTTP_NO),
        ("", HTTP_NO),
        (PAGE_ORIGIN + ".", HTTP_NO),
        (PAGE_ORIGIN + "/", HTTP_NO),
        (PAGE_ORIGIN + "0", HTTP_NO),
        (PAGE_ORIGIN.upper(), HTTP_NO),
        ("https://localhost:3000", HTTP_NO),
        ("http://localhost", HTTP_NO),
        ("http://localhost.:3000", HTTP_NO),
        ("http://localhost:3000.evil.example", HTTP_NO),
        ("http://localhost:3000@evil.example", HTTP_NO),
        ("http://127.0.0.1:3000", HTTP_NO),
        (f"{PAGE_ORIGIN} {SITE_ORIGIN}", HTTP_NO),
        (f"{PAGE_ORIGIN}, https://evil.example", HTTP_NO),
    ],
)
async def test_origin_must_be_on_the_list(origin: str, status: str) -> None:
    async with harbour() as h:
        assert await h.handshake(f"Host: localhost:{h.port}", f"Origin: {origin}") == status


async def test_program_without_an_origin_may_say_hello() -> None:
    async with harbour() as h, h.page(origin=None) as page:
        assert (await page.hello(token="t-3"))["type"] == "welcome"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), HTTP_NO),
        (("Host: localhost:{port}", "Host: evil.example"), HTTP_BAD),
        (("Host: localhost:{port}", f"Origin: {PAGE_ORIGIN}", "Origin: https://evil.example"), HTTP_BAD),
    ],
)
async def test_host_and_origin_appear_once(headers: tuple[str, ...], status: str) -> None:
    async with harbour() as h:
        assert await h.handshake(*(header.format(port=h.port) for header in headers)) == status


async def test_compression_is_not_taken() -> None:
    async with harbour() as h, h.page(compression="deflate") as page:
        assert page.ws.response is not None
        assert "Sec-WebSocket-Extensions" not in page.ws.response.headers
        assert (page.ws.protocol.extensions, (await page.hello())["type"]) == ([], "welcome")


# ---------------------------------------------------------------- hello


async def test_code_becomes_a_token() -> None:
    async with harbour() as h:
        async with h.page() as page:
            first = await page.hello(code="code", token=None)
        async with h.page() as page:
            second = await page.hello(token=first["token"])

    session, again = first.pop("session"), second.pop("session")
    common = {
        "type": "welcome",
        "protocol": 1,
        "resumed": False,
        "heartbeat_ms": 10_000,
        "grace_ms": 30_000,
        "limits": {"frame_bytes": 8 * 2**20, "unacked_bytes": 4 * 2**20},
        "resume": [],
    }
    settings = {"base_url": "http://localhost:3000/v1", "model": "demo"}
    assert first == common | {"token": "t-code", "settings": settings | {"key": "k"}}
    assert second == common | {"settings": settings}
    assert session != again


@pytest.mark.parametrize(
    ("origin", "fields"),
    [
        (PAGE_ORIGIN, {"token": "wrong"}),
        (PAGE_ORIGIN, {"token": None}),
        (PAGE_ORIGIN, {"token": "t-2"}),
        (SITE_ORIGIN, {"token": "t0ken"}),
        (None, {"token": "t0ken"}),
        (PAGE_ORIGIN, {"token": "t-3"}),
        (SITE_ORIGIN, {"token": None, "code": "code"}),
        (PAGE_ORIGIN, {"token": None, "code": "used"}),
    ],
)
async def test_wrong_credential_is_not_answered(origin: str | None, fields: dict[str, Any]) -> None:
    async with harbour() as h, h.page(origin=origin) as page:
        await page.ws.send(json.dumps(HELLO | fields))

        assert await page.closed() == (4401, [])
        assert len(h.registry) == 0


async def test_code_works_once() -> None:
    async with harbour() as h, h.page() as first, h.page() as second:
        welcome = await first.hello(code="code", token=None)
        await second.ws.send(json.dumps(HELLO | {"code": "code", "token": None}))

        assert (welcome["type"], await second.closed()) == ("welcome", (4401, []))


async def test_no_hello_in_time() -> None:
    async with harbour(hello_seconds=0.01) as h, h.page() as page:
        assert await page.closed() == (4408, [])


async def test_no_handshake_in_time() -> None:
    async with harbour(hello_seconds=0.01) as h:
        reader, writer = await asyncio.open_connection("127.0.0.1", h.port)
        rest = await reader.read()
        writer.transport.abort()

    assert rest == b""


@pytest.mark.parametrize(
    "first",
    [
        b"\x00",
        json.dumps(HELLO).encode(),
        "",
        "hello",
        "[]",
        '{"type":"hello"}',
        '{"type":"pong","t":1}',
        '{"type":"wave"}',
    ],
)
async def test_first_frame_must_be_hello(first: str | bytes) -> None:
    async with harbour() as h, h.page() as page:
        await page.ws.send(first)

        assert await page.closed() == (4400, [])


async def test_unknown_version_is_told_which_are_known() -> None:
    async with harbour() as h, h.page() as page:
        bye = await page.hello(protocols=[2, 3])

        assert bye == {
            "type": "bye",
            "reason": "protocol_unsupported",
            "message": "This relay speaks bridge protocol 1: update it.",
        }
        assert await page.closed() == (4409, [])


async def test_page_that_leaves_before_hello_leaves_nothing() -> None:
    async with harbour(unauthenticated_links=1) as h:
        for _ in range(3):
            async with h.page() as page:
                page.break_socket()
            await until(lambda: h.server._connections == 0)
        async with h.page() as page:
            assert (await page.hello())["type"] == "welcome"


async def test_store_out_of_reach_asks_to_come_back() -> None:
    async with harbour() as h, h.page() as page:
        h.store.error = StoreBusy("locked")
        await page.ws.send(json.dumps(HELLO))

        assert await page.closed() == (1013, [])


async def test_bug_ends_one_connection(capsys: pytest.CaptureFixture[str]) -> None:
    async with harbour() as h, h.page() as page, h.page() as other:
        await other.hello()
        h.log.error = RuntimeError("bug")
        await page.ws.send(json.dumps(HELLO))
        closed = await page.closed()
        h.tick(10)

        assert closed == (1011, [])
        assert (await other.hear())["type"] == "ping"
    assert "bridge.connection_failed" in capsys.readouterr().out


# ---------------------------------------------------------------- bounds


def padded(size: int, frame: dict[str, Any]) -> str:
    """`frame` made exactly `size` bytes long."""
    short = json.dumps(frame | {"padding": ""})
    return json.dumps(frame | {"padding": "x" * (size - len(short))})


async def test_hello_may_be_64_kib() -> None:
    async with harbour() as h, h.page() as page:
        await page.ws.send(padded(KIB_64, HELLO))
        welcome = await page.hear()
    async with harbour() as h, h.page() as page:
        await page.ws.send(padded(KIB_64 + 1, HELLO))
        closed = await page.closed()

    assert (welcome["type"], closed) == ("welcome", (1009, []))


async def test_frame_after_hello_may_be_larger() -> None:
    async with harbour(frame_bytes=2 * KIB_64) as h, h.page() as page:
        await page.hello()
        await page.ws.send(padded(2 * KIB_64, {"type": "wave"}))
        h.tick(10)
        ping = await page.hear()
        await page.ws.send(padded(2 * KIB_64 + 1, {"type": "wave"}))

        assert (ping["type"], await page.closed()) == ("ping", (1009, []))


async def test_large_frame_may_come_in_fragments_and_no_further() -> None:
    async with harbour(frame_bytes=KIB_64) as h, h.page() as page:
        await page.hello()
        await page.ws.send("x" * 1000 for _ in range(100))

        assert (await page.closed())[0] == 1009


async def test_credential_has_a_bounded_number_of_links() -> None:
    async with harbour(links_per_credential=2) as h, AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(h.page()) for _ in range(3)]
        other = await stack.enter_async_context(h.page(origin=SITE_ORIGIN))
        answers = [(await page.hello())["type"] for page in pages[:2]]
        await pages[2].ws.send(json.dumps(HELLO))
        refused = await pages[2].closed()
        await pages[0].ws.close()
        await until(lambda: len(h.server._links) == 1)
        again = await stack.enter_async_context(h.page())

        assert (answers, refused) == (["welcome", "welcome"], (4429, []))
        assert (await other.hello(token="t-2"))["type"] == "welcome"
        assert (await again.hello())["type"] == "welcome"


async def test_strangers_are_bounded_and_do_not_lock_out_those_who_are_in() -> None:
    async with harbour(unauthenticated_links=2) as h, AsyncExitStack() as stack:
        inside = await stack.enter_async_context(h.page())
        await inside.hello()
        strangers = [await stack.enter_async_context(h.page()) for _ in range(2)]
        with pytest.raises(InvalidStatus) as refusal:
            await stack.enter_async_context(h.page())
        h.tick(10)

        assert refusal.value.response.status_code == 503
        assert (await inside.hear())["type"] == "ping"
        await strangers[0].hello()
        late = await stack.enter_async_context(h.page())
        assert (await late.hello())["type"] == "welcome"


async def test_all_at_once_do_not_get_past_the_bound() -> None:
    async with harbour(unauthenticated_links=3) as h:
        statuses = await asyncio.gather(*(h.handshake(f"Host: localhost:{h.port}") for _ in range(6)))

    assert statuses.count(HTTP_OK) <= 3
    assert set(statuses) <= {HTTP_OK, HTTP_BUSY}


async def test_flood_of_silent_connections_is_dropped() -> None:
    async with harbour(unauthenticated_links=1, hello_seconds=3600) as h:
        silent = [await asyncio.open_connection("127.0.0.1", h.port) for _ in range(4)]
        ends = [asyncio.ensure_future(reader.read()) for reader, _ in silent]
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await until(lambda: h.server._connections <= 2)
        for end in ends:
            end.cancel()
        for _, writer in silent:
            writer.transport.abort()

    assert len(done) >= 1


# ---------------------------------------------------------------- the end


async def test_goodbye_of_a_relay_that_stops() -> None:
    async with AsyncExitStack() as pages:
        async with harbour() as h:
            told = [await pages.enter_async_context(h.page()) for _ in range(5)]
            for page in told:
                await page.hello()
            stranger = await pages.enter_async_context(h.page())
        ends = [await page.closed() for page in told]

        bye = {
            "type": "bye",
            "reason": "restart",
            "message": "relay is stopping; it may be back in a moment.",
            "retry_after": 1.0,
        }
        assert ends == [(1012, [bye])] * 5
        assert (await stranger.closed())[0] == 1012


async def test_nobody_comes_in_after_the_goodbye() -> None:
    async with harbour() as h:
        h.server.say_goodbye()

        assert await h.handshake(f"Host: localhost:{h.port}") == HTTP_BUSY


async def test_revoked_credential_closes_its_sockets() -> None:
    async with harbour() as h, h.ready_page() as (page, session), h.page(origin=SITE_ORIGIN) as other:
        await other.hello(token="t-2")
        del h.store.tokens["t0ken"]
        async with asyncio.timeout(2):
            await h.server.drop_revoked()
            closed = await page.closed()
        h.tick(10)

        assert closed == (4401, [])
        assert session not in list(h.registry)
        assert (await other.hear())["type"] == "ping"


async def test_restarted_relay_knows_the_session() -> None:
    async with harbour() as h:
        async with h.page() as page:
            session = (await page.hello())["session"]
        known = h.log.known
    async with harbour() as h:
        h.log.known = known
        async with h.page() as page:
            welcome = await page.hello(session=session)

    assert (welcome["session"], welcome["resumed"], welcome["resume"]) == (session, True, [])
