"""A real Hypercorn as relay configures it, spoken to byte by byte.

Where relay works around Hypercorn, a second test shows Hypercorn without relay's cure: it fails when upstream changes,
and then the cure can be looked at again.
"""

import asyncio
import resource
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import pytest
from hypercorn.asyncio import serve
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import Handshake, WSStream
from quart import Quart, Response, request, websocket

from relay import hardening
from relay.listen import listen
from relay.serving import hypercorn_config
from relay.settings import Settings

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
)
PLAIN = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
FLOOD = b"x" * 2**16
SOON = 5.0


class Target:
    """A small application and what happened in it."""

    def __init__(self) -> None:
        self.port = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.sent = 0
        self.app = Quart("target")
        self.app.config["MAX_CONTENT_LENGTH"] = 2**16
        self.app.add_url_rule("/", "index", self.index, methods=["GET", "POST"])
        self.app.add_url_rule("/flood", "flood", self.flood)
        self.app.add_url_rule("/eager", "eager", self.eager)
        self.app.add_url_rule("/slow", "slow", self.slow)
        self.app.add_url_rule("/silent", "silent", self.silent)
        self.app.add_websocket("/echo", "echo", self.echo)

    async def index(self) -> str:
        return f"{len(await request.get_data())} bytes"

    async def flood(self) -> Response:
        return self._streamed(self._flood())

    async def eager(self) -> Response:
        return self._streamed(self._flood(patient=False))

    async def slow(self) -> Response:
        return self._streamed(self._slow())

    async def silent(self) -> str:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        return ""

    async def echo(self) -> None:
        self.begun.set()
        try:
            while True:
                await websocket.send(str(len(await websocket.receive())))
        finally:
            self.ended.set()

    @staticmethod
    def _streamed(body: Any) -> Response:
        response = Response(body)
        response.timeout = None
        return response

    async def _flood(self, *, patient: bool = True) -> AsyncIterator[bytes]:
        try:
            while True:
                self.sent += len(FLOOD)
                self.begun.set()
                yield FLOOD
                if patient:
                    await asyncio.sleep(0)
        finally:
            self.ended.set()

    async def _slow(self) -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0.1)
            yield b"tick "


@asynccontextmanager
async def serving(target: Target, **limits: Any) -> AsyncIterator[Target]:
    """Serve `target` as relay serves its own application."""
    listener = listen("127.0.0.1", 0, "port")
    target.port = listener.port
    stop = asyncio.Event()
    config: Config = hypercorn_config(Settings.model_validate(limits), listener)
    server = asyncio.ensure_future(serve(target.app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    try:
        yield target
    finally:
        stop.set()
        await asyncio.wait({server}, timeout=SOON)
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


@pytest.fixture
def unhardened() -> Iterator[None]:
    """Take relay's cure out again at the end, and begin without."""
    saved = H11Protocol._check_protocol, TCPServer.protocol_send
    saved_sockets = WSStream.handle, WSStream._handle_events, WSStream._send_pings, Handshake.__init__
    yield
    H11Protocol._check_protocol, TCPServer.protocol_send = saved  # type: ignore[method-assign]
    WSStream.handle, WSStream._handle_events, WSStream._send_pings, Handshake.__init__ = saved_sockets  # type: ignore[method-assign]


@pytest.fixture
async def target(unhardened: None) -> AsyncIterator[Target]:
    hardening.apply(0.3)
    async with serving(Target()) as target:
        yield target


async def spoken(target: Target, data: bytes, *, end: bool = False) -> bytes:
    """Send `data` and return everything that comes until the server closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    received = b""
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        async with asyncio.timeout(0.7):
            while piece := await reader.read(2**16):
                received += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def test_plain_request(target: Target):
    answer = await spoken(target, PLAIN)
    assert status(answer) == 200
    assert b"\r\nserver:" not in answer.lower()


async def test_upgrade_to_http2_is_ignored(target: Target):
    answer = await spoken(target, UPGRADE)
    assert status(answer) == 200
    assert answer.endswith(b"0 bytes")


async def test_http2_by_prior_knowledge_is_refused(target: Target):
    assert status(await spoken(target, PREFACE)) in (400, 404, 405, 505)


@pytest.mark.parametrize(("opening", "sign"), [(UPGRADE, b"101"), (PREFACE, b"\x00\x00")])
async def test_hypercorn_itself_still_speaks_cleartext_http2(unhardened: None, opening: bytes, sign: bytes):
    async with serving(Target()) as target:
        assert sign in (await spoken(target, opening))[:16]


def stubborn(port: int) -> socket.socket:
    """Ask for a flood and read nothing of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


async def test_client_that_never_reads_is_cut_and_others_go_on(target: Target):
    with stubborn(target.port):
        await asyncio.wait_for(target.begun.wait(), SOON)
        assert status(await spoken(target, PLAIN)) == 200
        await asyncio.wait_for(target.ended.wait(), SOON)
    assert target.sent < 16 * 2**20
    assert status(await spoken(target, PLAIN)) == 200


async def test_hypercorn_itself_still_waits_for_ever(unhardened: None):
    async with serving(Target()) as target:
        with stubborn(target.port):
            await asyncio.wait_for(target.begun.wait(), SOON)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(target.ended.wait(), 1.0)


async def test_client_that_reads_is_not_cut(target: Target):
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**20)
    writer.write(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received, begin = 0, time.monotonic()
    while time.monotonic() - begin < 0.6:
        received += len(await reader.read(2**20))
    assert received > 2**20
    assert not target.ended.is_set()
    writer.close()
    await asyncio.wait_for(target.ended.wait(), SOON)


async def test_stream_may_take_longer_than_the_response_timeout(target: Target):
    target.app.config["RESPONSE_TIMEOUT"] = 0.15
    assert (await spoken(target, PLAIN.replace(b"/ ", b"/slow ", 1), end=False)).count(b"tick") == 5


@pytest.mark.parametrize("path", [b"/silent", b"/flood", b"/eager"])
@pytest.mark.parametrize("abrupt", [False, True])
async def test_client_that_leaves_ends_the_handler(target: Target, path: bytes, abrupt: bool):
    _, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
    await asyncio.wait_for(target.begun.wait(), SOON)
    if abrupt:
        writer.transport.abort()
    else:
        writer.close()
    await asyncio.wait_for(target.ended.wait(), SOON)


async def test_client_that_only_stops_sending_counts_as_gone(target: Target):
    _, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(b"GET /silent HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.wait_for(target.begun.wait(), SOON)
    writer.write_eof()
    await asyncio.wait_for(target.ended.wait(), SOON)
    writer.close()


@pytest.mark.parametrize("opening", [b"", b"GET / HTTP/1.1\r\nHost: local", PLAIN])
async def test_idle_and_slow_connections_are_closed(unhardened: None, opening: bytes):
    hardening.apply(60.0)
    async with serving(Target(), server={"connection_idle_seconds": 0.2}) as target:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(opening)
        async with asyncio.timeout(SOON):
            await reader.read()
        writer.close()


async def test_head_may_be_as_large_as_allowed_and_no_larger(unhardened: None):
    hardening.apply(60.0)
    async with serving(Target(), limits={"header_bytes": 4096}) as target:
        fits = PLAIN.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 3000 + b"\r\n\r\n")
        assert status(await spoken(target, fits)) == 200
        assert status(await spoken(target, PLAIN[:-2] + b"X: " + b"x" * 9000)) in (400, 431)


async def test_body_over_the_limit(target: Target):
    def memory() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = memory()
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    answer = asyncio.ensure_future(reader.read(2**16))
    chunk = b"10000\r\n" + FLOOD + b"\r\n"
    try:
        for _ in range(1000):
            writer.write(chunk)
            await writer.drain()
            if answer.done():
                break
    except ConnectionError:
        pass
    assert status(await asyncio.wait_for(answer, SOON)) == 413
    writer.close()
    assert memory() - before < 32 * 1024


# --- WebSockets

SOCKET = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
SMALL = {"limits": {"body_bytes": 2**20}}


def frame(opcode: int, payload: bytes, *, last: bool = True) -> bytes:
    """A frame as clients send it, masked with zeros: https://www.rfc-editor.org/rfc/rfc6455#section-5.2."""
    return bytes([opcode | (0x80 if last else 0), 0xFF]) + struct.pack("!Q", len(payload)) + bytes(4) + payload


async def opened(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Return a WebSocket and the head of its handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(SOCKET)
    async with asyncio.timeout(SOON):
        head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head


async def endless(target: Target) -> int:
    """Send one message without an end until the server closes; return how much it took."""
    reader, writer, _ = await opened(target)
    closed = asyncio.ensure_future(reader.read())
    sent = 0
    try:
        writer.write(b"\x81\xff" + struct.pack("!Q", 2**40) + bytes(4))
        while not closed.done() and sent < 64 * 2**20:
            writer.write(FLOOD)
            sent += len(FLOOD)
            await writer.drain()
    except ConnectionError:
        pass
    closed.cancel()
    writer.close()
    return sent


@pytest.fixture
async def small(unhardened: None) -> AsyncIterator[Target]:
    hardening.apply(5.0)
    async with serving(Target(), **SMALL) as target:
        yield target


async def test_sockets_are_not_compressed(small: Target):
    _, writer, head = await opened(small)
    assert b"101" in head
    assert b"extensions" not in head.lower()
    writer.close()


async def test_hypercorn_itself_still_compresses(unhardened: None):
    async with serving(Target(), **SMALL) as target:
        _, writer, head = await opened(target)
        assert b"permessage-deflate" in head
        writer.close()


async def test_message_that_is_too_large_ends_the_socket(small: Target):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await endless(small) < 32 * 2**20
    await asyncio.wait_for(small.ended.wait(), SOON)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


async def test_hypercorn_itself_still_takes_what_is_too_large(unhardened: None):
    async with serving(Target(), **SMALL) as target:
        assert await endless(target) >= 64 * 2**20


@pytest.mark.parametrize(
    "bad",
    [
        frame(1, b"\xff\xfe"),
        frame(3, b"x"),
        frame(0, b"x"),
        frame(9, b"x" * 200),
        frame(0x41, b"x"),
        frame(8, b"\x00"),
        b"\x81\x01x",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_malformed_frames_end_the_socket(small: Target, bad: bytes):
    reader, writer, _ = await opened(small)
    writer.write(bad)
    async with asyncio.timeout(SOON):
        await reader.read()
    writer.close()
    await asyncio.wait_for(small.ended.wait(), SOON)
    assert status(await spoken(small, PLAIN)) == 200


HASTY = SOCKET + frame(1, b"early")
BROKEN = SOCKET.replace(b"Version: 13", b"Version: 12")


@pytest.mark.parametrize("opening", [HASTY, BROKEN])
async def test_refused_handshake_ends_the_connection(small: Target, opening: bytes):
    reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
    writer.write(opening)
    async with asyncio.timeout(SOON):
        assert status(await reader.read()) == 400
    writer.close()
    if opening is HASTY:
        await asyncio.wait_for(small.ended.wait(), SOON)


@pytest.mark.parametrize("opening", [HASTY, BROKEN])
async def test_hypercorn_itself_still_leaves_it_open(unhardened: None, opening: bytes):
    async with serving(Target()) as target:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(opening)
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.3)
        writer.close()


PINGERS = {"WSStream._send_pings", "_ping_while_open"}


async def closed(target: Target) -> set[str]:
    """Open a socket, close it, and return what still pings it."""
    reader, writer, _ = await opened(target)
    writer.write(frame(8, b"\x03\xe8"))
    async with asyncio.timeout(SOON):
        await reader.read()
    writer.close()
    await asyncio.wait_for(target.ended.wait(), SOON)
    for _ in range(50):
        await asyncio.sleep(0)
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()} & PINGERS


async def test_nothing_pings_a_socket_that_is_closed(small: Target):
    assert await closed(small) == set()


async def test_hypercorn_itself_still_waits_to_ping_it(unhardened: None):
    async with serving(Target(), **SMALL) as target:
        assert await closed(target) == {"WSStream._send_pings"}


async def test_frames_after_the_close_do_no_harm(small: Target):
    reader, writer, _ = await opened(small)
    writer.write(frame(8, b"\x03\xe8") + frame(1, b"late") * 100)
    async with asyncio.timeout(SOON):
        await reader.read()
    writer.close()
    assert status(await spoken(small, PLAIN)) == 200


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", {400}),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", {501}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
        (b"GET /\r\n\r\n", {400}),
    ],
)
async def test_malformed_requests(target: Target, head: bytes, expected: set[int]):
    assert status(await spoken(target, head)) in expected


def test_another_hypercorn_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hardening, "MEASURED_WITH", "0.17.3")
    with pytest.raises(RuntimeError, match=r"measured with hypercorn 0\.17\.3; install that version"):
        hardening.apply(60.0)


def test_measured_version_is_the_installed_one():
    assert version("hypercorn") == hardening.MEASURED_WITH
